"""Send email through Mailgun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.providers.addresses import format_address
from sluiceway.providers.answers import check_status, read_object, read_text
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import closed, host_part, optional_text, required_text
from sluiceway.providers.requests import MESSAGE_KEY, basic, multipart_request

if TYPE_CHECKING:
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "Mailgun"]


class Mailgun(Discreet, msgspec.Struct, frozen=True):
    """``POST /v3/{domain}/messages`` of the US or the EU."""

    withheld = frozenset({"api_key"})

    api_key: str
    domain: str
    is_eu: bool = False

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to Mailgun's form; see ``HttpEmailProvider``."""
        host = "api.eu.mailgun.net" if self.is_eu else "api.mailgun.net"
        fields = [
            ("from", format_address(message.sender)),
            ("to", message.to.email),
            ("subject", message.subject),
            ("text", message.text),
            ("html", message.html),
            ("h:Message-Id", message.message_id),
            *((f"h:{name}", value) for name, value in message.extra_headers.items()),
            (f"v:{MESSAGE_KEY}", message.id),
        ]
        return multipart_request(
            f"https://{host}/v3/{self.domain}/messages", fields, headers=basic("api", self.api_key)
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``id``, the ``Message-Id`` without its brackets; see ``HttpEmailProvider``."""
        check_status(response, "Mailgun")
        return Receipt(read_text(read_object(response), "id").strip("<>"))


def _build(configured: ConfiguredProvider) -> Mailgun:
    return Mailgun(
        api_key=required_text(configured, "api_key"),
        domain=host_part(configured, "domain"),
        is_eu=optional_text(configured, "region") == "eu",
    )


PROVIDER = EmailProviderSpec(
    name="mailgun",
    title="Mailgun",
    build=_build,
    credentials=closed(
        {
            "api_key": {"type": "string", "minLength": 1},
            "domain": {"type": "string", "minLength": 4},
            "region": {"enum": ["eu", None]},
        },
        "api_key",
        "domain",
    ),
    shown_credentials=("domain", "region"),
    example={"api_key": "key-made-up-key", "domain": "mail.example.com"},
    source="https://documentation.mailgun.com/docs/mailgun/api-reference/openapi-final/tag/Messages",
)
