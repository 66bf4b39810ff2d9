"""Messages on their way out, in PostgreSQL: see ``OutboxStore``.

Their rows are the queue; what is done with is written down for many at a time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psycopg

from sluiceway.models.delivery import latest_status
from sluiceway.storage.columns import (
    from_ms,
    json_text,
    like_pattern,
    maybe_from_ms,
    parse_object,
    to_ms,
)
from sluiceway.storage.durable import LeaseLost, OutboxRow, OutboxStatus
from sluiceway.storage.postgres.database import storage_error
from sluiceway.storage.postgres.messages import put_message
from sluiceway.storage.postgres.settlements import Settlement, Settlements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from sluiceway.models.delivery import DeliveryReport
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.durable import NewMessage, OutboxFilter
    from sluiceway.storage.postgres.clock import ServerClock
    from sluiceway.storage.postgres.database import PostgresDatabase

__all__ = ["PostgresOutboxStore"]

_COLUMNS: Final = (
    "seq, id, idempotency_key, execution_id, step_id, queue, channel, status, created_at,"
    " updated_at, ready_at, owner, claim, attempts, shown, history, receipt, sealed,"
    " delivery, reports"
)
_CLAIM: Final = (
    f"SELECT {_COLUMNS} FROM sluiceway.claim_messages(%s, %s, %s::integer, %s::bigint,"
    " %s::bigint, %s::bigint)"
)
_BEAT: Final = "SELECT sluiceway.beat_messages(%s::text[], %s::integer[], %s::bigint, %s::bigint)"
_RETRY: Final = (
    "UPDATE sluiceway.outbox SET status = 'QUEUED', updated_at = %s,"
    " ready_at = sluiceway.now_ms(%s::bigint)"
    " WHERE id = %s AND status IN ('DEAD', 'DISCARDED') RETURNING id"
)
_DISCARD: Final = (
    "UPDATE sluiceway.outbox SET status = 'DISCARDED', updated_at = %s, ready_at = NULL"
    " WHERE id = %s AND status IN ('QUEUED', 'DEAD') RETURNING id"
)
_NEXT: Final = (
    "SELECT min(ready_at), sluiceway.now_ms(%s::bigint) FROM sluiceway.outbox"
    " WHERE queue = %s AND ready_at IS NOT NULL"
)
_TABLE: Final = "sluiceway.outbox"
_decode_reports: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


class PostgresOutboxStore:
    """Queues of messages, with leases."""

    def __init__(self, database: PostgresDatabase, clock: ServerClock) -> None:
        """Keep them in *database*."""
        self._database = database
        self._clock = clock
        self._settlements = Settlements(database)

    # A row is whatever the statement names; the driver types it as Any.
    async def _write(self, sql: str, *values: object, order: str = "") -> list[tuple[Any, ...]]:
        try:
            return await self._database.write((sql, values), order=order)
        except psycopg.Error as error:
            raise storage_error(error) from error

    async def enqueue(self, message: NewMessage) -> bool:
        """See ``OutboxStore``."""
        sql, values = put_message(message, self._clock)
        return bool(await self._write(sql, *values))

    async def claim(
        self, queue: str, owner: str, *, limit: int, lease: timedelta, now: datetime
    ) -> list[OutboxRow]:
        """See ``OutboxStore``."""
        rows = await self._write(
            _CLAIM, queue, owner, limit, _ms(lease), to_ms(now), self._clock.at(now)
        )
        return sorted((_row(row) for row in rows), key=lambda row: row.seq)

    async def heartbeat(
        self, rows: Sequence[OutboxRow], *, lease: timedelta, now: datetime
    ) -> None:
        """See ``OutboxStore``."""
        if not rows:
            return
        ordered = sorted(rows, key=lambda row: row.id)
        ids = [row.id for row in ordered]
        claims = [row.claim_number for row in ordered]
        await self._write(_BEAT, ids, claims, _ms(lease), self._clock.at(now), order=ids[0])

    async def mark_sent(self, row: OutboxRow, *, at: datetime, receipt: str | None) -> None:
        """See ``OutboxStore``."""
        await self._settle(row, OutboxStatus.SENT, at=at, receipt=receipt, attempt={"ok": True})

    async def mark_failed(
        self, row: OutboxRow, *, at: datetime, error: JsonObject, retry_at: datetime | None
    ) -> None:
        """See ``OutboxStore``."""
        status = OutboxStatus.DEAD if retry_at is None else OutboxStatus.QUEUED
        attempt: JsonObject = {"ok": False, "error": error}
        await self._settle(row, status, at=at, ready_at=retry_at, attempt=attempt)

    async def postpone(self, row: OutboxRow, *, until: datetime, at: datetime) -> None:
        """See ``OutboxStore``."""
        await self._settle(row, OutboxStatus.QUEUED, at=at, ready_at=until)

    async def _settle(
        self,
        row: OutboxRow,
        status: OutboxStatus,
        *,
        at: datetime,
        ready_at: datetime | None = None,
        receipt: str | None = None,
        attempt: JsonObject | None = None,
    ) -> None:
        history = list(row.history)
        if attempt is not None:
            history.append({"at_ms": to_ms(at), **attempt})
        settlement = Settlement(
            id=row.id,
            claim_number=row.claim_number,
            status=str(status),
            at=to_ms(at),
            ready_at=to_ms(ready_at),
            attempts=row.attempts + (attempt is not None),
            history=json_text([*history]),
            # The one character that PostgreSQL cannot keep; the message was taken all the same.
            receipt=None if receipt is None else receipt.replace("\0", "\N{SYMBOL FOR NULL}"),
            clock=self._clock.at(at),
        )
        if not await self._settlements.settle(settlement):
            raise LeaseLost(row.id)

    async def retry(self, id_: str, *, at: datetime) -> bool:
        """See ``OutboxStore``."""
        values = (to_ms(at), self._clock.at(at), id_)
        return bool(await self._write(_RETRY, *values, order=id_))

    async def discard(self, id_: str, *, at: datetime) -> bool:
        """See ``OutboxStore``."""
        return bool(await self._write(_DISCARD, to_ms(at), id_, order=id_))

    async def note_report(self, id_: str, report: DeliveryReport) -> bool:
        """See ``OutboxStore``."""
        try:
            async with self._database.connection() as connection, connection.transaction():
                cursor = await connection.execute(
                    "SELECT delivery, reports FROM sluiceway.outbox WHERE id = %s FOR UPDATE",
                    (id_,),
                )
                found = await cursor.fetchone()
                reports = _decode_reports(found[1]) if found else []
                if found is None or any(kept["id"] == report.id for kept in reports):
                    return False
                await connection.execute(
                    "UPDATE sluiceway.outbox SET delivery = %s, reports = %s WHERE id = %s",
                    (
                        str(latest_status(found[0], report.status)),
                        json_text([*reports, report.as_json()]),
                        id_,
                    ),
                )
        except psycopg.Error as error:
            raise storage_error(error) from error
        return True

    async def find_by_receipt(self, receipt: str) -> OutboxRow | None:
        """See ``OutboxStore``."""
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM {_TABLE} WHERE receipt = %s ORDER BY seq DESC LIMIT 1",
            (receipt,),
        )
        return _row(rows[0]) if rows else None

    async def get(self, id_: str) -> OutboxRow | None:
        """See ``OutboxStore``."""
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM {_TABLE} WHERE id = %s", (id_,))
        return _row(rows[0]) if rows else None

    async def list(
        self,
        matching: OutboxFilter,
        *,
        limit: int = 50,
        offset: int = 0,
        before_seq: int | None = None,
    ) -> list[OutboxRow]:
        """See ``OutboxStore``."""
        condition, values = _where(matching, before_seq)
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM {_TABLE} WHERE {condition}"
            " ORDER BY seq DESC LIMIT %s OFFSET %s",
            [*values, limit, offset],
        )
        return [_row(row) for row in rows]

    async def count_by_status(self) -> dict[OutboxStatus, int]:
        """See ``OutboxStore``."""
        found: dict[str, int] = dict(
            await self._database.read(f"SELECT status, count(*) FROM {_TABLE} GROUP BY status")
        )
        return {status: int(found.get(str(status), 0)) for status in OutboxStatus}

    async def next_ready_at(self, queue: str) -> datetime | None:
        """See ``OutboxStore``."""
        clock = self._clock.at()
        ((ready_at, now),) = await self._database.read(_NEXT, (clock, queue))
        if ready_at is not None and clock is None:
            # What the server's clock will show then, ours shows that much sooner or later.
            ready_at += to_ms(datetime.now(UTC)) - now
        return maybe_from_ms(ready_at)

    async def prune(self, *, ended_before: datetime, limit: int = 200) -> int:
        """See ``OutboxStore``."""
        sql = (
            f"WITH gone AS (DELETE FROM {_TABLE} WHERE seq IN (SELECT seq FROM {_TABLE}"
            " WHERE status IN ('SENT', 'DISCARDED') AND updated_at < %s LIMIT %s"
            " FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM gone"
        )
        ((deleted,),) = await self._write(sql, to_ms(ended_before), limit)
        return int(deleted)


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


def _where(matching: OutboxFilter, before_seq: int | None) -> tuple[str, list[object]]:
    clauses, values = ["true"], list[object]()
    for column, several in (("status", matching.statuses), ("delivery", matching.deliveries)):
        if several:
            clauses.append(f"{column} = ANY (%s)")
            values.append([str(status) for status in several])
    for column, wanted in (("queue", matching.queue), ("execution_id", matching.execution_id)):
        if wanted is not None:
            clauses.append(f"{column} = %s")
            values.append(wanted)
    if matching.text:
        clauses.append("(shown ILIKE %s OR id ILIKE %s)")
        values.extend([like_pattern(matching.text)] * 2)
    if before_seq is not None:
        clauses.append("seq < %s")
        values.append(before_seq)
    return " AND ".join(clauses), values


# A row is whatever _COLUMNS names; the driver types it as Any.
def _row(row: tuple[Any, ...]) -> OutboxRow:
    return OutboxRow(
        seq=row[0],
        id=row[1],
        idempotency_key=row[2],
        execution_id=row[3],
        step_id=row[4],
        queue=row[5],
        channel=row[6],
        status=OutboxStatus(row[7]),
        created_at=from_ms(row[8]),
        updated_at=from_ms(row[9]),
        ready_at=maybe_from_ms(row[10]),
        owner=row[11],
        claim_number=row[12],
        attempts=row[13],
        shown=parse_object(row[14]),
        history=tuple(msgspec.json.decode(row[15])),
        receipt=row[16],
        sealed=row[17],
        delivery=row[18],
        reports=tuple(msgspec.json.decode(row[19])),
    )
