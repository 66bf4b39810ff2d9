"""Send text messages and calls through a webhook of the tenant's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.models.message import Channel
from sluiceway.providers.base import PhoneProviderSpec
from sluiceway.providers.configuration import closed
from sluiceway.providers.webhook_target import CUSTOM_CREDENTIALS, read_target

if TYPE_CHECKING:
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, PhoneMessage, Receipt
    from sluiceway.providers.webhook_target import WebhookTarget

__all__ = ["PROVIDER", "CustomPhone"]


class CustomPhone(msgspec.Struct, frozen=True):
    """Posts ``{id, notification}``; the notification has the fields of Auth0's event."""

    target: WebhookTarget
    default_from: str | None = None

    def build_request(self, message: PhoneMessage) -> OutboundRequest:
        """Map *message* to Auth0's ``event.notification`` and sign it."""
        is_call = message.channel is Channel.CALL
        return self.target.build(
            {
                "id": message.id,
                "notification": {
                    "recipient": message.to,
                    "from": message.sender or self.default_from,
                    "as_text": message.text,
                    "as_voice": message.text,
                    "delivery_method": "voice" if is_call else "text",
                    "locale": message.language,
                    "message_type": "flow_make_call" if is_call else "flow_send_sms",
                },
            },
            key=message.idempotency_key,
            at=message.at,
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read the webhook's answer; see ``WebhookTarget.parse``."""
        return self.target.parse(response)


def _build(configured: ConfiguredProvider) -> CustomPhone:
    return CustomPhone(read_target(configured), default_from=configured.default_from)


PROVIDER = PhoneProviderSpec(
    name="custom",
    title="Custom (signed webhook)",
    build=_build,
    credentials=CUSTOM_CREDENTIALS,
    configuration=closed(
        {
            "delivery_methods": {
                "type": "array",
                "items": {"enum": ["text", "voice"]},
                "minItems": 1,
                "uniqueItems": True,
            }
        },
        "delivery_methods",
    ),
    example={
        "webhook_url": "https://hooks.example.com/phone",
        "webhook_secret": "made-up-webhook-secret",
    },
    example_configuration={"delivery_methods": ["text", "voice"]},
    source="Auth0 docs: custom-phone-provider event object; Standard Webhooks",
    deduplicates=True,
)
