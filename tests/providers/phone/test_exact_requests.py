"""Each phone service's exact request, as its public documentation has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pytest

from sluiceway.errors import ProviderRejected
from sluiceway.models.message import Channel
from sluiceway.outbound.base import OutboundResponse
from sluiceway.providers.base import ConfiguredProvider, PhoneMessage
from sluiceway.providers.choice import find_phone_specs
from sluiceway.providers.phone.twilio import speak
from sluiceway.providers.say_languages import say_language

if TYPE_CHECKING:
    from collections.abc import Callable

SPECS = find_phone_specs()


def build(name: str, **configuration: Any) -> Any:
    spec = SPECS[name]
    return spec.build(
        ConfiguredProvider(
            name=name,
            credentials=dict(spec.example),
            settings={**spec.example_configuration, **configuration},
        )
    )


def test_twilio_message(new_phone: Callable[..., PhoneMessage]) -> None:
    request = build("twilio").build_request(new_phone())

    assert request.url == "https://api.twilio.com/2010-04-01/Accounts/ACmadeup/Messages.json"
    assert request.headers["authorization"] == "Basic QUNtYWRldXA6bWFkZS11cC1hdXRoLXRva2Vu"
    assert parse_qsl(request.body.decode()) == [
        ("To", "+12025550123"),
        ("From", "+12025550100"),
        ("Body", "Your code: 123 <&>"),
    ]
    taken = OutboundResponse(status=201, headers={}, body=b'{"sid": "SM1", "status": "queued"}')
    assert build("twilio").parse_response(taken).message_id == "SM1"


@pytest.mark.parametrize(
    ("sender", "configuration", "expected"),
    [
        pytest.param("+12025550111", {}, ("From", "+12025550111"), id="the flow's own"),
        pytest.param(None, {}, ("From", "+12025550100"), id="the provider's number"),
        pytest.param(
            None,
            {"default_from": None, "mssid": "MG1"},
            ("MessagingServiceSid", "MG1"),
            id="the messaging service",
        ),
    ],
)
def test_twilio_sender(
    new_phone: Callable[..., PhoneMessage],
    sender: str | None,
    configuration: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    request = build("twilio", **configuration).build_request(new_phone(sender=sender))

    assert parse_qsl(request.body.decode())[1] == expected


def test_a_call_needs_a_number(new_phone: Callable[..., PhoneMessage]) -> None:
    provider = build("twilio", default_from=None, mssid="MG1")

    with pytest.raises(ProviderRejected, match="sender's number"):
        provider.build_request(new_phone(channel=Channel.CALL))


def test_twilio_call(new_phone: Callable[..., PhoneMessage]) -> None:
    message = new_phone(channel=Channel.CALL, language="de", text="Code <1> & </Say>\x00")
    request = build("twilio").build_request(message)

    assert request.url == "https://api.twilio.com/2010-04-01/Accounts/ACmadeup/Calls.json"
    twiml = dict(parse_qsl(request.body.decode()))["Twiml"]
    assert twiml == (
        '<Response><Say language="de-DE">Code &lt;1&gt; &amp; &lt;/Say&gt; </Say></Response>'
    )
    said = ET.fromstring(twiml).find("Say")  # noqa: S314 - our own output
    assert said is not None
    assert said.text == "Code <1> & </Say> "


def test_twiml_over_the_limit_is_refused(new_phone: Callable[..., PhoneMessage]) -> None:
    with pytest.raises(ProviderRejected, match="4000"):
        speak(new_phone(text="&" * 1024))


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("de", "de-DE"),
        ("de-AT", "de-AT"),
        ("de-CH", "de-DE"),
        ("pt_BR", "pt-BR"),
        ("EN-gb", "en-GB"),
        ("zh-Hant", "cmn-TW"),
        ("zh", "cmn-CN"),
        ("nb", "nb-NO"),
        ("no", "nb-NO"),
        ("ja", "ja-JP"),
        ("eo", None),
        ("", None),
        (None, None),
        ('en-US" x="', "en-US"),
    ],
)
def test_say_language(tag: str | None, expected: str | None) -> None:
    assert say_language(tag) == expected


@pytest.mark.parametrize(
    ("channel", "method", "kind"),
    [(Channel.SMS, "text", "flow_send_sms"), (Channel.CALL, "voice", "flow_make_call")],
)
def test_custom(
    new_phone: Callable[..., PhoneMessage], channel: Channel, method: str, kind: str
) -> None:
    request = build("custom").build_request(new_phone(channel=channel, language="fr"))

    assert json.loads(request.body) == {
        "id": "msg_2",
        "notification": {
            "recipient": "+12025550123",
            "from": None,
            "as_text": "Your code: 123 <&>",
            "as_voice": "Your code: 123 <&>",
            "delivery_method": method,
            "locale": "fr",
            "message_type": kind,
        },
    }
