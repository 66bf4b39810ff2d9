"""``functions.slice``: part of a text or array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_integer, to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "slice_"]


def slice_(value: Value = UNDEFINED, start: Value = UNDEFINED, end: Value = UNDEFINED) -> Value:
    """Return *value* from *start* up to, not including, *end*; negative places count from the end.

    Null and undefined give undefined.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    if isinstance(value, list):
        first, last = _bounds(len(value), start, end)
        return value[first:last]
    text = to_text(value)
    first, last = _bounds(utf16.length(text), start, end)
    return utf16.cut(text, first, last)


def _bounds(length: int, start: Value, end: Value) -> tuple[int, int]:
    first = _from_either_end(length, to_integer(start))
    last = length if isinstance(end, Undefined) else _from_either_end(length, to_integer(end))
    return first, max(first, last)


def _from_either_end(length: int, place: float) -> int:
    return int(max(0, length + place) if place < 0 else min(place, length))


FUNCTION = TemplateFunction(
    name="slice",
    call=slice_,
    parameters=(
        Parameter("value", "array or text"),
        Parameter("start", "number"),
        Parameter("end", "number", optional=True),
    ),
    summary="Returns the part of a text or array from start up to end; negative: from the end.",
    examples=(
        Example("functions.slice('example', 3, 5)", "mp"),
        Example("functions.slice(['a', 'b', 'c'], -2)", ["b", "c"]),
    ),
    source="https://tc39.es/ecma262/#sec-string.prototype.slice",
)
