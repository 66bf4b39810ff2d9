"""Send email through SparkPost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderRejected
from sluiceway.providers.answers import check_status, own_words, read_object, read_text
from sluiceway.providers.base import EmailProviderSpec, Receipt
from sluiceway.providers.configuration import closed, optional_text, required_text
from sluiceway.providers.requests import MESSAGE_KEY, json_request

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, EmailMessage

__all__ = ["PROVIDER", "SparkPost"]


class SparkPost(Discreet, msgspec.Struct, frozen=True):
    """``POST /api/v1/transmissions`` of the US or the EU."""

    withheld = frozenset({"api_key"})

    api_key: str
    is_eu: bool = False

    def build_request(self, message: EmailMessage) -> OutboundRequest:
        """Map *message* to SparkPost's JSON; see ``HttpEmailProvider``."""
        host = "api.eu.sparkpost.com" if self.is_eu else "api.sparkpost.com"
        sender: JsonObject = {"email": message.sender.email}
        if message.sender.name:
            sender["name"] = message.sender.name
        return json_request(
            f"https://{host}/api/v1/transmissions",
            {
                "options": {"transactional": True},
                "recipients": [{"address": {"email": message.to.email}}],
                "metadata": {MESSAGE_KEY: message.id},
                "content": {
                    "from": sender,
                    "subject": _literal(message.subject),
                    "text": _literal(message.text),
                    "html": _literal(message.html),
                    "headers": {"Message-ID": message.message_id, **message.extra_headers},
                },
            },
            headers={"authorization": self.api_key},
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``results.id``; see ``HttpEmailProvider``."""
        check_status(response, "SparkPost")
        answer = read_object(response)
        if read_text(answer, "results", "total_accepted_recipients") == "0":
            raise ProviderRejected(
                "SparkPost refused the recipient",
                details={"status": response.status, "answer": own_words(response)},
            )
        return Receipt(read_text(answer, "results", "id"))


def _literal(text: str) -> str:
    """Return *text* so that SparkPost's own template language leaves it alone."""
    if "{{" not in text:
        return text
    return text.replace("{{", "{{opening_double_curly()}}")


def _build(configured: ConfiguredProvider) -> SparkPost:
    return SparkPost(
        api_key=required_text(configured, "api_key"),
        is_eu=optional_text(configured, "region") == "eu",
    )


PROVIDER = EmailProviderSpec(
    name="sparkpost",
    title="SparkPost",
    build=_build,
    credentials=closed(
        {"api_key": {"type": "string", "minLength": 1}, "region": {"enum": ["eu", None]}},
        "api_key",
    ),
    shown_credentials=("region",),
    example={"api_key": "made-up-key"},
    source="https://developers.sparkpost.com/api/transmissions/",
)
