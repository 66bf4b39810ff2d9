"""``functions.split``: the pieces of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text, to_uint32
from sluiceway.expressions.limits import check_items
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "split"]


def split(
    value: Value = UNDEFINED, separator: Value = UNDEFINED, limit: Value = UNDEFINED
) -> Value:
    """Return the pieces of *value* between the *separator*s, at most *limit* of them.

    Without a separator the whole text is the one piece; the empty one splits into UTF-16 units.
    Null and undefined give undefined.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    text = to_text(value)
    most = _MAX_LENGTH if isinstance(limit, Undefined) else to_uint32(limit)
    if most == 0:
        return []
    if isinstance(separator, Undefined):
        return [text]
    by = to_text(separator)
    if not by:
        check_items(utf16.length(text))
        return [*utf16.split_units(text)[:most]]
    check_items(utf16.count(text, by) + 1)
    return [*utf16.split(text, by)[:most]]


_MAX_LENGTH = 2**32 - 1


FUNCTION = TemplateFunction(
    name="split",
    call=split,
    parameters=(
        Parameter("value", "text"),
        Parameter("separator", "text"),
        Parameter("limit", "number", optional=True),
    ),
    summary="Returns the pieces of a text between the separators, as an array.",
    examples=(Example("functions.split('2021-04-30', '-')", ["2021", "04", "30"]),),
    source="https://tc39.es/ecma262/#sec-string.prototype.split",
)
