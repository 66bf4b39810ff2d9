"""JSON/PARSE_JSON: any JSON, read strictly."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.actions.json.parse_json import ParseJson, run
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "JSON/PARSE_JSON"
NOBODY: Any = None
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"name": "John Doe"}', {"name": "John Doe"}),
        (" [1, 2.5, -3e2] ", [1, 2.5, -300.0]),
        ('"text"', "text"),
        ("null", None),
        ("false", False),
        ('{"a": "\\u00e9\\ud83d\\ude00"}', {"a": "é😀"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_it_reads_any_json(bench: Workbench, text: str, value: Any) -> None:
    assert bench.run(NAME, {"json": text}) == {"object": value}


@pytest.mark.parametrize(
    "text", ["", "   ", "{", "{'a': 1}", "[1,]", "NaN", "undefined", "[" * 100_000, "1 2", "\ud800"]
)
def test_what_is_no_json_fails_and_says_why(bench: Workbench, text: str) -> None:
    with pytest.raises(InvalidActionParams, match="expected JSON") as caught:
        bench.run(NAME, {"json": text})
    assert caught.value.at == "/json"


def test_an_undefined_text_is_refused_by_the_schema(bench: Workbench) -> None:
    with pytest.raises(InvalidActionParams, match="do not satisfy"):
        bench.run(NAME, {"json": "{{fields.missing}}"})


@given(json_values)
def test_it_reads_what_others_write(value: Any) -> None:
    outcome = asyncio.run(run(ParseJson(json=json.dumps(value)), NOBODY))

    assert outcome.output == {"object": value}
