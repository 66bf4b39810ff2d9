"""What an outbox row holds, opened: the content, and the message made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.engine.sealing import message_identity, open_json
from sluiceway.errors import ProviderRejected
from sluiceway.models.message import Channel, EmailContent, PhoneContent
from sluiceway.providers.resolve import CAPTURE_SENDER, Posting, resolve_email, resolve_phone

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import MessageContent
    from sluiceway.providers.base import EmailMessage, PhoneMessage
    from sluiceway.storage.durable import OutboxRow
    from sluiceway.vault.base import Sealer

__all__ = ["email_of", "open_content", "phone_of"]


def open_content(row: OutboxRow, sealer: Sealer) -> MessageContent:
    """Return what the step queued.

    Raises:
        VaultError: the content was sealed with another key, changed, or moved from another row.
    """
    opened = open_json(sealer, row.sealed, identity=message_identity(row.id))
    body = opened if isinstance(opened, dict) else {}
    if row.channel == Channel.EMAIL:
        sender = body.get("from")
        given: JsonObject = sender if isinstance(sender, dict) else {}
        return EmailContent(
            to=_text(body.get("to")) or "",
            subject=_text(body.get("subject")) or "",
            html=_text(body.get("html")) or "",
            sender_email=_text(given.get("email")),
            sender_name=_text(given.get("name")),
            language=_text(body.get("language")),
            list_unsubscribe=_text(body.get("list_unsubscribe")),
        )
    return PhoneContent(
        to=_text(body.get("to")) or "",
        text=_text(body.get("text")) or "",
        sender=_text(body.get("from")),
        language=_text(body.get("language")),
    )


def email_of(
    row: OutboxRow,
    content: MessageContent,
    *,
    at: datetime,
    default_from: str | None,
    captured: bool,
) -> EmailMessage:
    """Return the email that *row* stands for.

    Raises:
        ProviderRejected: the recipient or the sender is no address, or there is no sender; a
            captured email gets one that cannot exist.
    """
    if not isinstance(content, EmailContent):
        raise ProviderRejected("expected an email, found a text message or call")
    fallback = CAPTURE_SENDER if captured else None
    return resolve_email(content, _posting(row, at), default_from=default_from or fallback)


def phone_of(row: OutboxRow, content: MessageContent, *, at: datetime) -> PhoneMessage:
    """Return the text message or call that *row* stands for. Raises as ``resolve_phone``."""
    if not isinstance(content, PhoneContent):
        raise ProviderRejected("expected a text message or call, found an email")
    return resolve_phone(content, _posting(row, at), channel=Channel(row.channel))


def _posting(row: OutboxRow, at: datetime) -> Posting:
    return Posting(id=row.id, idempotency_key=row.idempotency_key, created_at=row.created_at, at=at)


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
