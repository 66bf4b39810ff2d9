"""JSON/SERIALIZE_JSON: JSON.stringify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "JSON/SERIALIZE_JSON"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"name": "John Doe"}, '{"name":"John Doe"}'),
        ({}, "{}"),
        (
            {"b": 1, "a": [1.0, None, True], "é": "\u2028\n"},
            '{"b":1,"a":[1,null,true],"é":"\u2028\\n"}',
        ),
        ("{{fields.object}}", '{"n":5}'),
        ("text", '"text"'),
        ("n={{fields.object.n}}", '"n=5"'),
    ],
)
def test_it_writes_without_spaces(bench: Workbench, value: Any, text: str) -> None:
    context = bench.context(fields={"object": {"n": 5}})

    assert bench.run(NAME, {"object": value}, context) == {"json": text}


@pytest.mark.parametrize("value", [None, 5, [1], True])
def test_an_object_or_a_text(bench: Workbench, value: Any) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"object": value})
