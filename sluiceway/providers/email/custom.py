"""Send email through a webhook of the tenant's own, in place of Auth0's Action."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.providers.addresses import format_address
from sluiceway.providers.base import EmailProviderSpec
from sluiceway.providers.webhook_target import CUSTOM_CREDENTIALS, read_target

if TYPE_CHECKING:
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage, Receipt
    from sluiceway.providers.webhook_target import WebhookTarget

__all__ = ["PROVIDER", "CustomEmail"]


class CustomEmail(msgspec.Struct, frozen=True):
    """Posts ``{id, notification}``; the notification has the fields of Auth0's event."""

    target: WebhookTarget

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to Auth0's ``event.notification`` and sign it."""
        return self.target.build(
            {
                "id": message.id,
                "notification": {
                    "from": format_address(message.sender),
                    "to": message.to.email,
                    "subject": message.subject,
                    "html": message.html,
                    "text": message.text,
                    "locale": message.language,
                    "message_type": "flow_send_email",
                    "message_id": message.message_id,
                },
            },
            key=message.idempotency_key,
            at=message.at,
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read the webhook's answer; see ``WebhookTarget.parse``."""
        return self.target.parse(response)


def _build(configured: ConfiguredProvider) -> CustomEmail:
    return CustomEmail(read_target(configured))


PROVIDER = EmailProviderSpec(
    name="custom",
    title="Custom (signed webhook)",
    build=_build,
    credentials=CUSTOM_CREDENTIALS,
    shown_credentials=("webhook_url",),
    example={
        "webhook_url": "https://hooks.example.com/email",
        "webhook_secret": "made-up-webhook-secret",
    },
    source="Auth0 docs: custom-email-provider event object; Standard Webhooks",
    deduplicates=True,
)
