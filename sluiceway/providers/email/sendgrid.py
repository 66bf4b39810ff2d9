"""Send email through Twilio SendGrid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.providers.answers import check_status
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import api_key_schema, required_text
from sluiceway.providers.requests import MESSAGE_KEY, bearer, json_request

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "SendGrid"]

_URL: Final = "https://api.sendgrid.com/v3/mail/send"


class SendGrid(Discreet, msgspec.Struct, frozen=True):
    """``POST /v3/mail/send``."""

    withheld = frozenset({"api_key"})

    api_key: str

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to SendGrid's JSON; see ``HttpEmailProvider``."""
        sender: JsonObject = {"email": message.sender.email}
        if message.sender.name:
            sender["name"] = message.sender.name
        return json_request(
            _URL,
            {
                "personalizations": [{"to": [{"email": message.to.email}]}],
                "from": sender,
                "subject": message.subject,
                "content": [
                    {"type": "text/plain", "value": message.text or " "},
                    {"type": "text/html", "value": message.html},
                ],
                "headers": {"Message-ID": message.message_id, **message.extra_headers},
                "custom_args": {MESSAGE_KEY: message.id},
            },
            headers=bearer(self.api_key),
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``X-Message-Id`` of the 202; see ``HttpEmailProvider``."""
        check_status(response, "SendGrid")
        return Receipt(response.headers.get("x-message-id", ""))


def _build(configured: ConfiguredProvider) -> SendGrid:
    return SendGrid(api_key=required_text(configured, "api_key"))


PROVIDER = EmailProviderSpec(
    name="sendgrid",
    title="SendGrid",
    build=_build,
    credentials=api_key_schema(),
    example={"api_key": "SG.made-up-key"},
    source="https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send",
)
