"""``functions.toArray``: wrap a value in an array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "to_array"]


def to_array(value: Value = UNDEFINED) -> Value:
    """Return *value* if it is an array, ``[value]`` otherwise; null and undefined give ``[]``.

    Source:
        Auth0's page shows ``toArray('abc')`` as ``['abc']``; null and undefined are our reading.
    """
    if isinstance(value, list):
        return value
    return [] if value is None or isinstance(value, Undefined) else [value]


FUNCTION = TemplateFunction(
    name="toArray",
    call=to_array,
    parameters=(Parameter("value", "any"),),
    summary="Converts a value to an array: an array stays, anything else becomes its only item.",
    examples=(
        Example("functions.toArray('abc')", ["abc"]),
        Example("functions.toArray(['a', 'b'])", ["a", "b"]),
    ),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
)
