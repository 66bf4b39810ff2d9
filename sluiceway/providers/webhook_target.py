"""What the two custom providers share: a webhook of the tenant's own, signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderRejected
from sluiceway.outbound.base import OutboundRequest
from sluiceway.providers.answers import check_status, read_object, read_text
from sluiceway.providers.base import Receipt
from sluiceway.providers.configuration import required_text
from sluiceway.providers.requests import encode_json
from sluiceway.providers.signing import sign_webhook

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider

__all__ = ["CUSTOM_CREDENTIALS", "WebhookTarget", "read_target"]

CUSTOM_CREDENTIALS: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "webhook_url": {"type": "string", "format": "uri", "pattern": "^https?://"},
        "webhook_secret": {"type": "string", "minLength": 16},
    },
    "additionalProperties": False,
}


class WebhookTarget(Discreet, msgspec.Struct, frozen=True):
    """Where notifications are posted, and the secret that signs them."""

    withheld = frozenset({"secret"})

    url: str
    secret: str

    def build(self, body: JsonObject, *, key: str, at: datetime) -> OutboundRequest:
        """Return the signed request; *key* is the same on every try, and is the webhook's id."""
        data = encode_json(body)
        return OutboundRequest(
            method="POST",
            url=self.url,
            headers={
                "content-type": "application/json",
                "idempotency-key": key,
                **sign_webhook(data, id_=key, at=at, secret=self.secret),
            },
            body=data,
            max_response_bytes=64 * 1024,
        )

    def parse(self, response: OutboundResponse) -> Receipt:
        """Read a 2xx as taken, with ``id`` of its JSON where it has one.

        Auth0's Action would say ``api.notification.retry``: here 429 or 5xx; and ``drop``: any
        other status.
        """
        check_status(response, "the custom provider's webhook")
        return Receipt(read_text(read_object(response), "id"))


def read_target(configured: ConfiguredProvider) -> WebhookTarget:
    """Return the webhook that *configured* names. Raises ``ProviderRejected``."""
    url = required_text(configured, "webhook_url")
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ProviderRejected("expected an https URL as 'webhook_url', found another text")
    return WebhookTarget(url=url, secret=required_text(configured, "webhook_secret"))
