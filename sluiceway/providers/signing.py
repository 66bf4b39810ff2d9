"""Signed webhooks, both ways: the Standard Webhooks scheme, which Svix and Resend use as well.

The signature is HMAC-SHA256 over ``id.timestamp.body``; the id stays the same when a message
is sent again, so a receiver can tell.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["TOLERANCE_S", "is_signed", "sign_webhook"]

TOLERANCE_S: Final = 300
_PREFIX: Final = "whsec_"


def sign_webhook(body: bytes, *, id_: str, at: datetime, secret: str) -> dict[str, str]:
    """Return ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` for *body*.

    *secret* is ``whsec_`` and base64, or any other text, whose UTF-8 is the key.
    """
    timestamp = str(int(at.timestamp()))
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_signature(body, id_, timestamp, secret)}",
    }


def is_signed(
    headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime, prefix: str = "webhook"
) -> bool:
    """Tell whether one of the signatures is right and the timestamp is within five minutes.

    *headers* have lower-case names; *prefix* is ``svix`` for senders of before the standard.
    """
    id_ = headers.get(f"{prefix}-id", "")
    timestamp = headers.get(f"{prefix}-timestamp", "")
    if not id_ or not (timestamp.isascii() and timestamp.isdecimal()):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        return False
    expected = f"v1,{_signature(body, id_, timestamp, secret)}".encode()
    given = headers.get(f"{prefix}-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode()) for one in given)


def _signature(body: bytes, id_: str, timestamp: str, secret: str) -> str:
    signed = f"{id_}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode("ascii")


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
