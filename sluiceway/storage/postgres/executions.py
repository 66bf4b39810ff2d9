"""Executions in PostgreSQL: see ``ExecutionStore``. Absurd has the queue and leases."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, overload

import psycopg

from sluiceway.storage.columns import to_ms
from sluiceway.storage.durable import CancelAnswer, Claim, Created, Heartbeat, LeaseLost, LogRow
from sluiceway.storage.execution_rows import COLUMNS, execution_row
from sluiceway.storage.postgres.execution_lists import PostgresExecutionLists
from sluiceway.storage.postgres.messages import put_message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from sluiceway.storage.durable import Finish, LogWrite, NewExecution, NewMessage
    from sluiceway.storage.postgres.bell import Bell
    from sluiceway.storage.postgres.clock import ServerClock
    from sluiceway.storage.postgres.database import PostgresDatabase, Statement

__all__ = ["PostgresExecutionStore", "whole_seconds"]

_CREATE: Final = (
    "SELECT id, is_new FROM sluiceway.create_execution(%s, %s, %s, %s::integer, %s, %s, %s, %s,"
    " %s::bigint, %s::bigint, %s, %s, %s, %s::bigint)"
)
_CLAIM: Final = (
    f"SELECT {COLUMNS} FROM sluiceway.claim_executions(%s, %s::integer, %s::integer, %s::bigint,"
    " %s::text[], %s::bigint)"
)
_BEAT: Final = (
    "SELECT id, is_to_cancel FROM sluiceway.beat(%s, %s::text[], %s::integer[], %s::integer,"
    " %s::bigint)"
)
_APPEND: Final = "SELECT sluiceway.append(%s, %s, %s::integer, %s::integer, %s, %s)"
_REWRITE: Final = "SELECT sluiceway.rewrite(%s, %s::integer, %s)"
_SLEEP: Final = (
    "SELECT sluiceway.sleep_execution(%s, %s, %s::integer, %s::bigint, %s::bigint, %s::bigint)"
)
_FINISH: Final = (
    "SELECT sluiceway.finish_execution(%s, %s, %s::integer, %s, %s::bigint, %s, %s, %s)"
)
_RELEASE: Final = "SELECT sluiceway.release_execution(%s, %s, %s::integer, %s::bigint)"
_CANCEL: Final = "SELECT sluiceway.cancel_execution(%s, %s, %s::bigint, %s, %s, %s, %s::bigint)"
_REOPEN: Final = (
    "SELECT sluiceway.reopen_execution(%s, %s::integer, %s::bigint, %s::integer, %s, %s,"
    " %s::bigint)"
)
_LOGS: Final = (
    "SELECT execution_id, position, entries, sealed FROM sluiceway.execution_log"
    " WHERE execution_id = ANY (%s) ORDER BY execution_id, position"
)
_TIDY_EVERY_S: Final = 10.0


def whole_seconds(span: timedelta) -> int:
    """Return *span* as Absurd takes leases: in whole seconds, at least one."""
    return max(1, -(-span // timedelta(seconds=1)))


class PostgresExecutionStore(PostgresExecutionLists):
    """Executions, their leases and their journal."""

    def __init__(self, database: PostgresDatabase, clock: ServerClock, bell: Bell) -> None:
        """Keep them in *database*."""
        super().__init__(database)
        self._clock = clock
        self._bell = bell
        self._tidied_s = 0.0

    def watch(self, ring: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """See ``ExecutionStore``."""
        return self._bell.watch(ring)

    async def create(self, new: NewExecution) -> Created:
        """See ``ExecutionStore``."""
        (created,) = await self.create_many([new])
        return created

    async def create_many(self, new: Sequence[NewExecution]) -> list[Created]:
        """See ``ExecutionStore``."""
        rows = await self._write(*(self._creation(one) for one in new))
        self._bell.ring()
        return [Created(id=id_, is_new=is_new) for id_, is_new in rows]

    def _creation(self, new: NewExecution) -> Statement:
        return _CREATE, (
            new.id,
            new.flow_id,
            _text(new.flow_name),
            new.flow_version,
            new.flow_digest,
            new.snapshot,
            new.trace_id,
            new.journey_id,
            to_ms(new.created_at),
            to_ms(new.not_before),
            new.idempotency_key,
            new.batch_id,
            new.payload,
            self._clock.at(new.created_at),
        )

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
        await self._tidy_now_and_then()
        values = (owner, limit, whole_seconds(lease), to_ms(now), list(holding))
        rows = await self._write((_CLAIM, (*values, self._clock.at(now))))
        executions = sorted((execution_row(row) for row in rows), key=lambda row: row.seq)
        resumed = [row.id for row in executions if row.claim_number > 1]
        logs: dict[str, list[LogRow]] = {id_: [] for id_ in resumed}
        if resumed:
            # Only this claim may write to them from here on, so that this is all there is.
            for id_, position, entries, sealed in await self._database.read(_LOGS, (resumed,)):
                logs[id_].append(LogRow(position=position, entries=entries, sealed=sealed))
        return [
            Claim(
                execution=row,
                owner=owner,
                number=row.claim_number,
                clock_at=row.clock_at or row.updated_at,
                takeovers=row.takeovers,
                log=tuple(logs.get(row.id, ())),
            )
            for row in executions
        ]

    async def _tidy_now_and_then(self) -> None:
        now_s = time.monotonic()
        if now_s - self._tidied_s > _TIDY_EVERY_S:
            self._tidied_s = now_s
            await self._write(("SELECT sluiceway.tidy(%s::bigint)", (self._clock.at(),)))

    async def heartbeat(
        self, owner: str, claims: Sequence[Claim], *, lease: timedelta
    ) -> Heartbeat:
        """See ``ExecutionStore``."""
        ids = [claim.id for claim in claims]
        numbers = [claim.number for claim in claims]
        rows = await self._write(
            (_BEAT, (owner, ids, numbers, whole_seconds(lease), self._clock.at()))
        )
        held = {id_ for id_, _ in rows}
        return Heartbeat(
            lost=frozenset(ids) - held,
            to_cancel=frozenset(id_ for id_, is_to_cancel in rows if is_to_cancel),
            # Leases are renewed once a third is gone.
            lasts=lease * 0.66,
        )

    async def append(
        self, claim: Claim, write: LogWrite, *, messages: Sequence[NewMessage] = ()
    ) -> None:
        """See ``ExecutionStore``."""
        await self._write_held(claim, self._appending(claim, write), messages)

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
        fence = (claim.id, claim.owner, claim.number)
        times = (to_ms(wake_at), to_ms(at), self._clock.at(at))
        asleep: Statement = (_SLEEP, (*fence, *times))
        await self._write_held(claim, [*self._appending(claim, write), asleep], messages)

    async def finish(
        self, claim: Claim, finish: Finish, *, messages: Sequence[NewMessage] = ()
    ) -> None:
        """See ``ExecutionStore``."""
        ended: Statement = (_FINISH, (claim.id, claim.owner, claim.number, *_ending(finish)))
        await self._write_held(claim, [ended, *_rewritings(claim.id, finish.rewritten)], messages)

    async def release(self, claim: Claim) -> None:
        """See ``ExecutionStore``."""
        fence = (claim.id, claim.owner, claim.number)
        with suppress(LeaseLost):
            await self._write_held(claim, [(_RELEASE, (*fence, self._clock.at()))], ())
            self._bell.ring()

    async def recover(self, owner: str) -> int:
        """See ``ExecutionStore``. Who is dead shows when a lease runs out, and not before."""
        del owner
        return 0

    async def cancel(self, id_: str, *, finish: Finish) -> CancelAnswer:
        """See ``ExecutionStore``."""
        ((answer,),) = await self._write(
            (_CANCEL, (id_, *_ending(finish), self._clock.at())), order=id_
        )
        return CancelAnswer(answer)

    async def reopen(
        self, id_: str, *, claim_number: int, write: LogWrite | None, at: datetime
    ) -> bool:
        """See ``ExecutionStore``."""
        mark = (
            (None, None, None) if write is None else (write.position, write.entries, write.sealed)
        )
        values = (id_, claim_number, to_ms(at), *mark, self._clock.at(at))
        ((is_open,),) = await self._write((_REOPEN, values), order=id_)
        self._bell.ring()
        return bool(is_open)

    def _appending(self, claim: Claim, write: LogWrite) -> list[Statement]:
        fence = (claim.id, claim.owner, claim.number)
        appended: Statement = (_APPEND, (*fence, write.position, write.entries, write.sealed))
        return [appended, *_rewritings(claim.id, write.rewritten)]

    async def _write_held(
        self, claim: Claim, statements: Sequence[Statement], messages: Sequence[NewMessage]
    ) -> None:
        """Write what only the claim's holder may; its messages stand or fall with it."""
        queued = [put_message(message, self._clock) for message in messages]
        try:
            await self._database.write(*statements, *queued, order=claim.id)
        except psycopg.Error as error:
            # Ours, or Absurd's: its run was given up, was cancelled, or is no longer running.
            raise LeaseLost(claim.id) from error


def _rewritings(id_: str, rows: Sequence[LogRow]) -> list[Statement]:
    return [(_REWRITE, (id_, row.position, row.entries)) for row in rows]


def _ending(finish: Finish) -> tuple[object, ...]:
    return (str(finish.status), to_ms(finish.at), finish.final, finish.resume, _text(finish.error))


@overload
def _text(text: str) -> str: ...
@overload
def _text(text: None) -> None: ...
def _text(text: str | None) -> str | None:
    """Return *text* as PostgreSQL can keep it: without the one character that it cannot."""
    return text if text is None else text.replace("\0", "\N{SYMBOL FOR NULL}")
