"""Tell other processes that there is work, over PostgreSQL's own notifications."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import psycopg

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from sluiceway.storage.postgres.database import PostgresDatabase

__all__ = ["Bell"]

_log: Final = logging.getLogger(__name__)
_CHANNEL: Final = "sluiceway_work"
_LISTEN: Final = f"LISTEN {_CHANNEL}".encode()
_PAUSE_S: Final = 0.02
"""Rings in between are one: a burst of new work costs few notifications."""

_RECONNECT_S: Final = 1.0


class Bell:
    """Rings in every process that watches; a courtesy, so its failures pass."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Ring through *database*."""
        self._database = database
        self._ringing: asyncio.Task[None] | None = None
        self._is_asked = False

    def ring(self) -> None:
        """Ring soon."""
        self._is_asked = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring())

    async def _ring(self) -> None:
        while self._is_asked:
            self._is_asked = False
            with suppress(StorageError):
                await self._database.read(f"SELECT pg_notify('{_CHANNEL}', '')")
            await asyncio.sleep(_PAUSE_S)

    @asynccontextmanager
    async def watch(self, ring: Callable[[], None]) -> AsyncGenerator[None]:
        """Call *ring* with each ring, within the context."""
        listening = asyncio.create_task(self._listen(ring))
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _listen(self, ring: Callable[[], None]) -> None:
        while True:
            try:
                connection = await self._database.connect()
                try:
                    await connection.execute(_LISTEN)
                    async for _ in connection.notifies():
                        ring()
                finally:
                    await connection.close()
            except (StorageError, psycopg.Error) as error:
                _log.info("notifications are interrupted: %s", type(error).__name__)
            await asyncio.sleep(_RECONNECT_S)

    async def close(self) -> None:
        """Ring no more."""
        if self._ringing is not None:
            self._ringing.cancel()
            with suppress(asyncio.CancelledError):
                await self._ringing
