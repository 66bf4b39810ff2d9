"""The reading side of executions in SQLite, and pruning: see ``ExecutionStore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.columns import to_ms
from sluiceway.storage.durable import LogRow
from sluiceway.storage.execution_rows import (
    BATCHES,
    COLUMNS,
    batch_counts,
    execution_row,
    where,
)

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from sluiceway.storage.durable import BatchRowCounts, ExecutionFilter, ExecutionRow
    from sluiceway.storage.sqlite.database import SqliteDatabase

__all__ = ["SqliteExecutionLists", "log_rows"]

_ENDED: Final = "ready_at IS NULL"
_FREED_PAGES: Final = 2000
"""Given back to the file system with each prune: 8 MiB at the most."""


def log_rows(connection: sqlite3.Connection, seq: int, *, after: int = -1) -> list[LogRow]:
    """Return the journal of the execution numbered *seq*, in order."""
    return [
        LogRow(position=position, entries=entries, sealed=sealed)
        for position, entries, sealed in connection.execute(
            "SELECT position, entries, sealed FROM execution_log"
            " WHERE execution_seq = ? AND position > ? ORDER BY position",
            (seq, after),
        )
    ]


class SqliteExecutionLists:
    """Lists, counts and deletes."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Read them from *database*."""
        self._database = database

    async def get(self, id_: str) -> ExecutionRow | None:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> ExecutionRow | None:
            row = connection.execute(
                f"SELECT {COLUMNS} FROM executions WHERE id = ?", (id_,)
            ).fetchone()
            return None if row is None else execution_row(row)

        return await self._database.look_up(operation)

    async def log(self, id_: str, *, after: int = -1) -> list[LogRow]:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> list[LogRow]:
            found = connection.execute("SELECT seq FROM executions WHERE id = ?", (id_,)).fetchone()
            return log_rows(connection, found[0], after=after) if found else []

        return await self._database.look_up(operation)

    async def snapshot(self, digest: str) -> bytes | None:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT sealed FROM flow_snapshots WHERE digest = ?", (digest,)
            ).fetchone()
            return None if row is None else bytes(row[0])

        return await self._database.look_up(operation)

    async def batches(self, *, limit: int = 50) -> list[BatchRowCounts]:
        """See ``ExecutionStore``."""
        sql = BATCHES.format(table="executions")
        return await self._database.read(lambda c: batch_counts(c.execute(sql), limit=limit))

    async def list(
        self,
        matching: ExecutionFilter,
        *,
        limit: int = 50,
        offset: int = 0,
        before_seq: int | None = None,
    ) -> list[ExecutionRow]:
        """See ``ExecutionStore``."""
        condition, values = where(matching)
        if before_seq is not None:
            condition, values = f"{condition} AND seq < ?", [*values, before_seq]
        sql = (
            f"SELECT {COLUMNS} FROM executions WHERE {condition} ORDER BY seq DESC LIMIT ? OFFSET ?"
        )
        return await self._database.read(
            lambda c: [execution_row(row) for row in c.execute(sql, [*values, limit, offset])]
        )

    async def count(self, matching: ExecutionFilter) -> int:
        """See ``ExecutionStore``."""
        condition, values = where(matching)
        sql = f"SELECT count(*) FROM executions WHERE {condition}"
        return await self._database.read(lambda c: int(c.execute(sql, values).fetchone()[0]))

    async def count_by_status(self) -> dict[ExecutionStatus, int]:
        """See ``ExecutionStore``."""
        return await self._database.read(_count_by_status)

    async def delete(self, id_: str) -> bool:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> bool:
            deleted = connection.execute(
                f"DELETE FROM executions WHERE id = ? AND {_ENDED} RETURNING seq", (id_,)
            ).fetchall()
            connection.executemany("DELETE FROM execution_log WHERE execution_seq = ?", deleted)
            return bool(deleted)

        return await self._database.write(operation)

    async def prune(self, *, ended_before: datetime, limit: int = 200) -> int:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> int:
            deleted = connection.execute(
                "DELETE FROM executions WHERE seq IN (SELECT seq FROM executions"
                " WHERE ended_at < ? ORDER BY ended_at LIMIT ?) RETURNING seq, flow_digest",
                (to_ms(ended_before), limit),
            ).fetchall()
            for seq, _ in deleted:
                connection.execute("DELETE FROM execution_log WHERE execution_seq = ?", (seq,))
            for digest in {digest for _, digest in deleted}:
                connection.execute(
                    "DELETE FROM flow_snapshots WHERE digest = ?1 AND NOT EXISTS"
                    " (SELECT 1 FROM executions WHERE flow_digest = ?1)",
                    (digest,),
                )
            return len(deleted)

        deleted = await self._database.write(operation)
        if deleted:
            await self._database.write(_give_space_back)
        return deleted


def _give_space_back(connection: sqlite3.Connection) -> None:
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    for _ in range(min(free, _FREED_PAGES)):
        # The module steps a statement without rows once, and each step frees one page.
        connection.execute("PRAGMA incremental_vacuum(1)")


def _count_by_status(connection: sqlite3.Connection) -> dict[ExecutionStatus, int]:
    counts = dict.fromkeys(ExecutionStatus, 0)
    # Two small partial indexes and one count of the whole: no scan over what completed.
    for status, number in connection.execute(
        "SELECT status, count(*) FROM executions WHERE ready_at IS NOT NULL GROUP BY status"
        " UNION ALL SELECT status, count(*) FROM executions"
        " WHERE status IN ('FAILED', 'CANCELLED') GROUP BY status"
    ):
        counts[ExecutionStatus(status)] = number
    total = connection.execute("SELECT count(*) FROM executions").fetchone()[0]
    counts[ExecutionStatus.COMPLETED] = total - sum(counts.values())
    return counts
