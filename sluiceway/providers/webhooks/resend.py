"""Resend's webhooks, signed by Svix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.providers.answers import read_text
from sluiceway.providers.requests import MESSAGE_KEY
from sluiceway.providers.signing import is_signed
from sluiceway.providers.webhooks._reading import moment_of, object_at, read_json, words_of
from sluiceway.providers.webhooks.base import (
    WebhookPost,
    WebhookReading,
    WebhookRefused,
    WebhookSpec,
)

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import OutboundResponse

__all__ = ["WEBHOOK", "ResendWebhook"]

_STATUSES: Final = {
    "email.scheduled": DeliveryStatus.QUEUED,
    "email.delivery_delayed": DeliveryStatus.QUEUED,
    "email.sent": DeliveryStatus.SENT,
    "email.delivered": DeliveryStatus.DELIVERED,
    "email.failed": DeliveryStatus.FAILED,
    "email.suppressed": DeliveryStatus.FAILED,
    "email.bounced": DeliveryStatus.BOUNCED,
    "email.complained": DeliveryStatus.COMPLAINED,
}


class ResendWebhook(msgspec.Struct, frozen=True):
    """One event a post; the key is the signing secret, ``whsec_…``.

    Svix signs each try anew, so five minutes of age are enough.
    """

    def read(
        self, post: WebhookPost, *, keys: tuple[str, ...], fetched: OutboundResponse | None
    ) -> WebhookReading:
        """Check the signature over id, timestamp and body; see ``DeliveryWebhook``."""
        del fetched
        prefix = "svix" if "svix-id" in post.headers else "webhook"
        if not any(
            is_signed(post.headers, post.body, secret=key, now=post.now, prefix=prefix)
            for key in keys
        ):
            raise WebhookRefused("expected Resend's signature of the last five minutes")
        event = object_at(read_json(post.body))
        name = read_text(event, "type")
        status = _STATUSES.get(name)
        if status is None:
            return WebhookReading()
        data = object_at(event, "data")
        sent_as = read_text(data, "email_id")
        report = DeliveryReport(
            id=post.headers[f"{prefix}-id"],
            status=status,
            event=name,
            at=moment_of(event.get("created_at"), now=post.now),
            message_id=_tag(data),
            receipt=f"resend:{sent_as}" if sent_as else "",
            detail=words_of(
                object_at(data, "bounce").get("message"),
                object_at(data, "failed").get("reason"),
                object_at(data, "suppressed").get("message"),
            ),
        )
        return WebhookReading(reports=(report,))


def _tag(data: JsonObject) -> str:
    """Return our id of the message: tags are told as an object, or as they were given."""
    tags = data.get("tags")
    for tag in tags if isinstance(tags, list) else []:
        if read_text(tag, "name") == MESSAGE_KEY:
            return read_text(tag, "value")
    return read_text(tags, MESSAGE_KEY)


WEBHOOK: Final = WebhookSpec(
    name="resend",
    title="Resend",
    webhook=ResendWebhook(),
    key_title="signing secret, whsec_… (Webhooks)",
    is_secret=True,
    source="https://resend.com/docs/dashboard/webhooks/verify-webhooks-requests",
)
