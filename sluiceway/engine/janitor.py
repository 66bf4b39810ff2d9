"""Delete what has been kept long enough, a little at a time, in one process of all."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sluiceway.storage.base import Store

__all__ = ["Janitor", "Retention"]

_log: Final = logging.getLogger(__name__)
_TURN: Final = "janitor"
_FIRST_S: Final = 5.0


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept, and how gently they are deleted.

    Attributes:
        executions: how long executions and messages are kept after their end; zero is for ever.
        audit: how long the audit log is kept.
        every: the time between two rounds.
        batch: how many rows one transaction deletes.
        pause: the time between two transactions, so that others get their turn.
    """

    executions: timedelta = timedelta(days=14)
    audit: timedelta = timedelta(days=365)
    every: timedelta = timedelta(hours=1)
    batch: int = 200
    pause: timedelta = timedelta(seconds=0.05)


class Janitor:
    """Deletes in rounds, until it is cancelled. Every process may have one: they take turns."""

    def __init__(self, store: Store, retention: Retention, *, now: Callable[[], datetime]) -> None:
        """Clean *store*."""
        self._store = store
        self._retention = retention
        self._now = now

    async def run(self) -> None:
        """Go round until cancelled; trouble with the database passes."""
        every = self._retention.every
        await asyncio.sleep(min(_FIRST_S, every.total_seconds()))
        while True:
            try:
                now = self._now()
                if await self._store.shared.claim(_TURN, b"1", now=now, until=now + every * 0.9):
                    await self.go_round()
            except StorageError as error:
                _log.warning("nothing could be deleted: %s", error.message)
            await asyncio.sleep(every.total_seconds())

    async def go_round(self) -> int:
        """Delete all that is due; return how many rows.

        Raises:
            StorageError: the database refused.
        """
        store, now, batch = self._store, self._now(), self._retention.batch
        deleted = 0
        if self._retention.executions:
            ended = now - self._retention.executions
            deleted += await self._all(
                lambda: store.executions.prune(ended_before=ended, limit=batch)
            )
            deleted += await self._all(lambda: store.outbox.prune(ended_before=ended, limit=batch))
        before = now - self._retention.audit
        deleted += await self._all(lambda: store.audit.prune(before=before, limit=batch))
        deleted += await self._all(lambda: store.codes.prune(expired_before=now, limit=batch))
        deleted += await self._all(lambda: store.shared.prune(expired_before=now, limit=batch))
        if deleted:
            _log.info("deleted %s rows that were kept long enough", deleted)
        return deleted

    async def _all(self, prune: Callable[[], Awaitable[int]]) -> int:
        deleted = 0
        while found := await prune():
            deleted += found
            await asyncio.sleep(self._retention.pause.total_seconds())
        return deleted
