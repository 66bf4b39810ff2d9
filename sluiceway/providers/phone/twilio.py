"""Send text messages and make calls through Twilio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import ProviderRejected
from sluiceway.models.message import Channel
from sluiceway.providers.answers import check_status, read_object, read_text
from sluiceway.providers.base import PhoneProviderSpec, Receipt
from sluiceway.providers.configuration import closed, host_part, optional_text, required_text
from sluiceway.providers.requests import MESSAGE_PARAM, basic, form_request
from sluiceway.providers.say_languages import say_language

if TYPE_CHECKING:
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.providers.base import ConfiguredProvider, PhoneMessage

__all__ = ["PROVIDER", "Twilio", "speak"]

_API: Final = "https://api.twilio.com/2010-04-01/Accounts"
_LONGEST_TWIML: Final = 4000


class Twilio(Discreet, msgspec.Struct, frozen=True):
    """``POST …/Messages.json`` and ``POST …/Calls.json`` of one account."""

    withheld = frozenset({"auth_token"})

    account_sid: str
    auth_token: str
    default_from: str | None = None
    messaging_service_sid: str | None = None
    report_url: str | None = None

    def build_request(self, message: PhoneMessage) -> OutboundRequest:
        """Map *message* to Twilio's form; see ``HttpPhoneProvider``.

        The sender is the flow's own, else the provider's number, else, for text messages, its
        messaging service.

        Raises:
            ProviderRejected: there is no sender, or the text is too long to be spoken.
        """
        if message.channel is Channel.CALL:
            events = [
                ("StatusCallbackEvent", name) for name in ("ringing", "answered", "completed")
            ]
            callback = self._callback(message)
            return self._request(
                "Calls",
                message,
                [("Twiml", speak(message)), *callback, *(events if callback else [])],
            )
        return self._request(
            "Messages", message, [("Body", message.text), *self._callback(message)]
        )

    def parse_response(self, response: OutboundResponse) -> Receipt:
        """Read ``sid``; see ``HttpPhoneProvider``."""
        check_status(response, "Twilio")
        return Receipt(read_text(read_object(response), "sid"))

    def _request(
        self, resource: str, message: PhoneMessage, content: list[tuple[str, str]]
    ) -> OutboundRequest:
        return form_request(
            f"{_API}/{self.account_sid}/{resource}.json",
            [("To", message.to), self._sender(message), *content],
            headers=basic(self.account_sid, self.auth_token),
        )

    def _callback(self, message: PhoneMessage) -> list[tuple[str, str]]:
        if self.report_url is None:
            return []
        return [("StatusCallback", f"{self.report_url}?{MESSAGE_PARAM}={message.id}")]

    def _sender(self, message: PhoneMessage) -> tuple[str, str]:
        sender = message.sender or self.default_from
        if sender:
            return ("From", sender)
        if self.messaging_service_sid and message.channel is Channel.SMS:
            return ("MessagingServiceSid", self.messaging_service_sid)
        raise ProviderRejected(
            "expected a sender's number for the call or message, found none",
            hint="Set default_from in the phone provider's configuration, or from in the step.",
        )


def speak(message: PhoneMessage) -> str:
    """Return TwiML that says the text in the execution's language, if Twilio speaks it.

    Raises:
        ProviderRejected: the document would be over 4000 characters, Twilio's limit.
    """
    language = say_language(message.language)
    attribute = f' language="{language}"' if language else ""
    spoken = "".join(c if c.isprintable() else " " for c in message.text)
    twiml = f"<Response><Say{attribute}>{escape(spoken)}</Say></Response>"
    if len(twiml) > _LONGEST_TWIML:
        raise ProviderRejected(
            f"expected at most {_LONGEST_TWIML} characters of TwiML, found {len(twiml)}"
        )
    return twiml


def _build(configured: ConfiguredProvider) -> Twilio:
    return Twilio(
        account_sid=host_part(configured, "sid"),
        auth_token=required_text(configured, "auth_token"),
        default_from=configured.default_from or optional_text(configured, "default_from"),
        messaging_service_sid=optional_text(configured, "mssid"),
        report_url=configured.report_url,
    )


PROVIDER = PhoneProviderSpec(
    name="twilio",
    title="Twilio",
    build=_build,
    credentials=closed({"auth_token": {"type": "string", "minLength": 1}}, "auth_token"),
    configuration=closed(
        {
            "sid": {"type": "string", "minLength": 1},
            "default_from": {"type": ["string", "null"]},
            "mssid": {"type": ["string", "null"]},
            "delivery_methods": {
                "type": "array",
                "items": {"enum": ["text", "voice"]},
                "minItems": 1,
                "uniqueItems": True,
            },
        },
        "sid",
        "delivery_methods",
    ),
    example={"auth_token": "made-up-auth-token"},
    example_configuration={
        "sid": "ACmadeup",
        "default_from": "+12025550100",
        "delivery_methods": ["text", "voice"],
    },
    source="https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource",
    rate_per_s=10.0,
)
