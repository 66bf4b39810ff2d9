"""Send email through Resend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.providers.addresses import format_address
from sluiceway.providers.answers import check_status, failure, read_object, read_text
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import api_key_schema, required_text
from sluiceway.providers.requests import MESSAGE_KEY, bearer, json_request

if TYPE_CHECKING:
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "Resend"]

_URL: Final = "https://api.resend.com/emails"
_CONFLICT: Final = 409
_LONGEST_KEY: Final = 256


class Resend(Discreet, msgspec.Struct, frozen=True):
    """``POST /emails``; one idempotency key is one email for 24 hours."""

    withheld = frozenset({"api_key"})

    api_key: str

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to Resend's JSON; see ``HttpEmailProvider``."""
        return json_request(
            _URL,
            {
                "from": format_address(message.sender),
                "to": [message.to.email],
                "subject": message.subject,
                "html": message.html,
                "text": message.text,
                "headers": {"Message-ID": message.message_id, **message.extra_headers},
                "tags": [{"name": MESSAGE_KEY, "value": message.id}],
            },
            headers={
                **bearer(self.api_key),
                "idempotency-key": message.idempotency_key[:_LONGEST_KEY],
                "user-agent": "sluiceway",
            },
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``id``; see ``HttpEmailProvider``."""
        if response.status == _CONFLICT:
            # Another request of ours with the same key is on its way: its answer is worth a wait.
            name = read_text(read_object(response), "name")
            raise failure(response, "Resend", may_pass=name == "concurrent_idempotent_requests")
        check_status(response, "Resend")
        return Receipt(read_text(read_object(response), "id"))


def _build(configured: ConfiguredProvider) -> Resend:
    return Resend(api_key=required_text(configured, "api_key"))


PROVIDER = EmailProviderSpec(
    name="resend",
    title="Resend",
    build=_build,
    credentials=api_key_schema(),
    example={"api_key": "re_made_up_key"},
    source="https://resend.com/docs/api-reference/emails/send-email",
    deduplicates=True,
    rate_per_s=2.0,
    burst=2.0,
)
