"""Messages on their way out, in SQLite: see ``OutboxStore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

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
from sluiceway.storage.sqlite.messages import insert_messages

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sluiceway.models.delivery import DeliveryReport
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.durable import NewMessage, OutboxFilter
    from sluiceway.storage.sqlite.database import SqliteDatabase

__all__ = ["SqliteOutboxStore"]

_COLUMNS: Final = (
    "seq, id, idempotency_key, execution_id, step_id, queue, channel, status, created_at,"
    " updated_at, ready_at, owner, claim, attempts, shown, history, receipt, sealed,"
    " delivery, reports"
)
_CLAIM: Final = (
    "UPDATE outbox SET status = 'SENDING', owner = ?, claim = claim + 1, ready_at = ?,"
    " updated_at = ? WHERE seq IN (SELECT seq FROM outbox WHERE queue = ? AND ready_at <= ?"
    f" ORDER BY ready_at, seq LIMIT ?) RETURNING {_COLUMNS}"
)


class SqliteOutboxStore:
    """Queues of messages, with leases."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Keep them in *database*."""
        self._database = database

    async def enqueue(self, message: NewMessage) -> bool:
        """See ``OutboxStore``."""
        return await self._database.write(lambda c: insert_messages(c, [message]) > 0)

    async def claim(
        self, queue: str, owner: str, *, limit: int, lease: timedelta, now: datetime
    ) -> list[OutboxRow]:
        """See ``OutboxStore``."""
        values = (owner, to_ms(now + lease), to_ms(now), queue, to_ms(now), limit)
        rows = await self._database.write(lambda c: c.execute(_CLAIM, values).fetchall())
        return sorted((_row(row) for row in rows), key=lambda row: row.seq)

    async def heartbeat(
        self, rows: Sequence[OutboxRow], *, lease: timedelta, now: datetime
    ) -> None:
        """See ``OutboxStore``."""
        until = to_ms(now + lease)

        def operation(connection: sqlite3.Connection) -> None:
            for row in rows:
                connection.execute(
                    "UPDATE outbox SET ready_at = ?"
                    " WHERE id = ? AND claim = ? AND status = 'SENDING'",
                    (until, row.id, row.claim_number),
                )

        await self._database.write(operation)

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
        values = (
            str(status),
            to_ms(at),
            None if ready_at is None else to_ms(ready_at),
            row.attempts + (attempt is not None),
            json_text([*history]),
            receipt,
            row.id,
            row.claim_number,
        )

        def operation(connection: sqlite3.Connection) -> None:
            changed = connection.execute(
                "UPDATE outbox SET status = ?, updated_at = ?, ready_at = ?, owner = NULL,"
                " attempts = ?, history = ?, receipt = ?"
                " WHERE id = ? AND claim = ? AND status = 'SENDING'",
                values,
            ).rowcount
            if not changed:
                raise LeaseLost(row.id)

        await self._database.write(operation)

    async def retry(self, id_: str, *, at: datetime) -> bool:
        """See ``OutboxStore``."""
        return await self._move(id_, "QUEUED", "ready_at = 0", ("DEAD", "DISCARDED"), at)

    async def discard(self, id_: str, *, at: datetime) -> bool:
        """See ``OutboxStore``."""
        return await self._move(id_, "DISCARDED", "ready_at = NULL", ("QUEUED", "DEAD"), at)

    async def _move(
        self, id_: str, to: str, assignment: str, origins: tuple[str, str], at: datetime
    ) -> bool:
        return await self._database.write(
            lambda c: (
                c.execute(
                    f"UPDATE outbox SET status = ?, updated_at = ?, {assignment}"
                    " WHERE id = ? AND status IN (?, ?)",
                    (to, to_ms(at), id_, *origins),
                ).rowcount
                > 0
            )
        )

    async def note_report(self, id_: str, report: DeliveryReport) -> bool:
        """See ``OutboxStore``."""

        def operation(connection: sqlite3.Connection) -> bool:
            found = connection.execute(
                "SELECT delivery, reports FROM outbox WHERE id = ?", (id_,)
            ).fetchone()
            if found is None:
                return False
            reports = msgspec.json.decode(found[1])
            if any(kept["id"] == report.id for kept in reports):
                return False
            connection.execute(
                "UPDATE outbox SET delivery = ?, reports = ? WHERE id = ?",
                (
                    str(latest_status(found[0], report.status)),
                    json_text([*reports, report.as_json()]),
                    id_,
                ),
            )
            return True

        return await self._database.write(operation)

    async def find_by_receipt(self, receipt: str) -> OutboxRow | None:
        """See ``OutboxStore``."""

        def operation(connection: sqlite3.Connection) -> OutboxRow | None:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM outbox WHERE receipt = ? ORDER BY seq DESC LIMIT 1",
                (receipt,),
            ).fetchone()
            return None if row is None else _row(row)

        return await self._database.look_up(operation)

    async def get(self, id_: str) -> OutboxRow | None:
        """See ``OutboxStore``."""

        def operation(connection: sqlite3.Connection) -> OutboxRow | None:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", (id_,)
            ).fetchone()
            return None if row is None else _row(row)

        return await self._database.look_up(operation)

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
        sql = f"SELECT {_COLUMNS} FROM outbox WHERE {condition} ORDER BY seq DESC LIMIT ? OFFSET ?"
        # One execution's are few, and found by an index.
        look = self._database.look_up if matching.execution_id else self._database.read
        return await look(lambda c: [_row(row) for row in c.execute(sql, [*values, limit, offset])])

    async def count_by_status(self) -> dict[OutboxStatus, int]:
        """See ``OutboxStore``."""

        def operation(connection: sqlite3.Connection) -> dict[OutboxStatus, int]:
            counts = dict.fromkeys(OutboxStatus, 0)
            for status, number in connection.execute(
                "SELECT status, count(*) FROM outbox GROUP BY status"
            ):
                counts[OutboxStatus(status)] = number
            return counts

        return await self._database.read(operation)

    async def next_ready_at(self, queue: str) -> datetime | None:
        """See ``OutboxStore``."""
        return await self._database.look_up(
            lambda c: maybe_from_ms(
                c.execute(
                    "SELECT min(ready_at) FROM outbox WHERE queue = ? AND ready_at IS NOT NULL",
                    (queue,),
                ).fetchone()[0]
            )
        )

    async def prune(self, *, ended_before: datetime, limit: int = 200) -> int:
        """See ``OutboxStore``."""
        return await self._database.write(
            lambda c: (
                c.execute(
                    "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox"
                    " WHERE status IN ('SENT', 'DISCARDED') AND updated_at < ? LIMIT ?)",
                    (to_ms(ended_before), limit),
                ).rowcount
            )
        )


def _where(matching: OutboxFilter, before_seq: int | None) -> tuple[str, list[object]]:
    clauses, values = ["1"], list[object]()
    for column, several in (("status", matching.statuses), ("delivery", matching.deliveries)):
        if several:
            clauses.append(f"{column} IN ({', '.join('?' * len(several))})")
            values.extend(str(status) for status in several)
    for column, wanted in (("queue", matching.queue), ("execution_id", matching.execution_id)):
        if wanted is not None:
            clauses.append(f"{column} = ?")
            values.append(wanted)
    if matching.text:
        clauses.append("(shown LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\')")
        values.extend([like_pattern(matching.text)] * 2)
    if before_seq is not None:
        clauses.append("seq < ?")
        values.append(before_seq)
    return " AND ".join(clauses), values


# A row is whatever _COLUMNS names; sqlite3 types it as Any.
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
