"""``functions.merge``: two arrays, objects or texts in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.limits import check_items, check_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "merge"]


def merge(base: Value = UNDEFINED, value: Value = UNDEFINED) -> Value:
    """Return *base* with *value* added, by the type of *base*; neither is changed.

    An array gets the items of an array, or the value itself, at its end. An object gets the
    members of an object, which win over its own, at the top level only. Anything else is joined
    as text. On null or undefined the *value* is returned.

    Source:
        Auth0's page: "a merged array, object or concatenates a string depending on the base data
        type". One level deep, as ``{...base, ...value}``, is our reading.
    """
    if base is None or isinstance(base, Undefined):
        return value
    if isinstance(base, list):
        added = value if isinstance(value, list) else [value]
        check_items(len(base) + len(added))
        return base + added
    if isinstance(base, dict):
        members = value if isinstance(value, dict) else {}
        check_items(len(base) + len(members))
        return base | members
    texts = to_text(base), to_text(value)
    check_text(sum(map(len, texts)))
    return utf16.join(texts)


FUNCTION = TemplateFunction(
    name="merge",
    call=merge,
    parameters=(Parameter("base", "any"), Parameter("value", "any")),
    summary="Returns a merged array or object, or the joined text, depending on the type of base.",
    examples=(
        Example(
            "functions.merge(['auth0', 'identity'], ['authentication'])",
            ["auth0", "identity", "authentication"],
        ),
        Example("functions.merge('foo', 'bar')", "foobar"),
    ),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
)
