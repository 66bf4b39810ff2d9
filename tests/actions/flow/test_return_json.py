"""FLOW/RETURN_JSON: the flow ends with a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "FLOW/RETURN_JSON"


@pytest.mark.parametrize(
    ("payload", "result"),
    [
        ({"a": "{{fields.n}}", "b": [True, None]}, {"a": 5, "b": [True, None]}),
        ("{{fields.object}}", {"x": 1}),
        ("n is {{fields.n}}", "n is 5"),
    ],
)
def test_the_payload_is_the_result(bench: Workbench, payload: Any, result: Any) -> None:
    context = bench.context(fields={"n": 5, "object": {"x": 1}})

    outcome = bench.outcome(NAME, {"payload": payload}, context)

    assert outcome.ends_flow
    assert outcome.result == outcome.output == result


@pytest.mark.parametrize("payload", [None, 5, [1], "{{fields.missing}}"])
def test_the_payload_is_an_object_or_a_text(bench: Workbench, payload: Any) -> None:
    with pytest.raises(InvalidActionParams):
        bench.outcome(NAME, {"payload": payload})
