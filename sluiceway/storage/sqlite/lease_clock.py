"""The clock that leases run on: it never steps, whatever happens to the machine's wall clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LeaseClock"]


class LeaseClock:
    """Milliseconds since 1970 at the process's start, and from there on by the monotonic clock."""

    def __init__(
        self,
        *,
        wall_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read both clocks once."""
        self._monotonic_s = monotonic_s
        self._offset_s = wall_s() - monotonic_s()

    def now_ms(self) -> int:
        """Return the reading."""
        return int((self._monotonic_s() + self._offset_s) * 1000)
