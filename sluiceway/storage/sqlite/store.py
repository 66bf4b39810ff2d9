"""All stores over one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sluiceway.errors import StorageError
from sluiceway.storage.sqlite.database import SqliteDatabase
from sluiceway.storage.sqlite.documents import SqliteDocumentStore
from sluiceway.storage.sqlite.executions import SqliteExecutionStore
from sluiceway.storage.sqlite.lease_clock import LeaseClock
from sluiceway.storage.sqlite.outbox import SqliteOutboxStore
from sluiceway.storage.sqlite.sealed import SqliteSealedValues
from sluiceway.storage.sqlite.shared import (
    SqliteAuditLog,
    SqliteCodeStore,
    SqliteSharedValues,
    SqliteTokenBuckets,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SqliteStore"]


class SqliteStore:
    """See ``Store``."""

    def __init__(self, database: SqliteDatabase, *, lease_clock: LeaseClock | None = None) -> None:
        """Put the stores over *database*, which is open."""
        self._database = database
        self.documents = SqliteDocumentStore(database)
        self.executions = SqliteExecutionStore(database, lease_clock or LeaseClock())
        self.outbox = SqliteOutboxStore(database)
        self.codes = SqliteCodeStore(database)
        self.buckets = SqliteTokenBuckets(database)
        self.shared = SqliteSharedValues(database)
        self.audit = SqliteAuditLog(database)
        self.sealed = SqliteSealedValues(database, replaced=self.documents.forget)

    @classmethod
    def open(cls, path: Path | None, *, lease_clock: LeaseClock | None = None) -> SqliteStore:
        """Open the file at *path*, made if missing; ``None`` keeps everything in memory.

        Raises:
            StorageError: see ``SqliteDatabase.open``.
        """
        database = SqliteDatabase(path)
        database.open()
        return cls(database, lease_clock=lease_clock)

    @property
    def url(self) -> str:
        """See ``Store``."""
        path = self._database.path
        return "sqlite://" if path is None else f"sqlite:///{path}"

    async def check(self) -> list[str]:
        """See ``Store``."""
        found = await self._database.read(
            lambda c: [str(row[0]) for row in c.execute("PRAGMA integrity_check")]
        )
        return [] if found == ["ok"] else found

    async def size_bytes(self) -> int:
        """See ``Store``."""
        return await self._database.read(
            lambda c: (
                c.execute("PRAGMA page_count").fetchone()[0]
                * c.execute("PRAGMA page_size").fetchone()[0]
            )
        )

    async def backup(self, path: Path) -> None:
        """See ``Store``."""

        def operation(connection: sqlite3.Connection) -> None:
            path.touch(mode=0o600, exist_ok=True)
            with closing(sqlite3.connect(path)) as target:
                connection.backup(target)

        try:
            await self._database.read(operation)
        except OSError as error:
            raise StorageError(f"expected to write the backup {path}, found: {error}") from error

    async def close(self) -> None:
        """See ``Store``."""
        await asyncio.to_thread(self._database.close)
