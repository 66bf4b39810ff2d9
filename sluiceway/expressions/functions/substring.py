"""``functions.substring``: part of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_integer, to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "substring"]


def substring(value: Value = UNDEFINED, start: Value = UNDEFINED, end: Value = UNDEFINED) -> Value:
    """Return the text of *value* between two places, in either order, kept within the text.

    Null and undefined give undefined.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    text = to_text(value)
    length = utf16.length(text)
    first = int(min(max(to_integer(start), 0), length))
    last = length if isinstance(end, Undefined) else int(min(max(to_integer(end), 0), length))
    return utf16.cut(text, min(first, last), max(first, last))


FUNCTION = TemplateFunction(
    name="substring",
    call=substring,
    parameters=(
        Parameter("value", "text"),
        Parameter("start", "number"),
        Parameter("end", "number", optional=True),
    ),
    summary="Returns the part of a text between two places, in either order, never from the end.",
    examples=(
        Example("functions.substring('example', 3, 5)", "mp"),
        Example("functions.substring('example', 5, 3)", "mp"),
    ),
    source="https://tc39.es/ecma262/#sec-string.prototype.substring",
)
