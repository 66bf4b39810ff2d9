"""``functions.indexOf``: where an array or text holds something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import first_same, to_text
from sluiceway.expressions.search import find_text, first_index
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "index_of"]


def index_of(
    collection: Value = UNDEFINED, item: Value = UNDEFINED, start: Value = UNDEFINED
) -> Value:
    """Return the first place of *item* in *collection* from place *start* on, or -1.

    In an array items are compared with ``===``; in anything else but an object the text of *item*
    is looked for, places counted in UTF-16 units. Null, undefined and objects give -1.
    """
    if collection is None or isinstance(collection, (Undefined, dict)):
        return -1
    if isinstance(collection, list):
        first = first_index(len(collection), start)
        return first_same(collection, item, first, nan_is_itself=False)
    return find_text(to_text(collection), to_text(item), start)


FUNCTION = TemplateFunction(
    name="indexOf",
    call=index_of,
    parameters=(
        Parameter("collection", "array or text"),
        Parameter("item", "any"),
        Parameter("fromIndex", "number", optional=True),
    ),
    summary="Returns the first place of a value in an array or text, -1 if there is none.",
    examples=(
        Example("functions.indexOf(['auth0', 'identity', 'authentication'], 'identity')", 1),
    ),
    source="https://tc39.es/ecma262/#sec-array.prototype.indexof",
)
