"""The interfaces of what must survive a crash: executions with their journal, and the outbox.

This is the narrow port that the engine runs on. An adapter keeps rows and leases; it knows nothing
of flows, expressions or masks, and what it is given to keep is masked or sealed already.

A *claim* is one worker's right to an execution, and it is numbered: each take-over counts one up,
and every write names its claim, so that a worker that was frozen beyond its lease cannot overwrite
what its successor did.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, timedelta

    from sluiceway.models.delivery import DeliveryReport
    from sluiceway.models.execution import ExecutionStatus
    from sluiceway.models.json import JsonObject

__all__ = [
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """An execution to be. *payload* and *snapshot* are sealed; *flow_digest* names the snapshot."""

    id: str
    flow_id: str
    flow_name: str
    flow_version: int
    flow_digest: str
    trace_id: str
    created_at: datetime
    payload: bytes = field(repr=False)
    snapshot: bytes = field(repr=False)
    journey_id: str | None = None
    idempotency_key: str | None = None
    not_before: datetime | None = None
    batch_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The id of the execution that has the idempotency key, and whether it is the new one."""

    id: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRow:
    """One execution as it is kept.

    *final* is masked JSON, written when it ended; *resume* is sealed: where it stopped.
    *ready_at* is when it may be claimed next: the end of the lease while it runs.
    """

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
    payload: bytes = field(repr=False)
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
    final: bytes | None = field(default=None, repr=False)
    resume: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One durable write of a running execution.

    *entries* is a JSON array of masked events; *sealed* is what only resuming needs.
    """

    position: int
    entries: bytes
    sealed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWrite:
    """What to append, and earlier rows whose entries are put anew because more is masked now."""

    position: int
    entries: bytes
    sealed: bytes | None = field(default=None, repr=False)
    rewritten: tuple[LogRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """How an execution ended: *final* and *error* are masked JSON, *resume* is sealed."""

    status: ExecutionStatus
    at: datetime
    final: bytes
    error: str | None = None
    resume: bytes | None = field(default=None, repr=False)
    rewritten: tuple[LogRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """What a worker learns when it renews its leases: ids that it lost, and ids to cancel."""

    lost: frozenset[str]
    to_cancel: frozenset[str]


class CancelAnswer(StrEnum):
    """What became of a request to cancel."""

    CANCELLED = "cancelled"
    REQUESTED = "requested"
    """It is running: its worker has to stop it."""
    ENDED = "ended"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions to list. *text* matches ids, the flow's name and the error, any case."""

    flow_id: str | None = None
    statuses: tuple[ExecutionStatus, ...] = ()
    created_from: datetime | None = None
    created_before: datetime | None = None
    text: str | None = None
    batch_id: str | None = None


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

    async def withdraw_cancel(self, id_: str) -> None:
        """Take a noted request back."""
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

    async def rewrap(self, id_: str, *, payload: bytes, resume: bytes | None) -> bool:
        """Put an execution's sealed parts in place of the old, sealed with another key."""
        ...


class OutboxStatus(StrEnum):
    """Where a message stands; the last three are final until an operator says otherwise."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    DEAD = "DEAD"
    DISCARDED = "DISCARDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to keep in the transaction that completes its step.

    *idempotency_key* is ``execution_id:step_id[:n]``; a second message with it is not kept.
    *shown* is masked JSON for lists; *sealed* is the content, opened with identity ``outbox/{id}``.
    """

    id: str
    idempotency_key: str
    execution_id: str
    step_id: str
    queue: str
    channel: str
    created_at: datetime
    shown: JsonObject
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One message; *history* lists its attempts, newest last; *receipt* is ``provider:its id``.

    *delivery* is how far the provider says it came, *reports* what it said, in order of arrival.
    """

    seq: int
    id: str
    idempotency_key: str
    execution_id: str
    step_id: str
    queue: str
    channel: str
    status: OutboxStatus
    created_at: datetime
    updated_at: datetime
    shown: JsonObject
    sealed: bytes = field(repr=False)
    ready_at: datetime | None = None
    owner: str | None = None
    claim_number: int = 0
    attempts: int = 0
    history: tuple[JsonObject, ...] = ()
    receipt: str | None = None
    delivery: str | None = None
    reports: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFilter:
    """Which messages to list. *text* matches what lists show of a message, any case.

    *deliveries* are values of ``DeliveryStatus``: how far a provider says that a message came.
    """

    statuses: tuple[OutboxStatus, ...] = ()
    deliveries: tuple[str, ...] = ()
    queue: str | None = None
    execution_id: str | None = None
    text: str | None = None


class OutboxStore(Protocol):
    """Messages on their way out, a queue each for email, text messages and calls.

    A step's completion puts them in (``ExecutionStore.append``); a delivery loop claims, tries,
    and says what came of it, naming the claim. ``LeaseLost`` means that another loop has it now.
    """

    async def enqueue(self, message: NewMessage) -> bool:
        """Keep a message that belongs to no step; tell whether its key was new."""
        ...

    async def claim(
        self, queue: str, owner: str, *, limit: int, lease: timedelta, now: datetime
    ) -> list[OutboxRow]:
        """Take up to *limit* messages of *queue* that are due, or whose lease ran out."""
        ...

    async def heartbeat(
        self, rows: Sequence[OutboxRow], *, lease: timedelta, now: datetime
    ) -> None:
        """Renew the leases of *rows*."""
        ...

    async def mark_sent(self, row: OutboxRow, *, at: datetime, receipt: str | None) -> None:
        """The provider took it."""
        ...

    async def mark_failed(
        self, row: OutboxRow, *, at: datetime, error: JsonObject, retry_at: datetime | None
    ) -> None:
        """The attempt failed: try again at *retry_at*, or give up (DEAD) where that is ``None``."""
        ...

    async def postpone(self, row: OutboxRow, *, until: datetime, at: datetime) -> None:
        """Put it back without counting an attempt: the provider's limit is used up."""
        ...

    async def retry(self, id_: str, *, at: datetime) -> bool:
        """Queue a message again that is DEAD or DISCARDED; tell whether it was one."""
        ...

    async def discard(self, id_: str, *, at: datetime) -> bool:
        """Never send it; tell whether it was waiting or DEAD."""
        ...

    async def note_report(self, id_: str, report: DeliveryReport) -> bool:
        """Keep what a provider reported; tell whether it was new. One of the same id is not kept.

        *delivery* becomes ``latest_status``; the message's own status stays.
        """
        ...

    async def find_by_receipt(self, receipt: str) -> OutboxRow | None:
        """Return the message that was sent with *receipt*, the newest where there are several."""
        ...

    async def get(self, id_: str) -> OutboxRow | None:
        """Return one message."""
        ...

    async def list(
        self,
        matching: OutboxFilter,
        *,
        limit: int = 50,
        offset: int = 0,
        before_seq: int | None = None,
    ) -> list[OutboxRow]:
        """Return one page, newest first."""
        ...

    async def count_by_status(self) -> dict[OutboxStatus, int]:
        """Return how many messages stand where; every status is there."""
        ...

    async def next_ready_at(self, queue: str) -> datetime | None:
        """Return the earliest moment at which something of *queue* may be claimed."""
        ...

    async def prune(self, *, ended_before: datetime, limit: int = 200) -> int:
        """Delete up to *limit* messages that were sent or discarded earlier."""
        ...
