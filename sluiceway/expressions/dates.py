"""Read a date as ``Date.parse`` of V8 does, with UTC where a text names no time zone."""

from __future__ import annotations

import math
import re

__all__ = ["parse_date"]

_ISO = re.compile(
    r"([+-]\d{6}|\d{4})(?:-(\d\d)(?:-(\d\d))?)?"
    r"(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?(?:(Z)|([+-])(\d\d):?(\d\d))?)?",
    re.ASCII,
)


def parse_date(text: str) -> float:
    """Return the milliseconds since 1970 that *text* names, or NaN."""
    found = _ISO.fullmatch(text)
    if not found:
        return math.nan
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    hour, minute, second = int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)
    if month > 12 or hour > 24 or day > 31:
        return math.nan
    days = days_from_civil(year, month, day)
    ms = int(((found[7] or "") + "000")[:3])
    offset = 0
    if found[9]:
        offset = (int(found[10]) * 60 + int(found[11])) * (-1 if found[9] == "-" else 1)
    return ((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + ms


def days_from_civil(year: int, month: int, day: int) -> int:
    """Count the days from 1970-01-01 in the proleptic Gregorian calendar."""
    year -= month <= 2
    era_year = year % 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return (
        (year // 400) * 146097
        + era_year * 365
        + era_year // 4
        - era_year // 100
        + day_of_year
        - 719468
    )
