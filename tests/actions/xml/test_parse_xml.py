"""XML/PARSE_XML: as xml2js reads it, and nothing that grows or reaches out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.actions.xml_text import read_xml, write_xml
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "XML/PARSE_XML"
GOLDEN = [
    case
    for line in (Path(__file__).parent / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    if "xml" in (case := json.loads(line))
]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["xml"][:40])
def test_it_reads_as_xml2js_does(bench: Workbench, case: dict[str, Any]) -> None:
    assert bench.run(NAME, {"xml": case["xml"]}) == {"object": case["object"]}


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param(f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>', id="a billion laughs"),
        pytest.param(
            f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><a>{"&x;" * 1000}</a>',
            id="a quadratic bomb",
        ),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', id="a file"
        ),
        pytest.param(
            '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://x.example/"> %p;]><a/>', id="a parameter"
        ),
        pytest.param('<!DOCTYPE a SYSTEM "http://x.example/e.dtd"><a>&y;</a>', id="another's DTD"),
        pytest.param("<!DOCTYPE a [<!ENTITY x '1'>]><a/>", id="one that is not even used"),
        pytest.param("<a>&undeclared;</a>", id="one that nobody declared"),
        pytest.param("<a>" * 300 + "</a>" * 300, id="too deep"),
        pytest.param(f"<a>{'<b/>' * 200_000}</a>", id="too many"),
        pytest.param(f"<a>{'x' * 1_000_001}</a>", id="too long"),
        pytest.param("", id="nothing"),
        pytest.param("text", id="no XML"),
        pytest.param("<a>", id="not closed"),
        pytest.param("<a><b></a>", id="closed by another"),
        pytest.param("<a/><b/>", id="two roots"),
        pytest.param('<a x="1" x="2"/>', id="an attribute twice"),
        pytest.param("<a>\x00</a>", id="a control character"),
    ],
)
def test_it_refuses(bench: Workbench, xml: str) -> None:
    with pytest.raises(InvalidActionParams) as caught:
        bench.run(NAME, {"xml": xml})
    assert caught.value.at == "/xml"
    assert len(caught.value.message) < 200


def test_an_external_dtd_is_not_fetched(bench: Workbench) -> None:
    xml = f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{bench.services.port}/e.dtd"><a>1</a>'

    assert bench.run(NAME, {"xml": xml}) == {"object": {"a": "1"}}
    assert bench.services.received == []


names = st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF), min_size=1, max_size=5)
elements = st.recursive(
    texts,
    lambda inner: st.dictionaries(
        names, inner | st.lists(inner, min_size=2, max_size=3), min_size=1
    ),
    max_leaves=6,
)


@given(names, elements)
def test_what_was_written_is_read_again(name: str, value: Any) -> None:
    assert read_xml(write_xml({name: value}, at=""), at="") == {name: value}
