"""The reading side of executions in PostgreSQL, and pruning: see ``ExecutionStore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.columns import maybe_from_ms, to_ms
from sluiceway.storage.durable import LogRow
from sluiceway.storage.execution_rows import (
    BATCHES,
    COLUMNS,
    batch_counts,
    execution_row,
    where,
)
from sluiceway.storage.postgres.database import storage_error
from sluiceway.storage.postgres.look_ups import LookUps

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.storage.durable import BatchRowCounts, ExecutionFilter, ExecutionRow
    from sluiceway.storage.postgres.database import PostgresDatabase, Statement

__all__ = ["PostgresExecutionLists"]

_TABLE: Final = "sluiceway.executions"
_LOOK_UP: Final = f"SELECT {COLUMNS} FROM {_TABLE} WHERE id = ANY (%s::text[])"
_ID: Final = 1
"""Where ``COLUMNS`` has it."""

_COUNTS: Final = (
    f"SELECT status, count(*) FROM {_TABLE} WHERE ready_at IS NOT NULL GROUP BY status"
    f" UNION ALL SELECT status, count(*) FROM {_TABLE}"
    " WHERE status IN ('FAILED', 'CANCELLED') GROUP BY status"
    f" UNION ALL SELECT '', count(*) FROM {_TABLE}"
)
_VACUUM_AFTER: Final = 20_000
_WORTH_A_VACUUM: Final = 1_000
"""Rows deleted before their space is asked back: amid a long prune, and at the end of one."""


class PostgresExecutionLists:
    """Lists, counts and deletes."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Read them from *database*."""
        self._database = database
        self._look_ups = LookUps(database, _LOOK_UP, key_of=lambda row: (row[_ID],))
        self._deleted = 0

    # A row is whatever the statement names; the driver types it as Any.
    async def _write(self, *statements: Statement, order: str = "") -> list[tuple[Any, ...]]:
        try:
            return await self._database.write(*statements, order=order)
        except psycopg.Error as error:
            raise storage_error(error) from error

    async def get(self, id_: str) -> ExecutionRow | None:
        """See ``ExecutionStore``."""
        row = await self._look_ups.get(id_)
        return None if row is None else execution_row(row)

    async def log(self, id_: str, *, after: int = -1) -> list[LogRow]:
        """See ``ExecutionStore``."""
        rows = await self._database.read(
            "SELECT position, entries, sealed FROM sluiceway.execution_log"
            " WHERE execution_id = %s AND position > %s ORDER BY position",
            (id_, after),
        )
        return [LogRow(position=row[0], entries=row[1], sealed=row[2]) for row in rows]

    async def snapshot(self, digest: str) -> bytes | None:
        """See ``ExecutionStore``."""
        rows = await self._database.read(
            "SELECT sealed FROM sluiceway.flow_snapshots WHERE digest = %s", (digest,)
        )
        return bytes(rows[0][0]) if rows else None

    async def next_ready_at(self) -> datetime | None:
        """See ``ExecutionStore``."""
        ((ready_at,),) = await self._database.read(
            f"SELECT min(ready_at) FROM {_TABLE} WHERE ready_at IS NOT NULL AND status <> 'RUNNING'"
        )
        return maybe_from_ms(ready_at)

    async def batches(self, *, limit: int = 50) -> list[BatchRowCounts]:
        """See ``ExecutionStore``."""
        rows = await self._database.read(BATCHES.format(table=_TABLE))
        return batch_counts(rows, limit=limit)

    async def list(
        self,
        matching: ExecutionFilter,
        *,
        limit: int = 50,
        offset: int = 0,
        before_seq: int | None = None,
    ) -> list[ExecutionRow]:
        """See ``ExecutionStore``."""
        condition, values = where(matching, mark="%s", like="ILIKE")
        if before_seq is not None:
            condition, values = f"{condition} AND seq < %s", [*values, before_seq]
        rows = await self._database.read(
            f"SELECT {COLUMNS} FROM {_TABLE} WHERE {condition}"
            " ORDER BY seq DESC LIMIT %s OFFSET %s",
            [*values, limit, offset],
        )
        return [execution_row(row) for row in rows]

    async def count(self, matching: ExecutionFilter) -> int:
        """See ``ExecutionStore``."""
        condition, values = where(matching, mark="%s", like="ILIKE")
        ((number,),) = await self._database.read(
            f"SELECT count(*) FROM {_TABLE} WHERE {condition}", values
        )
        return int(number)

    async def count_by_status(self) -> dict[ExecutionStatus, int]:
        """See ``ExecutionStore``."""
        found: dict[str, int] = dict(await self._database.read(_COUNTS))
        total = found.pop("", 0)
        counts = {status: int(found.get(str(status), 0)) for status in ExecutionStatus}
        counts[ExecutionStatus.COMPLETED] = total - sum(counts.values())
        return counts

    async def delete(self, id_: str) -> bool:
        """See ``ExecutionStore``."""
        ((is_deleted,),) = await self._write(
            ("SELECT sluiceway.delete_execution(%s)", (id_,)), order=id_
        )
        return bool(is_deleted)

    async def prune(self, *, ended_before: datetime, limit: int = 200) -> int:
        """See ``ExecutionStore``."""
        sql = "SELECT sluiceway.prune_executions(%s::bigint, %s::integer)"
        ((deleted,),) = await self._write((sql, (to_ms(ended_before), limit)))
        self._deleted += deleted
        if self._deleted >= (_VACUUM_AFTER if deleted == limit else _WORTH_A_VACUUM):
            self._deleted = 0
            await self._give_space_back()
        return int(deleted)

    async def _give_space_back(self) -> None:
        """Vacuum: what is free at a table's end goes back to the disk, the rest to new rows."""
        for table in ("executions", "execution_log", "flow_snapshots"):
            await self._database.read(f"VACUUM (TRUNCATE, SKIP_LOCKED) sluiceway.{table}")
