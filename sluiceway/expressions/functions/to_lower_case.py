"""``functions.toLowerCase``: a text in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.limits import check_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "to_lower_case"]


def to_lower_case(value: Value = UNDEFINED) -> Value:
    """Return the text of *value* in lower case; null and undefined give undefined.

    By Unicode's rules, no language's own: a letter may become up to three (``ß`` and ``SS``).
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    text = to_text(value).lower()
    check_text(len(text))
    return text


FUNCTION = TemplateFunction(
    name="toLowerCase",
    call=to_lower_case,
    parameters=(Parameter("value", "text"),),
    summary="Converts a text to lower case.",
    examples=(Example("functions.toLowerCase('Ana@Travel0.COM')", "ana@travel0.com"),),
    source="https://tc39.es/ecma262/#sec-string.prototype.tolowercase",
)
