"""Send email through Azure Communication Services."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderRejected
from sluiceway.providers.answers import check_status, read_object, read_text
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import closed, required_text
from sluiceway.providers.requests import json_request

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "AzureCommunicationServices"]

_PATH: Final = "/emails:send?api-version=2023-03-31"
_NAMESPACE: Final = uuid.UUID("9a1c5f0e-2d57-5c55-8a3f-5f0b1d2f7e61")


class AzureCommunicationServices(Discreet, msgspec.Struct, frozen=True):
    """``POST /emails:send``, signed with the access key."""

    withheld = frozenset({"access_key"})

    host: str
    access_key: bytes

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to Azure's JSON and sign it; see ``HttpEmailProvider``.

        Azure takes a sender's display name from the sender's own settings, never from a request.
        """
        body: JsonObject = {
            "senderAddress": message.sender.email,
            "content": {
                "subject": message.subject,
                "plainText": message.text,
                "html": message.html,
            },
            "recipients": {"to": [{"address": message.to.email}]},
        }
        if message.extra_headers:
            body["headers"] = {**message.extra_headers}
        operation = str(uuid.uuid5(_NAMESPACE, message.idempotency_key))
        request = json_request(
            f"https://{self.host}{_PATH}", body, headers={"operation-id": operation}
        )
        date = format_datetime(message.at, usegmt=True)
        return self._signed(request, date)

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``id`` of the 202; see ``HttpEmailProvider``."""
        check_status(response, "Azure Communication Services")
        return Receipt(read_text(read_object(response), "id"))

    def _signed(self, request: OutboundRequest, date: str) -> OutboundRequest:
        content = base64.b64encode(hashlib.sha256(request.body).digest()).decode("ascii")
        to_sign = f"{request.method}\n{_PATH}\n{date};{self.host};{content}"
        digest = hmac.digest(self.access_key, to_sign.encode(), hashlib.sha256)
        signature = base64.b64encode(digest).decode("ascii")
        return replace(
            request,
            headers={
                **request.headers,
                "host": self.host,
                "x-ms-date": date,
                "x-ms-content-sha256": content,
                "authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
                f"&Signature={signature}",
            },
        )


def _build(configured: ConfiguredProvider) -> AzureCommunicationServices:
    text = required_text(configured, "connectionString")
    named: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        named[name.strip().lower()] = value.strip()
    endpoint = urlsplit(named.get("endpoint", ""))
    try:
        key = base64.b64decode(named.get("accesskey", ""), validate=True)
    except binascii.Error:
        key = b""
    if endpoint.scheme != "https" or not endpoint.hostname or not key:
        raise ProviderRejected(
            "expected connectionString like endpoint=https://…;accesskey=…, found another shape",
            hint="Copy it from the resource's page Keys in the Azure portal.",
        )
    return AzureCommunicationServices(host=endpoint.netloc, access_key=key)


PROVIDER = EmailProviderSpec(
    name="azure_cs",
    title="Azure Communication Services",
    build=_build,
    credentials=closed(
        {"connectionString": {"type": "string", "minLength": 1}}, "connectionString"
    ),
    example={
        "connectionString": "endpoint=https://made-up.communication.azure.com/;"
        "accesskey=bWFkZS11cC1rZXk="
    },
    source="https://learn.microsoft.com/rest/api/communication/email/email/send",
)
