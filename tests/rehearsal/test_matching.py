"""Expected values: what is as expected, and how what is not is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.rehearsal.matching import compare, matches_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2, "d": 3}]}}),
        ("/^H.*o$/", "Hello"),
        ("/hello/i", "HELLO"),
        ({"$contains": "ell"}, "Hello"),
        ({"$contains": ["He", "lo"]}, "Hello"),
        ({"$contains": {"a": 1}}, [{"a": 2}, {"a": 1, "b": 1}]),
        ({"$not": "x"}, "y"),
        ({"a": {"$absent": True}}, {}),
        ({"a": {"$any": True}}, {"a": None}),
        ({"$exact": {"a": 1}}, {"a": 1}),
        ({"$type": "number"}, 1.5),
        ({"$length": 2}, [1, 2]),
        ({"$regex": "[0-9]{3}"}, "a 123"),
        ({"$one_of": [1, 2]}, 2),
        (1, 1.0),
    ],
)
def test_what_is_as_expected(expected: Any, found: Any) -> None:
    assert compare(expected, found) == []


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ({"a": 1}, {}, "/a: expected 1, found nothing"),
        ({"a": 1}, {"a": True}, "/a: expected 1, found true"),
        ([1, 2], [1], "expected 2 items, found 1: [1]"),
        ([{"a/b": 1}], [{"a/b": 2}], "/0/a~1b: expected 1, found 2"),
        ("/^x/", "y", 'expected "/^x/", found "y"'),
        ({"$contains": "x"}, "y", 'expected contains "x", found "y"'),
        ({"$exact": {"a": 1}}, {"a": 1, "b": 2}, 'expected exact {"a": 1}, found {"a": 1, "b": 2}'),
        ({"$type": "number"}, True, 'expected type "number", found true'),
        ({"a": {"$absent": True}}, {"a": None}, "/a: expected absent true, found null"),
        ({"$is": 1}, 1, "expected one of $contains"),
    ],
)
def test_what_is_not_is_told_with_its_place(expected: Any, found: Any, said: str) -> None:
    (difference,) = compare(expected, found)

    assert str(difference).startswith(said)


@given(JSON)
def test_a_value_is_as_itself(value: Any) -> None:
    assert compare(value, value) == [] or _has_pattern(value)
    assert compare({"$exact": value}, value) == []


def _has_pattern(value: Any) -> bool:
    return "/" in str(value)


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("https://a.example/*", "https://a.example/x/y?z", True),
        ("https://a.example/x", "https://a.example/xy", False),
        ("https://a.example/?a=[1]", "https://a.example/?a=[1]", True),
        ("https://a.example/?", "https://a.example/b", False),
        (r"/\/users\/\d+$/", "https://a.example/users/12", True),
    ],
)
def test_addresses(pattern: str, text: str, is_match: bool) -> None:  # noqa: FBT001 - a case
    assert matches_text(pattern, text) is is_match
