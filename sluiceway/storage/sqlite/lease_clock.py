"""The store's own clock: it never steps back, whatever happens to the machine's wall clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sluiceway.models.timestamps import running_s

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LeaseClock"]


class LeaseClock:
    """Milliseconds since 1970 at the process's start, and from there on by a clock that only runs.

    It counts the time that the machine slept, where the system can tell.
    """

    def __init__(
        self,
        *,
        wall_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = running_s,
    ) -> None:
        """Read both clocks once."""
        self._monotonic_s = monotonic_s
        self._offset_s = wall_s() - self._monotonic_s()

    def now_ms(self) -> int:
        """Return the reading."""
        return int((self._monotonic_s() + self._offset_s) * 1000)
