"""Filters for dates: V8's reading of texts, LiquidJS's ``strftime``, English names.

Source: LiquidJS 10.30.1, ``filters/date``, ``util/strftime`` and ``util/liquid-date``, with the
options ``timezoneOffset: 0`` and ``locale: 'en-US'``.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import LiquidRenderError
from sluiceway.expressions.dates import parse_date
from sluiceway.expressions.javascript import number_text
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import is_nil, js_number, plain, stringify, to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from sluiceway.liquid.filters.base import FilterArguments
    from sluiceway.liquid.values import LiquidValue

__all__ = ["FILTERS"]

_DEFAULT_FORMAT: Final = "%A, %B %-e, %Y at %-l:%M %P %z"
_LATEST_MS: Final = 8.64e15
_LONGEST_INPUT: Final = 1_000
_WIDEST: Final = 1_000
_FARTHEST: Final = 60_000_000
_DIGITS: Final = re.compile(r"[0-9]+")
_CODE: Final = re.compile(r"%([-_0^#:]+)?([0-9]+)?([EO])?(.)")
_OFFSET: Final = re.compile(r"([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?")
_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS: Final = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
_WIDTHS: Final = {
    "C": 2, "d": 2, "e": 2, "H": 2, "I": 2, "j": 3, "k": 2, "l": 2, "L": 3,
    "m": 2, "M": 2, "S": 2, "U": 2, "W": 2, "y": 2, "Y": 4,
}  # fmt: skip
_SPACE_PADDED: Final = frozenset("aAbBceklpP")
_CYCLE_MS: Final = 146_097 * 86_400_000
_FIRST_OF_DATETIME: Final = -62_135_424_000_000
_LAST_OF_DATETIME: Final = 253_402_128_000_000
"""A day within the first and the last that datetime has, so that any zone stays within."""

_EPOCH_DAYS: Final = 719_468
_ERA_DAYS: Final = 146_097


class _Moment(msgspec.Struct, frozen=True):
    """A moment as it is shown: its parts, and *offset* minutes to UTC as JavaScript counts them."""

    milliseconds: float
    offset: float
    zone: str
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    millisecond: int
    weekday: int
    day_of_year: int


def _moment(milliseconds: float, offset: float, zone: str = "") -> _Moment:
    shown = int(milliseconds - offset * 60_000)
    days, rest = divmod(shown, 86_400_000)
    year, month, day = _civil(days)
    first = _days_before_year(year)
    hour, rest = divmod(rest, 3_600_000)
    minute, rest = divmod(rest, 60_000)
    second, millisecond = divmod(rest, 1000)
    return _Moment(
        milliseconds=milliseconds,
        offset=offset,
        zone=zone,
        year=year,
        month=month,
        day=day,
        hour=hour,
        minute=minute,
        second=second,
        millisecond=millisecond,
        weekday=(days + 4) % 7,
        day_of_year=days - first + 1,
    )


def _civil(days: int) -> tuple[int, int, int]:
    """Return year, month and day of *days* since 1970 (Howard Hinnant's algorithm)."""
    days += _EPOCH_DAYS
    era, day_of_era = divmod(days, _ERA_DAYS)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9  # noqa: PLR2004 - March is month 0
    return year_of_era + era * 400 + (month <= 2), month, day  # noqa: PLR2004


def _days_before_year(year: int) -> int:
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - 719_162


def _date(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    moment = _read(value, arguments, arguments.get(1))
    if moment is None:
        return value
    form = arguments.get(0)
    return _strftime(moment, _DEFAULT_FORMAT if is_nil(form) else stringify(form), arguments)


def _read(value: LiquidValue, arguments: FilterArguments, zone: LiquidValue) -> _Moment | None:
    value = plain(value)
    if is_nil(value):
        return None
    milliseconds = _milliseconds(value, arguments.rendering.now)
    if math.isnan(milliseconds) or abs(milliseconds) > _LATEST_MS:
        return None
    milliseconds = float(math.trunc(milliseconds))
    if is_nil(zone):
        return _moment(milliseconds, 0)
    if isinstance(zone, str):
        return _moment(milliseconds, _zone_offset(zone, milliseconds), zone)
    offset = js_number(zone)
    return _moment(milliseconds, offset) if abs(offset) <= _FARTHEST else None


def _milliseconds(value: LiquidValue, now: datetime) -> float:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return js_number(value) * 1000
    if isinstance(value, dict):
        return math.nan
    text = value if isinstance(value, str) else to_text(value)
    if text in {"now", "today"} and isinstance(value, str):
        return math.floor(now.timestamp() * 1000)
    if len(text) > _LONGEST_INPUT:
        return math.nan
    if isinstance(value, str) and _DIGITS.fullmatch(text):
        return float(text) * 1000
    return parse_date(text)


def _zone_offset(name: str, milliseconds: float) -> float:
    """Return the minutes to UTC of a named zone at that moment, west of Greenwich positive."""
    found = _OFFSET.fullmatch(name)
    if found is not None:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        return -minutes if found[1] == "+" else minutes
    zone = _find_zone(name)
    if zone is None:
        raise LiquidRenderError(f"invalid time zone specified: {name[:50]}")
    # What the calendar of datetime does not reach has the rules of a year 400 years nearer.
    cycles = 0
    if milliseconds > _LAST_OF_DATETIME:
        cycles = math.ceil((milliseconds - _LAST_OF_DATETIME) / _CYCLE_MS)
    within = max(milliseconds - cycles * _CYCLE_MS, _FIRST_OF_DATETIME)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=within)
    shift = moment.astimezone(zone).utcoffset() or timedelta(0)
    return -shift / timedelta(minutes=1)


@lru_cache(maxsize=64)
def _find_zone(name: str) -> tzinfo | None:
    """Return the zone called *name* in any case, as JavaScript takes it."""
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - rarely needed

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        by_lower = {known.lower(): known for known in available_timezones()}
        known = by_lower.get(name.lower())
        return ZoneInfo(known) if known else None


def _strftime(moment: _Moment, form: str, arguments: FilterArguments) -> str:
    arguments.use(len(form))
    return _CODE.sub(lambda found: _format(moment, found, arguments), form)


def _format(moment: _Moment, found: re.Match[str], arguments: FilterArguments) -> str:
    flags, width, _, code = found[1] or "", found[2], found[3], found[4]
    convert = _CODES.get(code)
    if convert is None:
        return found[0]
    wanted = min(int(width), _WIDEST) if width else 0
    text = convert(moment, flags, wanted)
    pad = " " if code in _SPACE_PADDED else "0"
    size = wanted or _WIDTHS.get(code, 0)
    if "^" in flags:
        text = text.upper()
    elif "#" in flags:
        text = text.upper() if any("a" <= letter <= "z" for letter in text) else text.lower()
    if "_" in flags:
        pad = " "
    elif "0" in flags:
        pad = "0"
    if "-" in flags:
        size = 0
    arguments.use(size)
    if pad == "0" and text.startswith("-"):
        return f"-{text[1:].rjust(size - 1, pad)}"
    return text.rjust(size, pad)


def _hour12(moment: _Moment) -> str:
    return str(moment.hour % 12 or 12)


def _offset(moment: _Moment, flags: str) -> str:
    hours, minutes = divmod(abs(moment.offset), 60)
    colon = ":" if ":" in flags else ""
    shown = number_text(hours).rjust(2, "0") + colon + number_text(minutes).rjust(2, "0")
    return f"{'-' if moment.offset > 0 else '+'}{shown}"


def _ordinal(day: int) -> str:
    if day in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _week(moment: _Moment, first: int) -> str:
    since = (moment.weekday - first + 7) % 7
    return str((moment.day_of_year - 1 - since + 7) // 7)


def _local_date(moment: _Moment) -> str:
    return f"{moment.month}/{moment.day}/{moment.year}"


def _local_time(moment: _Moment) -> str:
    # Between the time and AM stands a narrow no-break space, as ICU has it.
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    return f"{_hour12(moment)}:{moment.minute:02d}:{moment.second:02d} {half}"


def _nanoseconds(moment: _Moment, _: str, width: int) -> str:
    digits = width or 9
    return f"{moment.millisecond:03d}"[:digits].ljust(digits, "0")


def _half(moment: _Moment) -> str:
    return "am" if moment.hour < 12 else "pm"  # noqa: PLR2004 - noon


_SIMPLE: Final[dict[str, Callable[[_Moment], object]]] = {
    "a": lambda m: _DAYS[m.weekday][:3],
    "A": lambda m: _DAYS[m.weekday],
    "b": lambda m: _MONTHS[m.month - 1][:3],
    "B": lambda m: _MONTHS[m.month - 1],
    "c": lambda m: f"{_local_date(m)}, {_local_time(m)}",
    "C": lambda m: m.year // 100,
    "d": lambda m: m.day,
    "e": lambda m: m.day,
    "h": lambda m: _MONTHS[m.month - 1][:3],
    "H": lambda m: m.hour,
    "I": _hour12,
    "j": lambda m: m.day_of_year,
    "k": lambda m: m.hour,
    "l": _hour12,
    "L": lambda m: m.millisecond,
    "m": lambda m: m.month,
    "M": lambda m: m.minute,
    "p": lambda m: _half(m).upper(),
    "P": _half,
    "q": lambda m: _ordinal(m.day),
    "s": lambda m: math.floor(m.milliseconds / 1000),
    "S": lambda m: m.second,
    "u": lambda m: m.weekday or 7,
    "U": lambda m: _week(m, 0),
    "w": lambda m: m.weekday,
    "W": lambda m: _week(m, 1),
    "x": _local_date,
    "X": _local_time,
    "y": lambda m: m.year % 100,
    "Y": lambda m: m.year,
    "t": lambda _: "\t",
    "n": lambda _: "\n",
    "%": lambda _: "%",
}


def _ignoring(convert: Callable[[_Moment], object]) -> Callable[[_Moment, str, int], str]:
    return lambda moment, _flags, _width: str(convert(moment))


_CODES: Final[dict[str, Callable[[_Moment, str, int], str]]] = {
    **{code: _ignoring(convert) for code, convert in _SIMPLE.items()},
    "N": _nanoseconds,
    "z": lambda moment, flags, _: _offset(moment, flags),
    "Z": lambda moment, flags, _: moment.zone or _offset(moment, flags),
}


def _date_to_xmlschema(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    moment = _read(value, arguments, None)
    return value if moment is None else _strftime(moment, "%Y-%m-%dT%H:%M:%S%:z", arguments)


def _date_to_rfc822(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    moment = _read(value, arguments, None)
    return value if moment is None else _strftime(moment, "%a, %d %b %Y %H:%M:%S %z", arguments)


def _date_to(month: str) -> Callable[[LiquidValue, FilterArguments], LiquidValue]:
    def handle(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
        moment = _read(value, arguments, None)
        if moment is None:
            return value
        if arguments.get(0) != "ordinal":
            return _strftime(moment, f"%d {month} %Y", arguments)
        day = f"{moment.day}%q"
        is_american = arguments.get(1) == "US"
        form = f"{month} {day}, %Y" if is_american else f"{day} {month} %Y"
        return _strftime(moment, form, arguments)

    return handle


FILTERS: Final = FilterFamily(
    {
        "date": _date,
        "date_to_long_string": _date_to("%B"),
        "date_to_rfc822": _date_to_rfc822,
        "date_to_string": _date_to("%b"),
        "date_to_xmlschema": _date_to_xmlschema,
    }
)
