"""SendGrid's Event Webhook, signed with ECDSA over P-256."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.providers.answers import read_text
from sluiceway.providers.requests import MESSAGE_KEY
from sluiceway.providers.webhooks._reading import moment_of, read_json, refuse_old, words_of
from sluiceway.providers.webhooks.base import (
    WebhookPost,
    WebhookReading,
    WebhookRefused,
    WebhookSpec,
)

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue
    from sluiceway.outbound.base import OutboundResponse

__all__ = ["WEBHOOK", "SendGridWebhook"]

_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
_STATUSES: Final = {
    "processed": DeliveryStatus.QUEUED,
    "deferred": DeliveryStatus.QUEUED,
    "delivered": DeliveryStatus.DELIVERED,
    "bounce": DeliveryStatus.BOUNCED,
    "dropped": DeliveryStatus.FAILED,
    "spamreport": DeliveryStatus.COMPLAINED,
}


class SendGridWebhook(msgspec.Struct, frozen=True):
    """A list of events; the key is the base64 of the public key."""

    def read(
        self, post: WebhookPost, *, keys: tuple[str, ...], fetched: OutboundResponse | None
    ) -> WebhookReading:
        """Check the signature over timestamp and body; see ``DeliveryWebhook``."""
        del fetched
        timestamp = post.headers.get(_TIMESTAMP, "")
        signed = timestamp.encode() + post.body
        if not any(_is_signed(signed, post.headers.get(_SIGNATURE, ""), key) for key in keys):
            raise WebhookRefused("expected SendGrid's signature")
        if not (timestamp.isascii() and timestamp.isdecimal()):
            raise WebhookRefused("expected a timestamp")
        refuse_old(datetime.fromtimestamp(int(timestamp), UTC), now=post.now)
        events = read_json(post.body)
        given = events if isinstance(events, list) else []
        reports = [_report(event, now=post.now) for event in given]
        return WebhookReading(reports=tuple(report for report in reports if report))


def _report(event: JsonValue, *, now: datetime) -> DeliveryReport | None:
    name = read_text(event, "event")
    status = _STATUSES.get(name)
    if status is None or not isinstance(event, dict):
        return None
    # The message's id is the X-Message-Id of the answer, a dot, and where it went through.
    sent_as = read_text(event, "sg_message_id").partition(".")[0]
    return DeliveryReport(
        id=read_text(event, "sg_event_id"),
        status=status,
        event=name,
        at=moment_of(event.get("timestamp"), now=now),
        message_id=read_text(event, MESSAGE_KEY),
        receipt=f"sendgrid:{sent_as}" if sent_as else "",
        detail=words_of(event.get("reason"), event.get("response")),
    )


def _is_signed(signed: bytes, signature: str, key: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only for webhooks
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_der_public_key,
    )

    try:
        public = load_der_public_key(base64.b64decode(key, validate=True))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(base64.b64decode(signature, validate=True), signed, ec.ECDSA(hashes.SHA256()))
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


WEBHOOK: Final = WebhookSpec(
    name="sendgrid",
    title="SendGrid",
    webhook=SendGridWebhook(),
    key_title="verification key (Mail settings, Event webhook, Security features)",
    is_secret=False,
    source="https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/"
    "getting-started-event-webhook-security-features",
)
