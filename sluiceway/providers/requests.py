"""Requests as delivery services take them: JSON, forms, and the two usual ways to sign in."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

from sluiceway.outbound.base import OutboundRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluiceway.models.json import JsonValue

__all__ = [
    "MESSAGE_KEY",
    "MESSAGE_PARAM",
    "basic",
    "bearer",
    "encode_json",
    "form_request",
    "json_request",
    "multipart_request",
]

MESSAGE_KEY: Final = "sluiceway_message_id"
"""The name under which services keep our id of a message and report it back."""
MESSAGE_PARAM: Final = "message"
"""The query parameter of a callback's URL that holds our id of the message."""
_LONGEST_ANSWER: Final = 1024 * 1024
encode_json: Final = msgspec.json.Encoder().encode


def json_request(
    url: str, body: JsonValue, *, headers: Mapping[str, str], method: str = "POST"
) -> OutboundRequest:
    """Return a request with *body* as UTF-8 JSON."""
    return OutboundRequest(
        method=method,
        url=url,
        headers={"content-type": "application/json", "accept": "application/json", **headers},
        body=encode_json(body),
        max_response_bytes=_LONGEST_ANSWER,
    )


def form_request(
    url: str, fields: Sequence[tuple[str, str]], *, headers: Mapping[str, str]
) -> OutboundRequest:
    """Return a POST with *fields* as ``application/x-www-form-urlencoded``."""
    return OutboundRequest(
        method="POST",
        url=url,
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
            **headers,
        },
        body=urlencode(fields).encode("ascii"),
        max_response_bytes=_LONGEST_ANSWER,
    )


def multipart_request(
    url: str, fields: Sequence[tuple[str, str]], *, headers: Mapping[str, str]
) -> OutboundRequest:
    """Return a POST with *fields* as ``multipart/form-data`` (RFC 7578).

    The boundary is derived from the fields, so that the same message has the same bytes. Names are
    our own and hold neither quotes nor line breaks.
    """
    digest = hashlib.sha256(repr(fields).encode("utf-8", "surrogatepass")).hexdigest()
    boundary = f"sluiceway-{digest[:32]}"
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    return OutboundRequest(
        method="POST",
        url=url,
        headers={
            "content-type": f"multipart/form-data; boundary={boundary}",
            "accept": "application/json",
            **headers,
        },
        body=("".join(parts) + f"--{boundary}--\r\n").encode("utf-8", "replace"),
        max_response_bytes=_LONGEST_ANSWER,
    )


def bearer(token: str) -> dict[str, str]:
    """Return the header of RFC 6750."""
    return {"authorization": f"Bearer {token}"}


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of RFC 7617."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return {"authorization": f"Basic {pair}"}
