"""A clock that stands until it is moved: by a test, or by the flow's own delays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sluiceway.models.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = ["DEFAULT_TIME", "StandingClock"]

DEFAULT_TIME: Final = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""What tests without a clock of their own see."""


class StandingClock:
    """Gives the same moment until it is set or advanced; sleeping advances it."""

    def __init__(self, moment: datetime = DEFAULT_TIME) -> None:
        """Stand at *moment*."""
        self._moment = moment

    @property
    def now(self) -> datetime:
        """The moment it stands at."""
        return self._moment

    def read(self) -> datetime:
        """Return the moment it stands at; for what wants a function."""
        return self._moment

    def set(self, moment: datetime | str) -> None:
        """Stand at *moment* from here on, aware or as ISO 8601 text with a time zone.

        Raises:
            ValueError: it names no time zone.
        """
        found = parse_timestamp(moment) if isinstance(moment, str) else moment
        if found.utcoffset() is None:
            raise ValueError(f"expected a time zone in {found}")
        self._moment = found.astimezone(UTC)

    def advance(self, by: timedelta | float) -> None:
        """Go on by a time, or by so many seconds."""
        self._moment += by if isinstance(by, timedelta) else timedelta(seconds=by)

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Advance at once instead of sleeping."""
        self.advance(seconds)
        return _done()


async def _done() -> None:
    return
