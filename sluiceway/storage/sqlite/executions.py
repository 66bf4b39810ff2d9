"""Executions in SQLite: see ``ExecutionStore``. Listing and pruning are in ``execution_lists``."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.columns import json_text, maybe_from_ms, to_ms
from sluiceway.storage.durable import CancelAnswer, Claim, Created, Heartbeat, LeaseLost
from sluiceway.storage.execution_rows import COLUMNS, execution_row
from sluiceway.storage.sqlite.execution_lists import SqliteExecutionLists, log_rows
from sluiceway.storage.sqlite.messages import insert_messages

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractAsyncContextManager

    from sluiceway.storage.durable import (
        Finish,
        LogRow,
        LogWrite,
        NewExecution,
        NewMessage,
    )
    from sluiceway.storage.sqlite.database import SqliteDatabase
    from sluiceway.storage.sqlite.lease_clock import LeaseClock

__all__ = ["SqliteExecutionStore"]

_INSERT: Final = (
    "INSERT INTO executions (id, flow_id, flow_name, flow_version, flow_digest, trace_id,"
    " journey_id, status, created_at, updated_at, ready_at, idempotency_key, batch_id, payload)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 'QUEUED', ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
# The moment to start is one of the wall clock's, and a lease runs on the store's own. A delay
# passes by whichever is ahead: a wall clock that was put back does not make it longer.
_CLAIM: Final = (
    "UPDATE executions SET status = 'RUNNING', owner = :owner, claim = claim + 1,"
    " takeovers = CASE WHEN status = 'RUNNING' THEN takeovers + 1 ELSE 0 END,"
    " clock_at = CASE WHEN status = 'RUNNING' THEN clock_at ELSE :now END,"
    " started_at = coalesce(started_at, :now), updated_at = :now, ready_at = :lease_until"
    " WHERE seq IN (SELECT seq FROM executions WHERE ready_at <= max(:now, :lease_now)"
    " AND CASE WHEN status = 'DELAYED' THEN 1 WHEN status = 'RUNNING'"
    " THEN ready_at <= :lease_now AND (owner IS NOT :owner"
    " OR id NOT IN (SELECT value FROM json_each(:holding)))"
    " ELSE ready_at <= :now END ORDER BY ready_at, seq LIMIT :limit)"
    f" RETURNING {COLUMNS}"
)
_AGREES_WITHIN_MS: Final = 1000
"""Clocks that differ by less are one: the moment that a record shows is the one that was meant."""

_HELD: Final = "seq = ? AND owner = ? AND claim = ? AND status = 'RUNNING'"
_APPEND_IF_HELD: Final = (
    "INSERT INTO execution_log (execution_seq, position, entries, sealed)"
    f" SELECT seq, ?, ?, ? FROM executions WHERE {_HELD}"
)


class SqliteExecutionStore(SqliteExecutionLists):
    """Executions, their leases and their journal."""

    def __init__(self, database: SqliteDatabase, lease_clock: LeaseClock) -> None:
        """Keep them in *database*; leases run on *lease_clock*."""
        super().__init__(database)
        self._lease_clock = lease_clock

    async def create(self, new: NewExecution) -> Created:
        """See ``ExecutionStore``."""
        return await self._database.write(lambda c: _create(c, new))

    async def create_many(self, new: Sequence[NewExecution]) -> list[Created]:
        """See ``ExecutionStore``."""
        return await self._database.write(lambda c: [_create(c, one) for one in new])

    def watch(self, ring: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """See ``ExecutionStore``. There is no other process."""
        del ring
        return nullcontext()

    async def claim(
        self,
        owner: str,
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
        holding: Collection[str] = (),
    ) -> list[Claim]:
        """See ``ExecutionStore``."""
        held = json_text([*holding])

        def operation(connection: sqlite3.Connection) -> list[Claim]:
            lease_now = self._lease_clock.now_ms()
            rows = connection.execute(
                _CLAIM,
                {
                    "owner": owner,
                    "now": to_ms(now),
                    "lease_now": lease_now,
                    "lease_until": lease_now + lease // timedelta(milliseconds=1),
                    "limit": limit,
                    "holding": held,
                },
            ).fetchall()
            claims = [_claim(connection, row, owner) for row in rows]
            return sorted(claims, key=lambda claim: claim.execution.seq)

        return await self._database.write(operation)

    async def next_ready_at(self) -> datetime | None:
        """See ``ExecutionStore``."""
        return await self._database.look_up(
            lambda c: maybe_from_ms(
                c.execute(
                    "SELECT min(ready_at) FROM executions WHERE ready_at IS NOT NULL"
                    " AND status <> 'RUNNING'"
                ).fetchone()[0]
            )
        )

    async def heartbeat(
        self, owner: str, claims: Sequence[Claim], *, lease: timedelta
    ) -> Heartbeat:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> Heartbeat:
            lease_until = self._lease_clock.now_ms() + lease // timedelta(milliseconds=1)
            lost, to_cancel = set[str](), set[str]()
            for claim in claims:
                found = connection.execute(
                    f"UPDATE executions SET ready_at = ? WHERE {_HELD} RETURNING cancel_requested",
                    (lease_until, claim.execution.seq, owner, claim.number),
                ).fetchall()
                if not found:
                    lost.add(claim.id)
                elif found[0][0]:
                    to_cancel.add(claim.id)
            return Heartbeat(lost=frozenset(lost), to_cancel=frozenset(to_cancel), lasts=lease)

        return await self._database.write(operation)

    async def append(
        self, claim: Claim, write: LogWrite, *, messages: Sequence[NewMessage] = ()
    ) -> None:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> None:
            appended = connection.execute(
                _APPEND_IF_HELD,
                (
                    write.position,
                    write.entries,
                    write.sealed,
                    *_fence(claim),
                ),
            ).rowcount
            if not appended:
                raise LeaseLost(claim.id)
            _rewrite(connection, claim.execution.seq, write.rewritten)
            insert_messages(connection, messages)

        await self._database.write(operation)

    async def sleep(
        self,
        claim: Claim,
        write: LogWrite,
        *,
        wake_at: datetime,
        at: datetime,
        messages: Sequence[NewMessage] = (),
    ) -> None:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> None:
            ahead = max(0, self._lease_clock.now_ms() - to_ms(at))
            _update_held(
                connection,
                claim,
                "status = 'DELAYED', owner = NULL, takeovers = 0, updated_at = ?,"
                # One that is to be cancelled wakes at once, and ends then.
                " ready_at = CASE WHEN cancel_requested THEN 0 ELSE ? END",
                (to_ms(at), to_ms(wake_at) + (ahead if ahead > _AGREES_WITHIN_MS else 0)),
            )
            _append(connection, claim.execution.seq, write)
            insert_messages(connection, messages)

        await self._database.write(operation)

    async def finish(
        self, claim: Claim, finish: Finish, *, messages: Sequence[NewMessage] = ()
    ) -> None:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> None:
            _update_held(connection, claim, _ENDING, _ending(finish))
            _rewrite(connection, claim.execution.seq, finish.rewritten)
            insert_messages(connection, messages)

        await self._database.write(operation)

    async def release(self, claim: Claim) -> None:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> None:
            # Still RUNNING, under nobody: the next claim is a take-over and keeps the clock.
            _update_held(connection, claim, "owner = NULL, ready_at = 0", ())

        with suppress(LeaseLost):
            await self._database.write(operation)

    async def recover(self, owner: str) -> int:
        """See ``ExecutionStore``."""
        return await self._database.write(
            lambda c: (
                c.execute(
                    "UPDATE executions SET ready_at = 0, owner = NULL"
                    " WHERE ready_at IS NOT NULL AND status = 'RUNNING' AND owner IS NOT ?",
                    (owner,),
                ).rowcount
            )
        )

    async def cancel(self, id_: str, *, finish: Finish) -> CancelAnswer:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> CancelAnswer:
            found = connection.execute(
                "SELECT status, owner FROM executions WHERE id = ?", (id_,)
            ).fetchone()
            if found is None:
                return CancelAnswer.MISSING
            status, owner = ExecutionStatus(found[0]), found[1]
            if status.is_terminal:
                return CancelAnswer.ENDED
            if status is ExecutionStatus.RUNNING and owner is not None:
                connection.execute(
                    "UPDATE executions SET cancel_requested = 1 WHERE id = ?", (id_,)
                )
                return CancelAnswer.REQUESTED
            connection.execute(
                f"UPDATE executions SET {_ENDING} WHERE id = ?", (*_ending(finish), id_)
            )
            return CancelAnswer.CANCELLED

        return await self._database.write(operation)

    async def reopen(
        self, id_: str, *, claim_number: int, write: LogWrite | None, at: datetime
    ) -> bool:
        """See ``ExecutionStore``."""

        def operation(connection: sqlite3.Connection) -> bool:
            reopened = connection.execute(
                "UPDATE executions SET status = 'QUEUED', ready_at = 0, ended_at = NULL,"
                " final = NULL, resume = NULL, error = NULL, owner = NULL, cancel_requested = 0,"
                " claim = claim + 1, updated_at = ?"
                " WHERE id = ? AND claim = ? AND status IN ('FAILED', 'CANCELLED') RETURNING seq",
                (to_ms(at), id_, claim_number),
            ).fetchall()
            if reopened and write is not None:
                _append(connection, reopened[0][0], write)
            return bool(reopened)

        return await self._database.write(operation)


_ENDING: Final = (
    "status = ?, owner = NULL, ready_at = NULL, cancel_requested = 0, ended_at = ?,"
    " updated_at = ?, final = ?, resume = ?, error = ?"
)


def _ending(finish: Finish) -> tuple[object, ...]:
    ended_at = to_ms(finish.at)
    return str(finish.status), ended_at, ended_at, finish.final, finish.resume, finish.error


def _create(connection: sqlite3.Connection, new: NewExecution) -> Created:
    connection.execute(
        "INSERT INTO flow_snapshots (digest, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (new.flow_digest, new.snapshot),
    )
    created_at = to_ms(new.created_at)
    inserted = connection.execute(
        _INSERT,
        (
            new.id,
            new.flow_id,
            new.flow_name,
            new.flow_version,
            new.flow_digest,
            new.trace_id,
            new.journey_id,
            created_at,
            created_at,
            0 if new.not_before is None else to_ms(new.not_before),
            new.idempotency_key,
            new.batch_id,
            new.payload,
        ),
    ).rowcount
    if inserted > 0:
        return Created(id=new.id, is_new=True)
    found = connection.execute(
        "SELECT id FROM executions WHERE flow_id = ? AND idempotency_key = ?",
        (new.flow_id, new.idempotency_key),
    ).fetchone()
    # Without a key the conflict is over the id itself: the same call came twice.
    return Created(id=new.id if found is None else found[0], is_new=False)


# A row is whatever COLUMNS names; sqlite3 types it as Any.
def _claim(connection: sqlite3.Connection, row: tuple[Any, ...], owner: str) -> Claim:
    execution = execution_row(row)
    earlier = log_rows(connection, execution.seq) if execution.claim_number > 1 else []
    return Claim(
        execution=execution,
        owner=owner,
        number=execution.claim_number,
        clock_at=execution.clock_at or execution.updated_at,
        takeovers=execution.takeovers,
        log=tuple(earlier),
    )


def _update_held(
    connection: sqlite3.Connection, claim: Claim, assignments: str, values: tuple[object, ...]
) -> None:
    changed = connection.execute(
        f"UPDATE executions SET {assignments} WHERE {_HELD}",
        (*values, *_fence(claim)),
    ).rowcount
    if not changed:
        raise LeaseLost(claim.id)


def _fence(claim: Claim) -> tuple[int, str, int]:
    """Return the values of ``_HELD``."""
    return claim.execution.seq, claim.owner, claim.number


def _append(connection: sqlite3.Connection, seq: int, write: LogWrite) -> None:
    _rewrite(connection, seq, write.rewritten)
    connection.execute(
        "INSERT INTO execution_log (execution_seq, position, entries, sealed) VALUES (?, ?, ?, ?)",
        (seq, write.position, write.entries, write.sealed),
    )


def _rewrite(connection: sqlite3.Connection, seq: int, rows: Sequence[LogRow]) -> None:
    for row in rows:
        connection.execute(
            "UPDATE execution_log SET entries = ? WHERE execution_seq = ? AND position = ?",
            (row.entries, seq, row.position),
        )
