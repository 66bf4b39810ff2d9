"""Send email through Mandrill (Mailchimp Transactional)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderRejected
from sluiceway.providers.answers import check_status, failure, read_object, read_text
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import api_key_schema, required_text
from sluiceway.providers.requests import MESSAGE_KEY, json_request

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "Mandrill"]

_URL: Final = "https://mandrillapp.com/api/1.0/messages/send.json"
_INTERNAL_ERROR: Final = 500
# Mandrill answers 500 to everything it refuses; only these names are trouble of its own.
_MAY_PASS: Final = frozenset({"", "GeneralError", "ServiceUnavailable"})


class Mandrill(Discreet, msgspec.Struct, frozen=True):
    """``POST /api/1.0/messages/send``."""

    withheld = frozenset({"api_key"})

    api_key: str
    view_content_link: bool | None = None

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to Mandrill's JSON; see ``HttpEmailProvider``."""
        content: JsonObject = {
            "html": message.html,
            "text": message.text,
            "subject": message.subject,
            "from_email": message.sender.email,
            "to": [{"email": message.to.email, "type": "to"}],
            "headers": {"Message-Id": message.message_id, **message.extra_headers},
            "metadata": {MESSAGE_KEY: message.id},
        }
        if message.sender.name:
            content["from_name"] = message.sender.name
        if self.view_content_link is not None:
            content["view_content_link"] = self.view_content_link
        return json_request(_URL, {"key": self.api_key, "message": content}, headers={})

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``_id`` of the one recipient; see ``HttpEmailProvider``."""
        if response.status == _INTERNAL_ERROR:
            name = read_text(read_object(response), "name")
            raise failure(response, "Mandrill", may_pass=name in _MAY_PASS)
        check_status(response, "Mandrill")
        recipient = _first(response)
        status = read_text(recipient, "status")
        if status in {"rejected", "invalid"}:
            reason = read_text(recipient, "reject_reason") or status
            raise ProviderRejected(
                f"Mandrill refused the recipient: {reason}",
                details={"status": response.status, "answer": reason},
            )
        return Receipt(read_text(recipient, "_id"))


def _first(response: OutboundResponse) -> JsonValue:
    try:
        value: JsonValue = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return None
    return value[0] if isinstance(value, list) and value else None


def _build(configured: ConfiguredProvider) -> Mandrill:
    settings = configured.settings.get("message")
    shown = settings.get("view_content_link") if isinstance(settings, dict) else None
    return Mandrill(
        api_key=required_text(configured, "api_key"),
        view_content_link=shown if isinstance(shown, bool) else None,
    )


PROVIDER = EmailProviderSpec(
    name="mandrill",
    title="Mandrill",
    build=_build,
    credentials=api_key_schema(),
    settings={
        "type": ["object", "null"],
        "properties": {
            "message": {
                "type": "object",
                "properties": {"view_content_link": {"type": "boolean"}},
            }
        },
    },
    example={"api_key": "made-up-key"},
    source="https://mailchimp.com/developer/transactional/api/messages/send-new-message/",
)
