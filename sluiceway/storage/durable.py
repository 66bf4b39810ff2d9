"""The interfaces of what must survive a crash: executions with their journal, and the outbox.

This is the narrow port that the engine runs on. An adapter keeps rows and leases; it knows nothing
of flows, expressions or masks, and what it is given to keep is masked or sealed already.

A *claim* is one worker's right to an execution, and it is numbered: each take-over counts one up,
and every write names its claim, so that a worker that was frozen beyond its lease cannot overwrite
what its successor did.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.storage.durable_outbox import (
    NewMessage,
    OutboxFilter,
    OutboxRow,
    OutboxStatus,
    OutboxStore,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from sluiceway.models.execution import ExecutionStatus

__all__ = [
    "BatchRowCounts",
    "CancelAnswer",
    "Claim",
    "Created",
    "ExecutionFilter",
    "ExecutionRow",
    "ExecutionStore",
    "Finish",
    "Heartbeat",
    "LeaseLost",
    "LogRow",
    "LogWrite",
    "NewExecution",
    "NewMessage",
    "OutboxFilter",
    "OutboxRow",
    "OutboxStatus",
    "OutboxStore",
]


class LeaseLost(Exception):
    """The claim is no longer this worker's: stop, and write nothing more for it."""


class NewExecution(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """An execution to be. *payload* and *snapshot* are sealed; *flow_digest* names the snapshot."""

    withheld = frozenset({"payload", "snapshot"})

    id: str
    flow_id: str
    flow_name: str
    flow_version: int
    flow_digest: str
    trace_id: str
    created_at: datetime
    payload: bytes
    snapshot: bytes
    journey_id: str | None = None
    idempotency_key: str | None = None
    not_before: datetime | None = None
    batch_id: str | None = None


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """The id of the execution that has the idempotency key, and whether it is the new one."""

    id: str
    is_new: bool


class ExecutionRow(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One execution as it is kept.

    *final* is masked JSON, written when it ended; *resume* is sealed: where it stopped.
    *ready_at* is when it may be claimed next: the end of the lease while it runs.
    """

    withheld = frozenset({"payload", "final", "resume"})

    seq: int
    id: str
    flow_id: str
    flow_name: str
    flow_version: int
    flow_digest: str
    trace_id: str
    status: ExecutionStatus
    created_at: datetime
    updated_at: datetime
    payload: bytes
    journey_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ready_at: datetime | None = None
    clock_at: datetime | None = None
    claim_number: int = 0
    takeovers: int = 0
    cancel_requested: bool = False
    idempotency_key: str | None = None
    batch_id: str | None = None
    final: bytes | None = None
    resume: bytes | None = None


class LogRow(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One durable write of a running execution.

    *entries* is a JSON array of masked events; *sealed* is what only resuming needs.
    """

    withheld = frozenset({"sealed"})

    position: int
    entries: bytes
    sealed: bytes | None = None


class LogWrite(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What to append, and earlier rows whose entries are put anew because more is masked now."""

    withheld = frozenset({"sealed"})

    position: int
    entries: bytes
    sealed: bytes | None = None
    rewritten: tuple[LogRow, ...] = ()


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's right to run one execution.

    *clock_at* is the execution's clock reading: taken at the first claim and at each wake-up, the
    same again after a take-over. *log* is what earlier claims wrote. *takeovers* counts the claims
    in a row that ended by a lease running out.
    """

    execution: ExecutionRow
    owner: str
    number: int
    clock_at: datetime
    takeovers: int = 0
    log: tuple[LogRow, ...] = ()

    @property
    def id(self) -> str:
        """The execution's id."""
        return self.execution.id


class Finish(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """How an execution ended: *final* and *error* are masked JSON, *resume* is sealed."""

    withheld = frozenset({"resume"})

    status: ExecutionStatus
    at: datetime
    final: bytes
    error: str | None = None
    resume: bytes | None = None
    rewritten: tuple[LogRow, ...] = ()


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker learns when it renews its leases: ids that it lost, and ids to cancel.

    *lasts* is for how long, from when it asked, the other leases hold at the least.
    """

    lost: frozenset[str]
    to_cancel: frozenset[str]
    lasts: timedelta


class CancelAnswer(StrEnum):
    """What became of a request to cancel."""

    CANCELLED = "cancelled"
    REQUESTED = "requested"
    """It is running: its worker has to stop it."""
    ENDED = "ended"
    MISSING = "missing"


class ExecutionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which executions to list. *text* matches ids, the flow's name and the error, any case.

    *flow* is a flow's id or its name.
    """

    flow_id: str | None = None
    flow: str | None = None
    statuses: tuple[ExecutionStatus, ...] = ()
    created_from: datetime | None = None
    created_before: datetime | None = None
    text: str | None = None
    batch_id: str | None = None


class BatchRowCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows of a batch stand where; *flow_name* is that of its last row's flow."""

    id: str
    flow_id: str
    flow_name: str
    started_at: datetime
    counts: dict[ExecutionStatus, int]


class ExecutionStore(Protocol):
    """Executions, their leases and their journal.

    Every method raises ``StorageError`` when the database cannot be reached or is full. Those that
    take a claim raise ``LeaseLost`` where it is not the execution's latest.
    """

    async def create(self, new: NewExecution) -> Created:
        """Keep a new execution, or find the one of that flow with the same idempotency key."""
        ...

    async def create_many(self, new: Sequence[NewExecution]) -> list[Created]:
        """Keep several in one transaction; answers in the order given."""
        ...

    async def claim(
        self,
        owner: str,
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
        holding: Collection[str] = (),
    ) -> list[Claim]:
        """Take up to *limit* executions that wait, woke up, or whose lease ran out, oldest first.

        *now* is the owner's wall clock, for records and for delays; leases run on the store's own
        clock. *holding* are the ids that *owner* still runs: they are never given to it again.
        """
        ...

    def watch(self, ring: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """Call *ring*, within the context, whenever another process has made work to claim.

        It is a courtesy that spares polling: rings may be missed, and workers look by themselves.
        """
        ...

    async def next_ready_at(self) -> datetime | None:
        """Return the earliest moment at which something that sleeps may be claimed."""
        ...

    async def heartbeat(
        self, owner: str, claims: Sequence[Claim], *, lease: timedelta
    ) -> Heartbeat:
        """Renew the leases of *claims*."""
        ...

    async def append(
        self, claim: Claim, write: LogWrite, *, messages: Sequence[NewMessage] = ()
    ) -> None:
        """Journal a step, with its messages in the same transaction."""
        ...

    async def sleep(
        self,
        claim: Claim,
        write: LogWrite,
        *,
        wake_at: datetime,
        at: datetime,
        messages: Sequence[NewMessage] = (),
    ) -> None:
        """Journal a step and give the execution up until *wake_at*."""
        ...

    async def finish(
        self, claim: Claim, finish: Finish, *, messages: Sequence[NewMessage] = ()
    ) -> None:
        """End the execution."""
        ...

    async def release(self, claim: Claim) -> None:
        """Give an unfinished execution back at once: another worker may claim it."""
        ...

    async def recover(self, owner: str) -> int:
        """Free what dead incarnations held where that can be known; return how many.

        An embedded store knows: it has one process, so every other owner is dead.
        """
        ...

    async def cancel(self, id_: str, *, finish: Finish) -> CancelAnswer:
        """End the execution with *finish* if nobody runs it, else note the request."""
        ...

    async def reopen(
        self, id_: str, *, claim_number: int, write: LogWrite | None, at: datetime
    ) -> bool:
        """Make an execution that FAILED or was CANCELLED wait again, keeping its journal.

        Tells whether it stood as *claim_number* says; *write* marks the retry in the journal.
        """
        ...

    async def get(self, id_: str) -> ExecutionRow | None:
        """Return one execution."""
        ...

    async def log(self, id_: str, *, after: int = -1) -> list[LogRow]:
        """Return the journal rows whose position is over *after*, in order."""
        ...

    async def snapshot(self, digest: str) -> bytes | None:
        """Return the sealed flow that executions with this digest started with."""
        ...

    async def batches(self, *, limit: int = 50) -> list[BatchRowCounts]:
        """Return the batches there are, the one whose rows were started last first."""
        ...

    async def list(
        self,
        matching: ExecutionFilter,
        *,
        limit: int = 50,
        offset: int = 0,
        before_seq: int | None = None,
    ) -> list[ExecutionRow]:
        """Return one page, newest first; *before_seq* goes on after the last row of a page."""
        ...

    async def count(self, matching: ExecutionFilter) -> int:
        """Return how many match."""
        ...

    async def count_by_status(self) -> dict[ExecutionStatus, int]:
        """Return how many executions stand where; every status is there."""
        ...

    async def delete(self, id_: str) -> bool:
        """Delete an execution that ended; tell whether it was there. One that lives stays."""
        ...

    async def prune(self, *, ended_before: datetime, limit: int = 200) -> int:
        """Delete up to *limit* executions that ended earlier, and give the space back."""
        ...
