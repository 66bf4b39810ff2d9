"""``functions.length``: how long a text or array is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "length"]


def length(value: Value = UNDEFINED) -> Value:
    """Count the items of an array, the keys of an object, or the UTF-16 units of a text.

    Numbers and booleans count as their text; null and undefined give 0.
    """
    if value is None or isinstance(value, Undefined):
        return 0
    if isinstance(value, (list, dict)):
        return len(value)
    return utf16.length(to_text(value))


FUNCTION = TemplateFunction(
    name="length",
    call=length,
    parameters=(Parameter("value", "any"),),
    summary="Returns the length of a text, or the number of items of an array.",
    examples=(Example("functions.length('auth0')", 5), Example("functions.length(['a', 'b'])", 2)),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
)
