"""Timestamps as Auth0's wire has them: ISO 8601, UTC, three decimals and ``Z``."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

__all__ = ["format_timestamp", "parse_timestamp", "running_s", "utc_now"]

_NS_A_MS: Final = 1_000_000


def utc_now() -> datetime:
    """Return the system's clock, aware and cut to the millisecond that the wire shows."""
    return datetime.fromtimestamp(time.time_ns() // _NS_A_MS / 1000, UTC)


def running_s() -> float:
    """Return the seconds of a clock that only runs: it never steps, and counts a machine's sleep.

    Its zero means nothing; only differences do.
    """
    number = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if number is None else time.clock_gettime(number)


@lru_cache(maxsize=512)
def format_timestamp(moment: datetime) -> str:
    """Return *moment* (aware) like ``2026-03-01T09:30:00.000Z``."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Every step of every record comes through here, many in the same millisecond: isoformat takes
    # a fifth of strftime's time, and what was just said need not be worked out again.
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_timestamp(text: str) -> datetime:
    """Return the aware moment that *text* names.

    Raises:
        ValueError: *text* is not ISO 8601, or names no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError(f"expected a time zone in {text!r}")
    return moment.astimezone(UTC)
