"""Which clock leases and delays run on: the server's in earnest, the caller's in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.storage.columns import to_ms

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ServerClock"]


class ServerClock(msgspec.Struct):
    """Says what the functions' ``p_clock`` is: ``None`` for the server's own clock.

    With *follows_caller*, it is the moment that callers name, so that tests need not wait.
    """

    follows_caller: bool = False
    _last_ms: int | None = None

    def at(self, moment: datetime | None = None) -> int | None:
        """Return ``p_clock`` for a caller whose clock shows *moment*, or the last one named."""
        if not self.follows_caller:
            return None
        if moment is not None:
            self._last_ms = to_ms(moment)
        return self._last_ms
