"""XML/SERIALIZE_XML: as xml2js writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "XML/SERIALIZE_XML"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
GOLDEN = [
    case
    for line in (Path(__file__).parent / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    if "written" in (case := json.loads(line))
]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: json.dumps(case["object"])[:40])
def test_it_writes_as_xml2js_does(bench: Workbench, case: dict[str, Any]) -> None:
    assert bench.run(NAME, {"object": case["object"]}) == {"xml": case["written"]}


@pytest.mark.parametrize(
    ("value", "xml"),
    [
        ('{"name": "John Doe"}', "<name>John Doe</name>"),
        ("{{fields.person}}", "<name>Ada</name>"),
        ("just text", "<root>just text</root>"),
        # xml2js loses these; a list needs an element around it.
        ({"a": [1, 2]}, "<root>\n  <a>1</a>\n  <a>2</a>\n</root>"),
    ],
)
def test_texts_and_lists(bench: Workbench, value: Any, xml: str) -> None:
    context = bench.context(fields={"person": {"name": "Ada"}})

    assert bench.run(NAME, {"object": value}, context) == {"xml": DECLARATION + xml}


@pytest.mark.parametrize(
    "value",
    [
        {"a b": 1},
        {"1": 2},
        {"<x>": 1},
        {"": 1},
        {"a": {"$": {"b c": 1}}},
        {"a": "\x00"},
        {"a": "\ud800"},
        {"a": [0] * 200_000},
        None,
        [1],
    ],
)
def test_what_xml_has_no_form_for_is_refused(bench: Workbench, value: Any) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"object": value})


def test_deep_objects_are_refused(bench: Workbench) -> None:
    value: Any = "x"
    for _ in range(150):
        value = {"a": value}
    assert bench.run(NAME, {"object": value})["xml"].count("<a>") == 150
    for _ in range(60):
        value = {"a": value}
    with pytest.raises(Exception, match="200"):
        bench.run(NAME, {"object": value})
