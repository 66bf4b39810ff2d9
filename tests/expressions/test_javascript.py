"""JavaScript's conversions, where a Python value has more to it than a JavaScript one."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import ExpressionEvaluationError
from sluiceway.expressions import utf16
from sluiceway.expressions.javascript import (
    array_index,
    first_same,
    is_same,
    json_number,
    json_text,
    member,
    number_text,
    shown_text,
    to_integer,
    to_json,
    to_number,
    to_text,
    to_uint32,
)
from sluiceway.expressions.values import UNDEFINED

HUGE = 10**400


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740992"),
        (-(2**64), "-18446744073709552000"),
        (10**21, "1e+21"),
        (HUGE, "Infinity"),
        (-HUGE, "-Infinity"),
        (1e20, "100000000000000000000"),
        (1.5e300, "1.5e+300"),
        (123456.789, "123456.789"),
        (-1e-7, "-1e-7"),
        (5e-324, "5e-324"),
        (-0.0, "0"),
    ],
)
def test_number_text(number: float, text: str) -> None:
    assert number_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back(number: float) -> None:
    assert float(number_text(number)) == number
    assert float(to_number(number_text(number))) == number


@pytest.mark.parametrize(
    ("number", "plain"), [(1.0, 1), (-0.0, -0.0), (0.0, 0), (1e20, 10**20), (1e21, 1e21), (7, 7)]
)
def test_json_number(number: float, plain: float) -> None:
    assert repr(json_number(number)) == repr(plain)


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (math.nan, 0),
        (math.inf, math.inf),
        (-1.9, -1),
        ("7.9", 7),
        (None, 0),
        (UNDEFINED, 0),
        (True, 1),
        ({}, 0),
        ([[3]], 3),
        (HUGE, math.inf),
    ],
)
def test_to_integer(value: Any, whole: float) -> None:
    assert to_integer(value) == whole


@pytest.mark.parametrize(("value", "wrapped"), [(-1, 2**32 - 1), (2**32 + 5, 5), (math.inf, 0)])
def test_to_uint32(value: Any, wrapped: int) -> None:
    assert to_uint32(value) == wrapped


def test_a_hexadecimal_text_may_be_beyond_all_numbers() -> None:
    assert to_number("0x" + "f" * 300) == math.inf
    assert to_number("0xff") == 255


def test_numbers_are_the_same_with_the_precision_of_a_double() -> None:
    assert is_same(2**53 + 1, 2**53)
    assert is_same(2**53 + 1, float(2**53))
    assert is_same(HUGE, math.inf)
    assert is_same(-HUGE, -math.inf)
    assert not is_same(math.nan, math.nan)
    assert is_same(math.nan, math.nan, nan_is_itself=True)
    assert is_same(0, -0.0)
    assert not is_same(1, True)
    assert not is_same(0, False)
    assert not is_same(1, "1")
    assert is_same("aé", utf16.join(["a", "é"]))
    assert not is_same(None, UNDEFINED)
    assert not is_same([], [])
    same: list[Any] = []
    assert is_same(same, same)


def test_first_same_starts_where_it_is_told() -> None:
    assert first_same(["a", "b", "a"], "a", 1, nan_is_itself=False) == 2
    assert first_same(["a"], "a", 1, nan_is_itself=False) == -1
    assert first_same([1, True], True, 0, nan_is_itself=False) == 1


def test_a_long_array_has_no_text() -> None:
    for convert in (to_text, shown_text):
        with pytest.raises(ExpressionEvaluationError, match="10,000 values"):
            convert([0] * 20_000)
        with pytest.raises(ExpressionEvaluationError, match="1,000,000 allowed"):
            convert(["x" * 500_000, "y" * 500_001])
    with pytest.raises(ExpressionEvaluationError, match="10,000 values"):
        to_text([[0] * 5_000, [0] * 6_000])


def test_shown_text_is_nothing_for_nothing() -> None:
    values: list[Any] = ["x", None, UNDEFINED, True, -0.0, [1, "é"], {}]

    assert [*map(shown_text, values)] == ["x", "", "", "true", "0", '[1,"é"]', "{}"]


def test_json_with_indent() -> None:
    value: Any = {"b": [1, []], "2": {}, "1": UNDEFINED, "a": UNDEFINED, "c": math.nan}

    assert json_text(value, indent="  ") == (
        '{\n  "2": {},\n  "b": [\n    1,\n    []\n  ],\n  "c": null\n}'
    )
    assert json_text(UNDEFINED) == "null"
    assert json_text([UNDEFINED, True, "é\u2028"]) == '[null,true,"é\u2028"]'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_text_reads_back(value: Any) -> None:
    assert json.loads(json_text(value)) == value
    assert to_json(value) == value


def test_to_json_leaves_out_what_json_lacks() -> None:
    value: Any = {"a": UNDEFINED, "b": [UNDEFINED, math.inf, -0.0, 1.0], "c": {"d": math.nan}}

    assert repr(to_json(value)) == "{'b': [None, None, 0, 1], 'c': {'d': None}}"
    assert to_json(UNDEFINED) is None


@pytest.mark.parametrize(
    ("key", "index"),
    [("0", 0), ("10", 10), ("01", None), ("-1", None), ("1.0", None), ("", None), ("٣", None)],
)
def test_array_index(key: str, index: int | None) -> None:
    assert array_index(key) == index
    assert array_index("4294967294") == 2**32 - 2
    assert array_index("4294967295") is None


def test_member_of_text_is_a_unit() -> None:
    assert member("a😀", "1") == "\ud83d"
    assert member("a😀", "length") == 3
    assert member("a", "1") is UNDEFINED
    assert member(5, "length") is UNDEFINED


UNITS = st.text(st.sampled_from("ab\u00e9\u4e2d\ud83d\ude00\U0001f600"), max_size=8).map(
    lambda text: utf16.join([text])
)


@given(UNITS, UNITS, st.integers(0, 20))
def test_finding_counts_units(text: str, pattern: str, start: int) -> None:
    units, wanted = utf16.split_units(text), utf16.split_units(pattern)
    start = min(start, len(units))
    places = [
        at
        for at in range(start, len(units) - len(wanted) + 1)
        if units[at : at + len(wanted)] == wanted
    ]

    assert utf16.find(text, pattern, start) == (places[0] if places else -1)


@given(UNITS, UNITS.filter(bool), st.integers(-1, 4))
def test_splitting_loses_nothing(text: str, pattern: str, most: int) -> None:
    pieces = utf16.split(text, pattern, most)

    assert utf16.join([pattern.join(pieces)]) == text
    assert most < 0 or len(pieces) <= most + 1
    assert most >= 0 or len(pieces) == utf16.count(text, pattern) + 1


@given(UNITS)
def test_units_join_to_the_text(text: str) -> None:
    units = utf16.split_units(text)

    assert utf16.join(units) == text
    assert len(units) == utf16.length(text)
    assert utf16.count(text, "") == len(units) + 1
    assert "".join(utf16.cut(text, i, i + 1) for i in range(len(units))) == "".join(units)
