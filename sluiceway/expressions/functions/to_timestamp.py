"""``functions.toTimestamp``: a date as Unix time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sluiceway.expressions.dates import LATEST, parse_date
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_number, to_text

if TYPE_CHECKING:
    from sluiceway.expressions.values import Sources, Value

__all__ = ["FUNCTION", "to_timestamp"]


def to_timestamp(sources: Sources, *dates: Value) -> Value:
    """Return whole seconds since 1970, rounded down: of now without an argument, or of the date.

    A date is what ``new Date`` takes: a text, or a number of milliseconds. What is no date gives
    NaN; so does undefined, which is no reason to take the present.
    """
    if not dates:
        return math.floor(sources.now.timestamp())
    date = dates[0]
    if isinstance(date, (str, list, dict)):
        milliseconds = parse_date(to_text(date))
    else:
        milliseconds = to_number(date)
    if not abs(milliseconds) <= LATEST:
        return math.nan
    return math.floor(math.trunc(milliseconds) / 1000)


FUNCTION = TemplateFunction(
    name="toTimestamp",
    call=to_timestamp,
    parameters=(Parameter("date", "date", optional=True),),
    summary="Returns a date, or the current time, as seconds since 1970.",
    examples=(Example("functions.toTimestamp('2021-04-30T10:02:50.876Z')", 1619776970),),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
    reads="sources",
)
