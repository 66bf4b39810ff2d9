"""Read a date as ``Date.parse`` of V8 does, with UTC where a text names no time zone.

First ECMA-262's own format (section 21.4.1.32), then V8's free form, which takes words, numbers
and signs in almost any order: ``Tue, 30 Apr 2021 10:02:50 GMT``, ``4/30/2021``, ``Apr 30, 2021``.
It follows the rules written down in V8's src/date/dateparser.h.
"""

from __future__ import annotations

import math
import re
from typing import Final

import msgspec

from sluiceway.expressions.javascript import whitespace

__all__ = ["LATEST", "parse_date"]

_MAX_LENGTH: Final = 1_000
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_HALVES: Final = {"am": 0, "pm": 12}
_ZONES: Final = {
    "ut": 0,
    "utc": 0,
    "z": 0,
    "gmt": 0,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
}
_ISO: Final = re.compile(
    r"(?P<year>\d{4}|[+-]\d{6})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?P<time>[tT](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>[zZ]|(?P<sign>[+-])(?P<zone_hour>\d\d):?(?P<zone_minute>\d\d))?)?",
    re.ASCII,
)
_ISO_START: Final = re.compile(r"(?:\d{4}|[+-]\d{6})(?:-\d\d(?:-\d\d)?)?[tT](?![^\W\d_])", re.ASCII)
_TOKEN: Final = re.compile(
    rf"(?P<number>[0-9]+)|(?P<symbol>[-:+.)])|(?P<word>[^{whitespace}\x00-@]+)"
    rf"|(?P<space>[{whitespace}]+)|(?P<other>[\s\S])"
)
LATEST: Final = 8.64e15
"""The last millisecond that JavaScript's dates reach, either way (ECMA-262, TimeClip)."""

_SIGNIFICANT_DIGITS: Final = 9
_DAYS_BEFORE_1970: Final = 719_468
_DAYS_IN_400_YEARS: Final = 146_097


def parse_date(text: str) -> float:
    """Return the milliseconds since 1970-01-01T00:00Z that *text* names, NaN if it is no date.

    A text of more than 1,000 characters is no date, nor is what JavaScript's dates do not reach.
    """
    moment = _read(text) if len(text) <= _MAX_LENGTH else math.nan
    return moment if abs(moment) <= LATEST else math.nan


def _read(text: str) -> float:
    found = _ISO.fullmatch(text)
    if found and found["year"] != "-000000":
        moment = _read_iso(found)
        if moment is not None:
            return moment
    return _read_free_form(text) if not _ISO_START.match(text) else math.nan


