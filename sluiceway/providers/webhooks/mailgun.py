"""Mailgun's webhooks, signed with HMAC-SHA256 over a timestamp and a token."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.providers.answers import read_text
from sluiceway.providers.requests import MESSAGE_KEY
from sluiceway.providers.webhooks._reading import (
    moment_of,
    object_at,
    read_json,
    refuse_old,
    words_of,
)
from sluiceway.providers.webhooks.base import (
    WebhookPost,
    WebhookReading,
    WebhookRefused,
    WebhookSpec,
)

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import OutboundResponse

__all__ = ["WEBHOOK", "MailgunWebhook"]

_STATUSES: Final = {
    "accepted": DeliveryStatus.QUEUED,
    "delivered": DeliveryStatus.DELIVERED,
    "rejected": DeliveryStatus.FAILED,
    "complained": DeliveryStatus.COMPLAINED,
}


class MailgunWebhook(msgspec.Struct, frozen=True):
    """One event a post; the key is the HTTP webhook signing key.

    The signature covers a token and not the event, so a token is good for one body only.
    """

    def read(
        self, post: WebhookPost, *, keys: tuple[str, ...], fetched: OutboundResponse | None
    ) -> WebhookReading:
        """Check the signature; see ``DeliveryWebhook``."""
        del fetched
        body = read_json(post.body)
        signature = object_at(body, "signature")
        timestamp, token = read_text(signature, "timestamp"), read_text(signature, "token")
        given = read_text(signature, "signature")
        if not token or not (timestamp.isascii() and timestamp.isdecimal()):
            raise WebhookRefused("expected Mailgun's signature")
        signed = f"{timestamp}{token}".encode()
        if not any(_is_signed(signed, given, key) for key in keys):
            raise WebhookRefused("expected Mailgun's signature")
        refuse_old(datetime.fromtimestamp(int(timestamp), UTC), now=post.now)
        report = _report(object_at(body, "event-data"), now=post.now)
        return WebhookReading(reports=(report,) if report else (), single_use=token)


def _is_signed(signed: bytes, given: str, key: str) -> bool:
    expected = hmac.digest(key.encode(), signed, hashlib.sha256).hex()
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _report(event: JsonObject, *, now: datetime) -> DeliveryReport | None:
    name = read_text(event, "event")
    status = _STATUSES.get(name)
    if name == "failed":
        is_final = read_text(event, "severity") != "temporary"
        status = DeliveryStatus.BOUNCED if is_final else DeliveryStatus.QUEUED
        if read_text(event, "reason").startswith("suppress"):
            # Mailgun never tried: the address bounced or complained before.
            status = DeliveryStatus.FAILED
    if status is None:
        return None
    told = object_at(event, "delivery-status")
    sent_as = read_text(event, "message", "headers", "message-id").strip("<>")
    return DeliveryReport(
        id=read_text(event, "id"),
        status=status,
        event=f"{name} ({event['severity']})" if event.get("severity") else name,
        at=moment_of(event.get("timestamp"), now=now),
        message_id=read_text(event, "user-variables", MESSAGE_KEY),
        receipt=f"mailgun:{sent_as}" if sent_as else "",
        detail=words_of(told.get("message"), told.get("description"), event.get("reason")),
    )


WEBHOOK: Final = WebhookSpec(
    name="mailgun",
    title="Mailgun",
    webhook=MailgunWebhook(),
    key_title="HTTP webhook signing key (Sending, Webhooks)",
    is_secret=True,
    source="https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
)
