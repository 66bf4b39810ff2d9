"""Notifications on their way out: what a flow rendered, before any provider has seen it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["Channel", "EmailContent", "MessageContent", "PhoneContent", "QueuedMessage"]


class Channel(StrEnum):
    """How a message reaches a person."""

    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


class EmailContent(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered email; where *sender_email* is ``None``, the provider's own address is used.

    *language* is a BCP 47 tag; *list_unsubscribe* the value of that header (RFC 2369).
    """

    to: str
    subject: str
    html: str
    sender_email: str | None = None
    sender_name: str | None = None
    language: str | None = None
    list_unsubscribe: str | None = None

    def as_json(self) -> JsonObject:
        """Return ``{to, subject, html, from: {email, name} | null, language, …}``."""
        sender: JsonObject | None = None
        if self.sender_email is not None:
            sender = {"email": self.sender_email, "name": self.sender_name}
        return {
            "to": self.to,
            "subject": self.subject,
            "html": self.html,
            "from": sender,
            "language": self.language,
            "list_unsubscribe": self.list_unsubscribe,
        }


class PhoneContent(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered text message or spoken text; *sender* ``None`` means the provider's own number."""

    to: str
    text: str
    sender: str | None = None
    language: str | None = None

    def as_json(self) -> JsonObject:
        """Return ``{to, text, from, language}``."""
        return {"to": self.to, "text": self.text, "from": self.sender, "language": self.language}


MessageContent: TypeAlias = "EmailContent | PhoneContent"


class QueuedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a step hands to the outbox, in the transaction that completes the step."""

    channel: Channel
    content: MessageContent
