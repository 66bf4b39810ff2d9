"""``functions.toString``: JavaScript's ``String``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "to_string"]


def to_string(value: Value = UNDEFINED) -> Value:
    """Return *value* as text: ``true``, ``1,2`` of an array, ``undefined``, ``[object Object]``."""
    return to_text(value)


FUNCTION = TemplateFunction(
    name="toString",
    call=to_string,
    parameters=(Parameter("value", "any"),),
    summary="Converts a value to a text.",
    examples=(
        Example("functions.toString(123)", "123"),
        Example("functions.toString(['a', 'b'])", "a,b"),
    ),
    source="https://tc39.es/ecma262/#sec-tostring",
)
