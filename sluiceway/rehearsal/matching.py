"""Whether a value is as expected, and where it is not.

Objects may have more keys than expected, lists must have as many items, everything else must be
equal. A text like ``/^Hi .*/`` is a regular expression. An object with one key that starts with
``$`` says more::

    {$contains: x}   a text with that part, a list with that item, an object with those members
    {$not: x}        anything but x
    {$any: true}     anything that is there
    {$absent: true}  nothing: the key is not there
    {$exact: x}      equal, no further keys
    {$type: string}  of that JSON type
    {$length: 3}     a text, list or object of that length
    {$regex: x}      a text that the regular expression is found in
    {$one_of: [x]}   any of these
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.json_text import escape_pointer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.models.json import JsonValue

__all__ = ["Difference", "compare", "matches_text"]

_REGEX: Final = re.compile(r"/(.+)/([ims]*)", re.DOTALL)
_SHORT: Final = 200


class _Missing:
    """A key that is not there."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = _Missing()


class Difference(msgspec.Struct, frozen=True):
    """Where a value is not as expected: a JSON Pointer, and both sides as text."""

    at: str
    expected: str
    found: str

    def __str__(self) -> str:
        where = f"{self.at}: " if self.at else ""
        return f"{where}expected {self.expected}, found {self.found}"


def compare(expected: JsonValue, found: JsonValue | _Missing, at: str = "") -> list[Difference]:
    """Return how *found* differs from *expected*; nothing where it is as expected."""
    if isinstance(expected, dict):
        operator = next(iter(expected), "") if len(expected) == 1 else ""
        if operator.startswith("$"):
            return _operate(operator, expected[operator], found, at)
        return _compare_objects(expected, found, at)
    if isinstance(expected, list):
        return _compare_lists(expected, found, at)
    if isinstance(expected, str) and isinstance(found, str):
        pattern = _REGEX.fullmatch(expected)
        if pattern is not None:
            return [] if _search(expected, found) else [_differs(expected, found, at)]
    return [] if _is_equal(expected, found) else [_differs(expected, found, at)]


def _compare_objects(
    expected: dict[str, JsonValue], found: JsonValue | _Missing, at: str
) -> list[Difference]:
    if not isinstance(found, dict):
        return [_differs(expected, found, at)]
    return [
        difference
        for key, value in expected.items()
        for difference in compare(value, found.get(key, MISSING), f"{at}/{escape_pointer(key)}")
    ]


def _compare_lists(
    expected: list[JsonValue], found: JsonValue | _Missing, at: str
) -> list[Difference]:
    if not isinstance(found, list):
        return [_differs(expected, found, at)]
    if len(expected) != len(found):
        count = f"{len(expected)} item{'' if len(expected) == 1 else 's'}"
        return [Difference(at, count, f"{len(found)}: {_text(found)}")]
    return [
        difference
        for index, (one, other) in enumerate(zip(expected, found, strict=True))
        for difference in compare(one, other, f"{at}/{index}")
    ]


def _operate(
    operator: str, operand: JsonValue, found: JsonValue | _Missing, at: str
) -> list[Difference]:
    check = _OPERATORS.get(operator)
    if check is None:
        known = ", ".join(_OPERATORS)
        return [Difference(at, f"one of {known}", f"the operator {operator!r}")]
    is_right = check(operand, found)
    wanted = f"{operator.removeprefix('$').replace('_', ' ')} {_text(operand)}"
    return [] if is_right else [Difference(at, wanted, _text(found))]


def _contains(operand: JsonValue, found: JsonValue | _Missing) -> bool:
    if isinstance(found, str):
        parts = operand if isinstance(operand, list) else [operand]
        return all(isinstance(part, str) and part in found for part in parts)
    if isinstance(found, list):
        return any(not compare(operand, item) for item in found)
    return isinstance(found, dict) and not compare(operand, found)


def _has_type(operand: JsonValue, found: JsonValue | _Missing) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
        "object": (dict,),
        "null": (type(None),),
    }
    wanted = kinds.get(str(operand), ())
    if isinstance(found, bool) and bool not in wanted:
        return False
    return isinstance(found, wanted)


def _has_length(operand: JsonValue, found: JsonValue | _Missing) -> bool:
    return isinstance(found, str | list | dict) and len(found) == operand


def _has_regex(operand: JsonValue, found: JsonValue | _Missing) -> bool:
    return isinstance(found, str) and re.search(str(operand), found) is not None


def _is_one_of(operand: JsonValue, found: JsonValue | _Missing) -> bool:
    return isinstance(operand, list) and any(not compare(one, found) for one in operand)


def _is_equal(one: JsonValue, other: JsonValue | _Missing) -> bool:
    """Deep equality in which true is not 1 and 1 is 1.0, as JSON has it."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_equal(one[key], other[key]) for key in one)
    return one == other


_OPERATORS: Final[dict[str, Callable[[JsonValue, JsonValue | _Missing], bool]]] = {
    "$contains": _contains,
    "$not": lambda operand, found: bool(compare(operand, found)),
    "$any": lambda _, found: not isinstance(found, _Missing),
    "$absent": lambda operand, found: isinstance(found, _Missing) is (operand is not False),
    "$exact": _is_equal,
    "$type": _has_type,
    "$length": _has_length,
    "$regex": _has_regex,
    "$one_of": _is_one_of,
}


def matches_text(pattern: str, text: str) -> bool:
    """Tell whether *text* is *pattern*: as it stands, with ``*`` for anything, or ``/regex/``."""
    if _REGEX.fullmatch(pattern):
        return _search(pattern, text)
    return pattern == text or ("*" in pattern and _glob(pattern).fullmatch(text) is not None)


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    # Only the star is special: addresses hold brackets and question marks of their own.
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _search(pattern: str, text: str) -> bool:
    found = _REGEX.fullmatch(pattern)
    if found is None:
        return False
    flags = re.RegexFlag(0)
    for letter in found[2]:
        flags |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[letter]
    return re.search(found[1], text, flags) is not None


def _differs(expected: JsonValue, found: JsonValue | _Missing, at: str) -> Difference:
    return Difference(at, _text(expected), _text(found))


def _text(value: JsonValue | _Missing) -> str:
    if isinstance(value, _Missing):
        return repr(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}… ({len(text)} characters)"
