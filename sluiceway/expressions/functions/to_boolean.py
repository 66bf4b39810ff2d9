"""``functions.toBoolean``: JavaScript's ``Boolean``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import javascript
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "to_boolean"]


def to_boolean(value: Value = UNDEFINED) -> Value:
    """Return whether *value* is truthy: every text but the empty one is, also ``'false'``."""
    return javascript.to_boolean(value)


FUNCTION = TemplateFunction(
    name="toBoolean",
    call=to_boolean,
    parameters=(Parameter("value", "any"),),
    summary="Converts a value to true or false; 0, '', null and undefined are false.",
    examples=(Example("functions.toBoolean(1)", True), Example("functions.toBoolean(0)", False)),
    source="https://tc39.es/ecma262/#sec-toboolean",
)
