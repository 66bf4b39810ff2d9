"""``functions.random``: a random number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import json_number, to_boolean, to_number

if TYPE_CHECKING:
    from sluiceway.expressions.values import Sources, Value

__all__ = ["FUNCTION", "random"]


def random(
    sources: Sources,
    low: Value = 0,
    high: Value = 1,
    fractional: Value = False,  # noqa: FBT002 - the language has positions only
) -> Value:
    """Return a number from *low* to *high*, both included, in either order.

    It is whole unless *fractional* is true or an end is not whole. An end that is no number
    gives NaN.

    Source:
        Auth0's page: "a random number between the inclusive min and max"; the fractional form and
        the swap are lodash's ``random``.
    """
    first, second = sorted((to_number(low), to_number(high)))
    if not math.isfinite(first) or not math.isfinite(second):
        return math.nan
    if to_boolean(fractional) or first % 1 or second % 1:
        return json_number(min(first + sources.random.random() * (second - first), second))
    return json_number(first + math.floor(sources.random.random() * (second - first + 1)))


FUNCTION = TemplateFunction(
    name="random",
    call=random,
    parameters=(
        Parameter("min", "number"),
        Parameter("max", "number"),
        Parameter("fractional", "boolean", optional=True),
    ),
    summary="Returns a random number from min to max, both included; whole unless told otherwise.",
    examples=(Example("functions.random(5, 5)", 5),),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
    reads="sources",
)
