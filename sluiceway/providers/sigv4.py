"""AWS Signature Version 4, for requests with a body and no query.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec
from msgspec.structs import replace

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.outbound.base import OutboundRequest

__all__ = ["AwsKey", "sign_request"]


class AwsKey(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """An access key; *secret* stays out of the ``repr``."""

    withheld = frozenset({"secret"})

    id: str
    secret: str


def sign_request(
    request: OutboundRequest, key: AwsKey, *, region: str, service: str, at: datetime
) -> OutboundRequest:
    """Return *request* with ``host``, ``x-amz-date`` and ``authorization``; *at* is aware UTC."""
    parts = urlsplit(request.url)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers |= {"host": parts.netloc, "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            request.method,
            quote(parts.path or "/", safe="/-_.~"),
            parts.query,
            *(f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    signing_key = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        signing_key = _hmac(signing_key, part)
    signature = _hmac(signing_key, to_sign).hex()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key.id}/{scope},"
        f" SignedHeaders={names}, Signature={signature}"
    )
    return replace(request, headers={**headers, "authorization": authorization})


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
