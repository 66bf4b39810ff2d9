"""From what a step queued to a message with nothing left to look up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sluiceway.errors import ProviderRejected
from sluiceway.providers.addresses import parse_address, parse_phone_number
from sluiceway.providers.base import EmailMessage, PhoneMessage
from sluiceway.providers.html_text import html_to_text

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.message import Channel, EmailContent, PhoneContent

__all__ = ["CAPTURE_SENDER", "Posting", "resolve_email", "resolve_phone"]

CAPTURE_SENDER: Final = "no-reply@sluiceway.invalid"
"""The sender of captured emails where nothing names one (RFC 2606: no such domain can exist)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What the outbox knows of a message beside its content; *at* is when this try began."""

    id: str
    idempotency_key: str
    created_at: datetime
    at: datetime


def resolve_email(
    content: EmailContent, posting: Posting, *, default_from: str | None
) -> EmailMessage:
    """Return the email; its ``Message-ID`` is the same for every try of one posting.

    Raises:
        ProviderRejected: the recipient or the sender is no address, or there is no sender.
    """
    if content.sender_email is not None:
        sender = parse_address(content.sender_email, role="sender", name=content.sender_name)
    elif default_from:
        sender = parse_address(default_from, role="default sender")
    else:
        raise ProviderRejected(
            "expected a sender address, found none",
            hint="Set default_from_address of the email provider, or from in the step.",
        )
    return EmailMessage(
        id=posting.id,
        idempotency_key=posting.idempotency_key,
        sender=sender,
        to=parse_address(content.to, role="recipient"),
        subject=" ".join(content.subject.split()),
        html=content.html,
        text=html_to_text(content.html),
        message_id=f"<{posting.id}@{sender.domain}>",
        created_at=posting.created_at,
        at=posting.at,
    )


def resolve_phone(content: PhoneContent, posting: Posting, *, channel: Channel) -> PhoneMessage:
    """Return the text message or call.

    Raises:
        ProviderRejected: the recipient is no phone number, or the sender holds control characters.
    """
    sender = (content.sender or "").strip()
    if not sender.isprintable():
        raise ProviderRejected("expected a sender without control characters, found one")
    return PhoneMessage(
        id=posting.id,
        idempotency_key=posting.idempotency_key,
        channel=channel,
        to=parse_phone_number(content.to),
        text=content.text,
        created_at=posting.created_at,
        at=posting.at,
        sender=sender or None,
        language=content.language,
    )
