"""From what a step queued to a message with nothing left to look up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import ProviderRejected
from sluiceway.providers.addresses import parse_address, parse_phone_number
from sluiceway.providers.base import EmailMessage, PhoneMessage
from sluiceway.providers.html_text import html_to_text

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.message import Channel, EmailContent, PhoneContent

__all__ = ["CAPTURE_SENDER", "Posting", "resolve_email", "resolve_phone"]

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_UNSUBSCRIBE: Final = re.compile(r"(?:https://|mailto:)[\x21-\x3b\x3d\x3f-\x7e]+")
_BETWEEN: Final = re.compile(r",\s*(?=<|https:|mailto:)")
CAPTURE_SENDER: Final = "no-reply@sluiceway.invalid"
"""The sender of captured emails where nothing names one (RFC 2606: no such domain can exist)."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
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
        language=_language(content.language),
        list_unsubscribe=_unsubscribe(content.list_unsubscribe),
    )


def _language(tag: str | None) -> str | None:
    """Return a BCP 47 tag; what is none says nothing about the mail."""
    return tag if tag and _TAG.fullmatch(tag) else None


def _unsubscribe(value: str | None) -> str | None:
    """Return the value of ``List-Unsubscribe``: addresses in angle brackets, put there if missing.

    Raises:
        ProviderRejected: it holds something else than https and mailto addresses.
    """
    if not value or not value.strip():
        return None
    parts = [
        part.strip().removeprefix("<").removesuffix(">") for part in _BETWEEN.split(value.strip())
    ]
    if not all(_UNSUBSCRIBE.fullmatch(part) for part in parts):
        raise ProviderRejected(
            "expected https: and mailto: addresses to unsubscribe by, found something else",
            hint="See custom_vars.list_unsubscribe of the step.",
        )
    return ", ".join(f"<{part}>" for part in parts)


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
