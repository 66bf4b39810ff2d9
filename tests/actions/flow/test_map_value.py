"""FLOW/MAP_VALUE: a table of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "FLOW/MAP_VALUE"
CASES = {"gold": 10, "1": "one", "1.5": [1], "nothing": None}


@pytest.mark.parametrize(
    ("params", "result"),
    [
        ({"input": "gold", "cases": CASES}, 10),
        ({"input": 1, "cases": CASES}, "one"),
        ({"input": 1.0, "cases": CASES}, "one"),
        ({"input": 1.5, "cases": CASES}, [1]),
        ({"input": "nothing", "cases": CASES, "fallback": 7}, None),
        ({"input": "Gold", "cases": CASES, "fallback": {"a": 1}}, {"a": 1}),
        ({"input": "x", "cases": CASES}, None),
        ({"input": "x"}, None),
        ({"input": "x", "fallback": 0}, 0),
        ({"input": "{{fields.plan}}", "cases": {"free": "{{fields.n}}"}}, 5),
    ],
)
def test_the_inputs_text_is_looked_up(
    bench: Workbench, params: dict[str, Any], result: Any
) -> None:
    context = bench.context(fields={"plan": "free", "n": 5})

    assert bench.run(NAME, params, context) == {"result": result}


@pytest.mark.parametrize("value", [None, True, [], {}])
def test_the_input_is_a_text_or_a_number(bench: Workbench, value: Any) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"input": value})
