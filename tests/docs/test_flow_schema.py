"""The JSON Schema of flow files accepts what Sluiceway accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from sluiceway.actions.catalogue import InstalledActions
from tests.docs.conftest import ROOT

SCHEMA: Any = json.loads((ROOT / "docs" / "reference" / "flow.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
CORPUS = ROOT.parent / "shared" / "corpus"


def _action(**more: Any) -> dict[str, Any]:
    params = {"connection_id": "local", "user_id": "{{ fields.id }}"}
    return {"id": "a", "type": "AUTH0", "action": "GET_USER", "params": params, **more}


@pytest.mark.parametrize("spec", InstalledActions().all(), ids=lambda spec: spec.name)
def test_the_example_of_every_action_fits(spec: Any) -> None:
    action = {"id": "a", "type": spec.type_, "action": spec.action, "params": spec.example}

    assert [error.message for error in VALIDATOR.iter_errors([action])] == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("flows/*.json")), ids=str)
def test_the_examples_fit(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    if "actions" not in document:
        pytest.skip("fields, not a flow")

    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.shared
@pytest.mark.skipif(not CORPUS.exists(), reason="needs ../shared/corpus")
def test_real_flows_fit() -> None:
    misfits = {
        path.name: [
            error.message[:200]
            for error in VALIDATOR.iter_errors(json.loads(path.read_text("utf-8")))
        ]
        for path in sorted(CORPUS.glob("*.json"))
    }

    # Two were cut down by hand: marlo's stub, and Auth0's page that leaves the connection out.
    assert sum(1 for found in misfits.values() if found) <= 5, misfits


@pytest.mark.parametrize(
    "document",
    [
        [_action(extra=1)],
        [_action(params={"user_id": "x"})],
        [_action(action="GET_USR")],
        {"name": "x"},
        {"flows": {"#FLOW-1#": {"actions": []}}},
    ],
)
def test_what_is_wrong_does_not_fit(document: Any) -> None:
    assert not VALIDATOR.is_valid(document)


def test_an_expression_may_stand_for_any_value() -> None:
    delay = {
        "id": "wait",
        "type": "FLOW",
        "action": "DELAY_FLOW",
        "params": {"number": "{{ fields.n }}", "units": "{{ fields.u }}"},
    }

    assert VALIDATOR.is_valid([delay])
