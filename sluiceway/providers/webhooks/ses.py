"""Amazon SES's events, posted by Amazon SNS and signed with its certificate."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.outbound.base import OutboundRequest
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
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundResponse

__all__ = ["WEBHOOK", "SesWebhook"]

_HOST: Final = re.compile(r"sns\.[a-z0-9-]{3,}\.amazonaws\.com(?:\.cn)?")
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)
_STATUSES: Final = {
    "Send": DeliveryStatus.SENT,
    "DeliveryDelay": DeliveryStatus.QUEUED,
    "Delivery": DeliveryStatus.DELIVERED,
    "Reject": DeliveryStatus.FAILED,
    "Rendering Failure": DeliveryStatus.FAILED,
    "Bounce": DeliveryStatus.BOUNCED,
    "Complaint": DeliveryStatus.COMPLAINED,
}
_PARTS: Final = {
    "Send": "send",
    "DeliveryDelay": "deliveryDelay",
    "Delivery": "delivery",
    "Reject": "reject",
    "Rendering Failure": "failure",
    "Bounce": "bounce",
    "Complaint": "complaint",
}
_LARGEST_CERTIFICATE: Final = 32 * 1024


class SesWebhook(msgspec.Struct, frozen=True):
    """One notification a post; the key is the ARN of the topic.

    Anybody with an AWS account can post what Amazon has signed, so only the topics that an
    operator named count; the first post of one asks for a visit, which confirms the subscription.
    """

    def read(
        self, post: WebhookPost, *, keys: tuple[str, ...], fetched: OutboundResponse | None
    ) -> WebhookReading:
        """Check the signature with the certificate; see ``DeliveryWebhook``."""
        envelope = object_at(read_json(post.body))
        _require_topic(envelope, keys)
        if fetched is None or not fetched.is_success or not _is_signed(envelope, fetched.body):
            raise WebhookRefused("expected Amazon's signature")
        refuse_old(moment_of(envelope.get("Timestamp"), now=post.now), now=post.now)
        kind = read_text(envelope, "Type")
        if kind == "SubscriptionConfirmation":
            url = _amazon_url(read_text(envelope, "SubscribeURL"))
            return WebhookReading(visit=OutboundRequest(method="GET", url=url, headers={}))
        if kind != "Notification":
            return WebhookReading()
        message = read_text(envelope, "Message")
        if not message.lstrip().startswith("{"):
            return WebhookReading()  # Amazon's own words about the topic
        id_ = read_text(envelope, "MessageId")
        report = _report(object_at(read_json(message)), id_, now=post.now)
        return WebhookReading(reports=(report,) if report else ())


def _ask_for_certificate(post: WebhookPost, keys: tuple[str, ...]) -> OutboundRequest:
    envelope = object_at(read_json(post.body))
    _require_topic(envelope, keys)
    url = _amazon_url(read_text(envelope, "SigningCertURL"), suffix=".pem")
    return OutboundRequest(
        method="GET", url=url, headers={}, max_response_bytes=_LARGEST_CERTIFICATE
    )


def _require_topic(envelope: JsonObject, keys: tuple[str, ...]) -> None:
    if read_text(envelope, "TopicArn") not in keys:
        raise WebhookRefused("expected a topic that was set up here")


def _amazon_url(url: str, *, suffix: str = "") -> str:
    parts = urlsplit(url)
    is_amazons = parts.scheme == "https" and _HOST.fullmatch(parts.netloc)
    if not is_amazons or not parts.path.endswith(suffix):
        raise WebhookRefused("expected an address of Amazon SNS")
    return url


def _is_signed(envelope: JsonObject, certificate: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only for webhooks
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    algorithms: dict[str, hashes.HashAlgorithm] = {
        "1": hashes.SHA1(),  # noqa: S303 - Amazon's default, still
        "2": hashes.SHA256(),
    }
    algorithm = algorithms.get(read_text(envelope, "SignatureVersion"))
    names = _NOTIFICATION if read_text(envelope, "Type") == "Notification" else _CONFIRMATION
    signed = "".join(
        f"{name}\n{read_text(envelope, name)}\n" for name in names if envelope.get(name) is not None
    )
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        signature = base64.b64decode(read_text(envelope, "Signature"), validate=True)
        if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, signed.encode(), padding.PKCS1v15(), algorithm)
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def _report(event: JsonObject, id_: str, *, now: datetime) -> DeliveryReport | None:
    name = read_text(event, "eventType") or read_text(event, "notificationType")
    status = _STATUSES.get(name)
    if status is None:
        return None
    mail, told = object_at(event, "mail"), object_at(event, _PARTS[name])
    sent_as = read_text(mail, "messageId")
    tags = object_at(mail, "tags").get(MESSAGE_KEY)
    first = tags[0] if isinstance(tags, list) and tags else None
    return DeliveryReport(
        id=id_,
        status=status,
        event=name,
        at=moment_of(told.get("timestamp") or mail.get("timestamp"), now=now),
        message_id=first if isinstance(first, str) else "",
        receipt=f"ses:{sent_as}" if sent_as else "",
        detail=words_of(
            _diagnosis(told),
            told.get("smtpResponse"),
            told.get("reason"),
            told.get("errorMessage"),
            told.get("complaintFeedbackType"),
            told.get("delayType"),
            told.get("bounceSubType"),
        ),
    )


def _diagnosis(told: JsonObject) -> JsonValue:
    recipients = told.get("bouncedRecipients") or told.get("delayedRecipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    return object_at(first).get("diagnosticCode")


WEBHOOK: Final = WebhookSpec(
    name="ses",
    title="Amazon SES",
    webhook=SesWebhook(),
    wanted=_ask_for_certificate,
    key_title="ARN of the SNS topic that the configuration set publishes to",
    is_secret=False,
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html",
)
