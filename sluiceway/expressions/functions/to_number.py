"""``functions.toNumber``: JavaScript's ``Number``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import javascript
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "to_number"]


def to_number(value: Value = UNDEFINED) -> Value:
    """Return the number in *value*, NaN if there is none (null in the resolved params)."""
    return javascript.to_number(value)


FUNCTION = TemplateFunction(
    name="toNumber",
    call=to_number,
    parameters=(Parameter("value", "any"),),
    summary="Converts a value to a number; what holds none becomes NaN, which is null in JSON.",
    examples=(
        Example("functions.toNumber('123')", 123),
        Example("functions.toNumber('12.50')", 12.5),
    ),
    source="https://tc39.es/ecma262/#sec-tonumber",
)
