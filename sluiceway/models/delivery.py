"""What became of a message after a provider took it: one vocabulary for all providers."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.json import JsonObject

__all__ = ["DeliveryReport", "DeliveryStatus", "latest_status"]


class DeliveryStatus(StrEnum):
    """How far a message came. Reports may arrive twice and out of order: the furthest counts."""

    QUEUED = "queued"
    """The provider has it and is trying, or will try again."""
    SENT = "sent"
    """It was handed on: to the provider, the recipient's mail server or the network."""
    DELIVERED = "delivered"
    """The recipient's mail server, phone or ear took it."""
    FAILED = "failed"
    """The provider gave up, or never tried."""
    BOUNCED = "bounced"
    """The recipient's mail server refused it."""
    COMPLAINED = "complained"
    """The recipient called it spam."""


_ORDER: Final = {status: place for place, status in enumerate(DeliveryStatus)}


class DeliveryReport(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a provider reported about one message.

    Attributes:
        id: the provider's name for the report; the same whenever it is sent again.
        status: what it means.
        event: what the provider calls it.
        at: when it happened, by the provider's clock.
        message_id: our id of the message, where the provider hands it back.
        receipt: ``provider:its id`` of the message, where our id is not handed back.
        detail: the provider's words about it, ``""`` where it has none.
    """

    id: str
    status: DeliveryStatus
    event: str
    at: datetime
    message_id: str = ""
    receipt: str = ""
    detail: str = ""

    def as_json(self) -> JsonObject:
        """Return what the outbox keeps of it."""
        shown: JsonObject = {
            "id": self.id,
            "status": str(self.status),
            "event": self.event,
            "at": format_timestamp(self.at),
        }
        if self.detail:
            shown["detail"] = self.detail
        return shown


def latest_status(known: str | None, reported: DeliveryStatus) -> DeliveryStatus:
    """Return the further one of what was *known* and what is *reported*."""
    if known is None:
        return reported
    return max(DeliveryStatus(known), reported, key=_ORDER.__getitem__)