def _read_iso(found: re.Match[str]) -> float | None:
    """Return the moment; NaN if the time is wrong, ``None`` if only the date is."""
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    if not (1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004 - months and days
        return None if not found["time"] else math.nan
    clock = [int(found[unit] or 0) for unit in ("hour", "minute", "second")]
    clock.append(_milliseconds(found["fraction"] or "0"))
    offset = 0
    if found["sign"]:
        hours, minutes = int(found["zone_hour"]), int(found["zone_minute"])
        if not _is_clock([hours, minutes, 0, 0]):
            return math.nan
        offset = _signed(found["sign"], hours * 60 + minutes)
    return _moment(year, month, day, clock, offset) if _is_time(clock) else math.nan


def _read_free_form(text: str) -> float:
    reader = _FreeForm(_tokens(text))
    if not reader.read():
        return math.nan
    date, clock = reader.date(), reader.clock()
    if date is None or clock is None:
        return math.nan
    return _moment(*date, clock, reader.offset())


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str

    @property
    def number(self) -> int:
        """The number of a token of that kind, cut after nine digits."""
        return int(self.text.lstrip("0")[:_SIGNIFICANT_DIGITS] or 0)


_END: Final = _Token("end", "")


def _tokens(text: str) -> list[_Token]:
    """Cut *text* into tokens; a parenthesis and what it encloses is one of kind ``other``."""
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        if text[at] == "(":
            at = _behind_parenthesis(text, at)
            tokens.append(_Token("other", "("))
            continue
        found = _TOKEN.match(text, at)
        if found is None:  # pragma: no cover - the last alternative takes any character
            break
        at = found.end()
        tokens.append(_Token(str(found.lastgroup), found[0].lower()))
    return tokens


def _behind_parenthesis(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            break
    return at


class _FreeForm(msgspec.Struct):
    """V8's legacy reader: numbers go to the time, the zone or the day by what stands around."""

    tokens: list[_Token]
    at: int = 0
    days: list[int] = msgspec.field(default_factory=list)
    month: int | None = None
    times: list[int] = msgspec.field(default_factory=list)
    half_day: int | None = None
    zone_sign: int | None = None
    zone_hour: int | None = None
    zone_minute: int | None = None
    has_number: bool = False

    def read(self) -> bool:
        """Read all tokens; ``False`` if one of them cannot stand where it does."""
        self._read_iso_start()
        self.has_number = bool(self.days)
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if not self._take(token):
                return False
        return True

    def _read_iso_start(self) -> None:
        """Keep what V8 keeps of a text that only begins in the standard's format."""
        start, year = [*self.tokens, _END, _END][:2]
        if start.text in {"+", "-"} and year.kind == "number" and len(year.text) == 6:  # noqa: PLR2004
            if start.text == "-" and year.number == 0:
                del self.tokens[1]
                return
            self.at = 2
            self.days.append(_signed(start.text, year.number))
        elif start.kind == "number" and len(start.text) == 4:  # noqa: PLR2004
            self.at = 1
            self.days.append(start.number)
        for most in (12, 31) if self.days else ():
            part = self._peek() if self._skip("-") else _END
            has_two_digits = part.kind == "number" and len(part.text) == 2  # noqa: PLR2004
            if not has_two_digits or not 1 <= part.number <= most:
                return
            self.at += 1
            self.days.append(part.number)

    def _peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _skip(self, symbol: str) -> bool:
        is_there = self._peek() == _Token("symbol", symbol)
        self.at += is_there
        return is_there

    def _take(self, token: _Token) -> bool:
        if token.kind == "number":
            self.has_number = True
            return self._take_number(token.number)
        if token.kind == "word":
            return self._take_word(token.text)
        if token.text in {"+", "-"}:
            is_utc = self.zone_hour == 0 and self.zone_minute == 0
            if is_utc or self.times:
                return self._take_offset(token.text)
            return not self.has_number
        return not (token.text == ")" and self.has_number)

    def _take_number(self, number: int) -> bool:
        if self._skip(":"):
            return self._take_time(number)
        if self._skip(".") and self._expects_time(number):
            return self._take_seconds(number)
        if self.zone_hour is not None and self.zone_minute is None and number < 60:  # noqa: PLR2004
            self.zone_minute = number
            return True
        if self._expects_time(number):
            self.times += [number, 0, 0, 0]
            del self.times[4:]
            after = self._peek()
            return after.kind in {"end", "space"} or after.text in {"z", "+", "-"}
        if len(self.days) == 3:  # noqa: PLR2004 - year, month and day
            return False
        self.days.append(number)
        self._skip("-")
        return True

    def _take_time(self, number: int) -> bool:
        if self._skip(":"):
            if self.times:
                return False
            self.times += [number, 0]
            return True
        if len(self.times) == 4:  # noqa: PLR2004 - hour, minute, second, millisecond
            return False
        self.times.append(number)
        self._skip(".")
        return True

    def _take_seconds(self, number: int) -> bool:
        fraction = self._peek()
        if fraction.kind != "number":
            return False
        self.at += 1
        self.times += [number, _milliseconds(fraction.text)]
        self.times = [*self.times, 0, 0][:4]
        return True

    def _expects_time(self, number: int) -> bool:
        limits = {1: 60, 2: 60, 3: 1000}
        return number < limits.get(len(self.times), 0)

    def _take_word(self, word: str) -> bool:
        if word in _HALVES and self.times:
            self.half_day = _HALVES[word]
        elif word[:3] in _MONTHS:
            self.month = _MONTHS.index(word[:3]) + 1
            self._skip("-")
        elif word in _ZONES and self.has_number:
            self.zone_sign = -1 if _ZONES[word] < 0 else 1
            self.zone_hour, self.zone_minute = abs(_ZONES[word]), 0
        else:
            return not self.has_number and self._peek().kind != "number"
        return True

    def _take_offset(self, sign: str) -> bool:
        self.zone_sign = -1 if sign == "-" else 1
        digits = ""
        if self._peek().kind == "number":
            digits = self._peek().text
            self.at += 1
        self.has_number = True
        number = _Token("number", digits).number
        if self._peek().text == ":":
            self.zone_hour, self.zone_minute = number, None
        elif len(digits) in {1, 2}:
            self.zone_hour, self.zone_minute = number, 0
        elif len(digits) in {3, 4}:
            self.zone_hour, self.zone_minute = divmod(number, 100)
        else:
            return False
        return True

    def date(self) -> tuple[int, int, int] | None:
        """Return year, month and day, or ``None``."""
        if not self.days:
            return None
        first, second, third = [*self.days, 1, 1][:3]
        is_day = 1 <= first <= 31  # noqa: PLR2004 - a month's longest
        if self.month is None:
            year, month, day = (third, first, second) if is_day else (first, second, third)
        else:
            month = self.month
            year, day = (second, first) if is_day else (first, second)
        year += 2000 if 0 <= year <= 49 else 1900 if 50 <= year <= 99 else 0  # noqa: PLR2004
        is_date = 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - months and days
        return (year, month, day) if is_date else None

    def clock(self) -> list[int] | None:
        """Return hour, minute, second and millisecond, or ``None``."""
        clock = [*self.times, 0, 0, 0, 0][:4]
        if self.half_day is not None:
            if clock[0] > 12:  # noqa: PLR2004 - a clock with am and pm
                return None
            clock[0] = clock[0] % 12 + self.half_day
        return clock if _is_time(clock) else None

    def offset(self) -> int:
        """Return the minutes east of Greenwich."""
        if self.zone_sign is None:
            return 0
        return self.zone_sign * ((self.zone_hour or 0) * 60 + (self.zone_minute or 0))


def _signed(sign: str, number: int) -> int:
    return -number if sign == "-" else number


def _milliseconds(digits: str) -> int:
    """Return the first three digits of a fraction of a second as an int."""
    return int((digits + "00")[:3])


def _is_clock(clock: list[int]) -> bool:
    return all(value < most for value, most in zip(clock, (24, 60, 60, 1000), strict=True))


def _is_time(clock: list[int]) -> bool:
    return _is_clock(clock) or clock == [24, 0, 0, 0]


def _moment(year: int, month: int, day: int, clock: list[int], offset: int) -> float:
    """Return the milliseconds since 1970 of a local time *offset* minutes east of Greenwich."""
    hour, minute, second, millisecond = clock
    minutes = (_days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset
    return (minutes * 60 + second) * 1000 + millisecond


def _days_since_1970(year: int, month: int, day: int) -> int:
    """Count days in the proleptic Gregorian calendar, with years that start in March."""
    early = month <= 2  # noqa: PLR2004 - February
    years, year_of_400 = divmod(year - early, 400)
    day_of_year = (153 * (month + (9 if early else -3)) + 2) // 5 + day - 1
    days = year_of_400 * 365 + year_of_400 // 4 - year_of_400 // 100 + day_of_year
    return years * _DAYS_IN_400_YEARS + days - _DAYS_BEFORE_1970
