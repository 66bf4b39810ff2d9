"""A check takes whatever it is given, and finds nothing wrong with what is documented."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluiceway.actions.base import ActionSpec
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.analysis.check import check_flow, check_sources
from sluiceway.analysis.facts import Facts, FormFacts, read_form
from sluiceway.analysis.findings import Severity
from sluiceway.analysis.sources import read_sources
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.message import Channel
from tests.pace import budget

CATALOGUE = InstalledActions()
ROOT = Path(__file__).parents[2]
KEYS = st.sampled_from(
    [
        *("id", "alias", "type", "action", "params", "actions", "name", "if", "then", "else"),
        *("operator", "operands", "connection_id", "user_id", "changes", "user_metadata", "vars"),
        *("custom_vars", "subject", "body", "message", "mask_output", "$sluiceway", "x/y~z"),
    ]
)
WORDS = st.sampled_from(
    [
        *("AUTH0", "FLOW", "HTTP", "BOOLEAN_CONDITION", "UPDATE_USER", "SEND_EMAIL", "STORE_VARS"),
        *("EQ", "AND", "a", "b", "", '"x"', "{{actions.a.b}}", "{{ actions['b'][0].c ?? x }}"),
        *("{{", "{% if", "{{fields.a | b}}", "{{functions.toupper(fields.a)}}", "\n{{x()}}\ud83d"),
        *("{{actions}}", "{{actions.a}}", "sk_live_abcdefghijklmnop", "ignore SLW201", "é😀"),
    ]
).map(lambda text: text.encode("utf-8", "ignore").decode())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
ACTIONS = st.recursive(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c"]),
            "type": st.sampled_from(["AUTH0", "FLOW", "OTP"]),
            "action": st.sampled_from(["UPDATE_USER", "SEND_EMAIL", "STORE_VARS", "VERIFY_CODE"]),
            "params": st.dictionaries(KEYS, JSON, max_size=4),
        }
    ),
    lambda inner: st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "d"]),
            "type": st.just("FLOW"),
            "action": st.just("BOOLEAN_CONDITION"),
            "params": st.fixed_dictionaries(
                {"if": JSON, "then": st.lists(inner, max_size=2), "else": st.lists(inner)}
            ),
        }
    ),
    max_leaves=5,
)
FACTS = Facts(
    form=FormFacts(fields={"a": False}),
    inputs=ExecutionInput(vars={"x": 1}),
    connections={},
    providers={Channel.EMAIL: False},
    rate_limit=(1.0, 1),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON | st.lists(ACTIONS, max_size=3), st.booleans())
def test_nothing_breaks_a_check(document: Any, with_facts: bool) -> None:  # noqa: FBT001 - drawn
    found = check_flow(document, CATALOGUE, facts=FACTS if with_facts else None)

    for finding in found:
        assert finding.message
        assert finding.hint
        assert json.dumps(finding.as_json())


@given(JSON)
def test_nothing_breaks_the_reading_of_forms(document: Any) -> None:
    read_form(document)


@pytest.mark.parametrize("spec", CATALOGUE.all(), ids=lambda spec: spec.name)
def test_the_example_of_every_action_has_the_right_shape(spec: ActionSpec[Any]) -> None:
    step = {"id": "a", "type": spec.type_, "action": spec.action, "params": dict(spec.example)}

    found = check_flow([step], CATALOGUE)

    about_shape = [f for f in found if f.code.startswith("SLW1") or f.code in {"SLW305", "SLW308"}]
    assert about_shape == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("flows")), ids=str)
def test_our_own_examples_have_no_errors_and_no_warnings(path: Path) -> None:
    for sources in read_sources(path):
        for checked in check_sources(sources, CATALOGUE):
            shown = [f for f in checked.findings if f.severity is not Severity.INFO]
            assert shown == []


def test_a_large_flow_is_checked_in_fifty_milliseconds() -> None:
    steps = [
        {
            "id": f"update_{number}",
            "type": "AUTH0",
            "action": "UPDATE_USER",
            "allow_failure": False,
            "mask_output": False,
            "params": {
                "connection_id": "c",
                "user_id": "{{context.user.user_id}}",
                "changes": {
                    "user_metadata": {
                        f"key_{key}": f"{{{{actions.update_{max(0, number - 1)}.status}}}}"
                        for key in range(4)
                    }
                },
            },
        }
        for number in range(1, 41)
    ]
    check_flow(steps, CATALOGUE)
    began = time.process_time()
    check_flow(steps, CATALOGUE)

    assert time.process_time() - began < budget(0.05)
