"""Twilio's status callbacks of messages and calls, signed with an HMAC over URL and fields."""

from __future__ import annotations

import base64
import hmac
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.providers.requests import MESSAGE_PARAM
from sluiceway.providers.webhooks.base import (
    WebhookPost,
    WebhookReading,
    WebhookRefused,
    WebhookSpec,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.outbound.base import OutboundResponse

__all__ = ["WEBHOOK", "TwilioWebhook"]

_MOST_FIELDS: Final = 200
_MESSAGES: Final = {
    "accepted": DeliveryStatus.QUEUED,
    "scheduled": DeliveryStatus.QUEUED,
    "queued": DeliveryStatus.QUEUED,
    "sending": DeliveryStatus.QUEUED,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.DELIVERED,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}
_CALLS: Final = {
    "queued": DeliveryStatus.QUEUED,
    "initiated": DeliveryStatus.QUEUED,
    "ringing": DeliveryStatus.SENT,
    "in-progress": DeliveryStatus.DELIVERED,
    "answered": DeliveryStatus.DELIVERED,
    "completed": DeliveryStatus.DELIVERED,
    "busy": DeliveryStatus.FAILED,
    "no-answer": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}


class TwilioWebhook(msgspec.Struct, frozen=True):
    """One status a post; the key is the account's auth token, or a shared key (HMAC-SHA256).

    Twilio signs no time: what makes a repeated post harmless is that a status counts once.
    """

    def read(
        self, post: WebhookPost, *, keys: tuple[str, ...], fetched: OutboundResponse | None
    ) -> WebhookReading:
        """Check the signature over the URL and the fields; see ``DeliveryWebhook``."""
        del fetched
        fields = _fields(post.body)
        given = post.headers.get("x-twilio-signature", "")
        candidates = [candidate for url in post.urls for candidate in _spellings(url)]
        algorithm = _algorithm(post.headers.get("x-twilio-webhooks-signature-settings", ""))
        if not any(
            hmac.compare_digest(
                _sign(url, fields, key, algorithm), given.encode("utf-8", "replace")
            )
            for key in keys
            for url in candidates
        ):
            raise WebhookRefused("expected Twilio's signature")
        named = dict(fields)
        is_call = "CallSid" in named
        sid = named.get("CallSid" if is_call else "MessageSid") or named.get("SmsSid", "")
        name = named.get("CallStatus" if is_call else "MessageStatus") or named.get("SmsStatus", "")
        status = (_CALLS if is_call else _MESSAGES).get(name)
        if status is None or not sid:
            return WebhookReading()
        report = DeliveryReport(
            id=f"{sid}:{name}",
            status=status,
            event=name,
            at=_moment(named.get("Timestamp", ""), now=post.now),
            message_id=post.query.get(MESSAGE_PARAM, ""),
            receipt=f"twilio:{sid}",
            detail=_detail(named),
        )
        return WebhookReading(reports=(report,))


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise WebhookRefused("expected a form") from error


def _algorithm(settings: str) -> str:
    """Return the digest that a header like ``key=…,algorithm=HMAC_SHA256`` names; SHA-1 if none."""
    for part in settings.split(","):
        name, _, value = part.strip().partition("=")
        if name == "algorithm" and value.upper() == "HMAC_SHA256":
            return "sha256"
    return "sha1"


def _sign(url: str, fields: list[tuple[str, str]], key: str, algorithm: str) -> bytes:
    # Each name once, in order, with its values in order: as Twilio's own libraries have it.
    pairs = "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.digest(key.encode(), (url + pairs).encode(), algorithm)
    return base64.b64encode(digest)


def _spellings(url: str) -> tuple[str, str]:
    """Return *url* with and without its port: Twilio signs either."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    rest = url.partition("://")[2][len(parts.netloc) :]
    return f"{parts.scheme}://{host}:{port}{rest}", f"{parts.scheme}://{host}{rest}"


def _detail(named: dict[str, str]) -> str:
    code = named.get("ErrorCode") or named.get("SipResponseCode", "")
    words = named.get("ErrorMessage", "")
    if not code:
        return words
    return f"Twilio's error {code}: {words}" if words else f"Twilio's error {code}"


def _moment(text: str, *, now: datetime) -> datetime:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return now
    return found if found.tzinfo else now


WEBHOOK: Final = WebhookSpec(
    name="twilio",
    title="Twilio",
    webhook=TwilioWebhook(),
    key_title="auth token; that of the phone provider counts by itself",
    is_secret=True,
    source="https://www.twilio.com/docs/usage/security#validating-requests",
)
