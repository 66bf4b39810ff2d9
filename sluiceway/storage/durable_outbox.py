"""The outbox's half of the durable port: messages on their way out, with leases and attempts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sluiceway.models.delivery import DeliveryReport
    from sluiceway.models.json import JsonObject

__all__ = ["NewMessage", "OutboxFilter", "OutboxRow", "OutboxStatus", "OutboxStore"]


class OutboxStatus(StrEnum):
    """Where a message stands; the last three are final until an operator says otherwise."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    DEAD = "DEAD"
    DISCARDED = "DISCARDED"


class NewMessage(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A message to keep in the transaction that completes its step.

    *idempotency_key* is ``execution_id:step_id[:n]``; a second message with it is not kept.
    *shown* is masked JSON for lists; *sealed* is the content, opened with identity ``outbox/{id}``.
    """

    withheld = frozenset({"sealed"})

    id: str
    idempotency_key: str
    execution_id: str
    step_id: str
    queue: str
    channel: str
    created_at: datetime
    shown: JsonObject
    sealed: bytes


class OutboxRow(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One message; *history* lists its attempts, newest last; *receipt* is ``provider:its id``.

    *delivery* is how far the provider says it came, *reports* what it said, in order of arrival.
    """

    withheld = frozenset({"sealed"})

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
    sealed: bytes
    ready_at: datetime | None = None
    owner: str | None = None
    claim_number: int = 0
    attempts: int = 0
    history: tuple[JsonObject, ...] = ()
    receipt: str | None = None
    delivery: str | None = None
    reports: tuple[JsonObject, ...] = ()


class OutboxFilter(msgspec.Struct, frozen=True, kw_only=True):
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
