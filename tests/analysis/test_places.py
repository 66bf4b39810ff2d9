"""Where findings stand in their files, and what --fix changes there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.actions.catalogue import InstalledActions
from sluiceway.analysis.check import check_flow, check_sources
from sluiceway.analysis.findings import Edit
from sluiceway.analysis.fixing import apply_edits
from sluiceway.analysis.positions import JsonPositions
from sluiceway.analysis.sources import parse_source
from sluiceway.analysis.view import unescape

CATALOGUE = InstalledActions()
TEXTS = st.text(max_size=8) | st.sampled_from(["a/b", "~", 'q"', "\n{{x}}", "\\", "😀", "[,]:{}"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def walk(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    yield pointer, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{pointer}/{index}")


@given(VALUES, st.sampled_from([None, 1, 2]), st.booleans())
def test_every_value_and_key_is_where_the_positions_say(
    value: Any,
    indent: int | None,
    ascii_: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    positions = JsonPositions(text)

    for pointer, item in walk(value):
        span = positions.value(pointer)
        assert span is not None
        assert json.loads(text[span.start : span.end]) == item
        if isinstance(item, str):
            for index in range(len(item)):
                line = item.count("\n", 0, index) + 1
                column = index - (item.rfind("\n", 0, index) + 1) + 1
                offset = positions.inside(pointer, line, column)
                assert offset is not None
                assert span.start < offset < span.end
        if pointer and not pointer.rpartition("/")[2].isdigit():
            key = positions.key(pointer)
            if key is not None:
                assert json.loads(text[key.start : key.end]) == unescape(pointer.rpartition("/")[2])


def test_a_place_inside_a_text_is_found_behind_escapes() -> None:
    text = '{\n  "a": "x\\n\\u00e9\\ud83d\\ude00{{ y }}"\n}'
    positions = JsonPositions(text)

    offset = positions.inside("/a", 2, 3)

    assert offset is not None
    assert text[offset:].startswith("{{ y }}")
    assert positions.place(offset) == (2, 30)


@given(VALUES, st.data())
def test_an_edit_changes_its_own_value_and_nothing_else(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, indent=2)
    pointer, _ = data.draw(st.sampled_from(list(walk(value))))

    changed, count = apply_edits(text, [Edit(pointer, "new")])

    assert count == 1
    after = json.loads(changed)
    expected: Any = "new"
    if pointer:
        expected = json.loads(text)
        *path, last = [unescape(part) for part in pointer.split("/")[1:]]
        here = expected
        for key in path:
            here = here[int(key) if isinstance(here, list) else key]
        here[int(last) if isinstance(here, list) else last] = "new"
    assert after == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": {}}', '{"a": {"k": true}}'),
        ('{"a": {"b": 1}}', '{"a": {"k": true, "b": 1}}'),
        ('{"a": {\n    "b": 1\n  }\n}', '{"a": {\n    "k": true,\n    "b": 1\n  }\n}'),
    ],
    ids=["empty", "on one line", "on lines of their own"],
)
def test_a_new_key_is_laid_out_as_its_object_is(before: str, after: str) -> None:
    assert apply_edits(before, [Edit("/a/k", value=True)]) == (after, 1)


FIXABLE = {
    "alias": ("{{ actions.get_the_user.status }}", "{{ actions.get_x1.status }}"),
    "alias in brackets": ("{{actions['Get the user'].status}}", "{{actions.get_x1.status}}"),
    "case of an id": ("{{actions.GET_X1.status}}", "{{actions.get_x1.status}}"),
    "case of a key": ("{{actions.get_x1.Status}}", "{{actions.get_x1.status}}"),
    "case of a function": ("{{functions.touppercase('a')}}", "{{functions.toUpperCase('a')}}"),
    "bare function": ("at {{ toTimestamp() }}", "at {{ functions.toTimestamp() }}"),
    "two in one text": (
        "{{ toTimestamp() }} {{ actions.GET_X1.status }} {{uuid()}}",
        "{{ functions.toTimestamp() }} {{ actions.get_x1.status }} {{functions.uuid()}}",
    ),
    "stray quotes": ('"a"', "a"),
    "a secret": ("{{vars.client_secret}}", "{{ functions.mask(vars.client_secret) }}"),
}


@pytest.mark.parametrize(("before", "after"), FIXABLE.values(), ids=list(FIXABLE))
def test_what_is_safe_to_mend_is_mended(before: str, after: str) -> None:
    def flow(text: str) -> list[dict[str, Any]]:
        get = {
            "id": "get_x1",
            "alias": "Get the user",
            "type": "AUTH0",
            "action": "GET_USER",
            "params": {"connection_id": "c", "user_id": "u"},
        }
        store = {"id": "s", "type": "FLOW", "action": "STORE_VARS", "params": {"vars": {"v": text}}}
        return [get, store]

    text = json.dumps(flow(before), indent=2)
    for _ in range(5):
        edits = [f.edit for f in check_flow(json.loads(text), CATALOGUE) if f.edit is not None]
        text, count = apply_edits(text, edits)
        if not count:
            break

    assert json.loads(text) == flow(after)


def test_findings_point_at_the_line_of_an_export() -> None:
    document = {
        "version": "4.0.0",
        "flows": {
            "#FLOW-1#": {
                "name": "f",
                "actions": [
                    {
                        "id": "s",
                        "type": "FLOW",
                        "action": "STORE_VARS",
                        "params": {"vars": {"v": "è {{ fields.a ?? actions.gone }}"}},
                    }
                ],
            }
        },
    }
    text = json.dumps(document, indent=2)
    (checked,) = check_sources(parse_source(text.encode(), "e.json", "e"), CATALOGUE)
    (finding,) = checked.findings

    assert finding.at == "/flows/#FLOW-1#/actions/0/params/vars/v"
    line = text.split("\n")[finding.line - 1]
    assert line[finding.column - 1 : finding.end_column - 1] == "actions.gone"
