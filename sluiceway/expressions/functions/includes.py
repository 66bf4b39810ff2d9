"""``functions.includes``: whether an array, object or text holds something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import first_same, to_text
from sluiceway.expressions.search import find_text, first_index
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "includes"]


def includes(
    collection: Value = UNDEFINED, item: Value = UNDEFINED, start: Value = UNDEFINED
) -> Value:
    """Return whether *item* is in *collection*, from place *start* on.

    In an array items are compared without conversion, NaN being equal to itself; in an object its
    values are; in anything else the text of *item* is looked for. Null and undefined hold nothing.
    """
    if collection is None or isinstance(collection, Undefined):
        return False
    if isinstance(collection, dict):
        collection = [*collection.values()]
    if isinstance(collection, list):
        first = first_index(len(collection), start)
        return first_same(collection, item, first, nan_is_itself=True) >= 0
    return find_text(to_text(collection), to_text(item), start) >= 0


FUNCTION = TemplateFunction(
    name="includes",
    call=includes,
    parameters=(
        Parameter("collection", "array or text"),
        Parameter("item", "any"),
        Parameter("fromIndex", "number", optional=True),
    ),
    summary="Returns whether an array includes a value, or a text another text.",
    examples=(
        Example("functions.includes(['auth0', 'identity', 'authentication'], 'identity')", True),
    ),
    source="https://tc39.es/ecma262/#sec-array.prototype.includes",
)
