"""Our requests beside those of the services' own clients, and before a mock that others wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import moto
import pytest
import requests  # noqa: TID251 - what moto listens to
import resend
from moto.ses.models import ses_backends
from msgspec.structs import replace
from sendgrid.helpers.mail import Content, CustomArg, Email, Header, Mail, To
from twilio.http.http_client import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from sluiceway.models.message import Channel
from sluiceway.outbound.base import OutboundResponse
from sluiceway.providers.base import ConfiguredProvider, EmailMessage, PhoneMessage
from sluiceway.providers.choice import find_email_specs, find_phone_specs
from sluiceway.providers.mime import build_mime

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.outbound.base import OutboundRequest

EMAILS, PHONES = find_email_specs(), find_phone_specs()
UNSUBSCRIBE = "<https://shop.example/u?a=1>"


def email_provider(name: str, **credentials: str) -> Any:
    spec = EMAILS[name]
    return spec.build(ConfiguredProvider(name=name, credentials={**spec.example, **credentials}))


def twilio_provider(**configuration: Any) -> Any:
    spec = PHONES["twilio"]
    return spec.build(
        ConfiguredProvider(
            name="twilio",
            credentials=dict(spec.example),
            settings={**spec.example_configuration, **configuration},
            report_url="https://auth.shop.example/sluiceway/v1/webhooks/twilio",
        )
    )


# SendGrid -----------------------------------------------------------------------------------


def test_sendgrids_own_client_writes_the_same_json(new_email: Callable[..., EmailMessage]) -> None:
    message = new_email(list_unsubscribe=UNSUBSCRIBE)
    mail = Mail(
        from_email=Email("no-reply@shop.example", "Shop"),
        to_emails=To("ada@x.example"),
        subject=message.subject,
    )
    mail.add_content(Content("text/plain", message.text))
    mail.add_content(Content("text/html", message.html))
    for name, value in {"Message-ID": message.message_id, **message.extra_headers}.items():
        mail.add_header(Header(name, value))
    mail.add_custom_arg(CustomArg("sluiceway_message_id", "msg_1"))

    ours = json.loads(email_provider("sendgrid").build_request(message).body)

    assert ours == mail.get()


# Resend -------------------------------------------------------------------------------------


class ResendListener(resend.http_client_requests.RequestsClient):
    """Keeps what Resend's client would have sent."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []

    def request(
        self, method: str, url: str, headers: Any, json: Any = None
    ) -> tuple[bytes, int, dict[str, str]]:
        self.calls.append((method, url, dict(headers), json))
        return b'{"id": "re1"}', 200, {"content-type": "application/json"}


def test_resends_own_client_sends_the_same_request(
    new_email: Callable[..., EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = ResendListener()
    monkeypatch.setattr(resend, "default_http_client", listener)
    monkeypatch.setattr(resend, "api_key", "re_made_up_key")
    message = new_email()
    resend.Emails.send(
        {
            "from": "Shop <no-reply@shop.example>",
            "to": ["ada@x.example"],
            "subject": message.subject,
            "html": message.html,
            "text": message.text,
            "headers": {"Message-ID": message.message_id},
            "tags": [{"name": "sluiceway_message_id", "value": "msg_1"}],
        },
        {"idempotency_key": message.idempotency_key},
    )
    ((method, url, headers, body),) = listener.calls

    ours = email_provider("resend").build_request(message)

    assert (ours.method.lower(), ours.url) == (method.lower(), url)
    assert json.loads(ours.body) == body
    theirs = {name.lower(): value for name, value in headers.items()}
    for name in ("authorization", "idempotency-key"):
        assert ours.headers[name] == theirs[name]


# Twilio -------------------------------------------------------------------------------------


class TwilioListener(HttpClient):
    """Keeps what Twilio's client would have sent."""

    def __init__(self) -> None:
        super().__init__(None, False, None)
        self.calls: list[tuple[str, str, Any, Any]] = []

    def request(self, method: str, url: str, **given: Any) -> Response:
        self.calls.append((method, url, given["data"], given["auth"]))
        return Response(201, '{"sid": "SM1"}')


def form(request: OutboundRequest) -> dict[str, Any]:
    """Return the fields; one that is repeated as a list, as Twilio's client has it."""
    found = parse_qs(request.body.decode(), keep_blank_values=True)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def flat(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.CALL])
def test_twilios_own_client_sends_the_same_form(
    new_phone: Callable[..., PhoneMessage], channel: Channel
) -> None:
    message = new_phone(channel=channel, language="de")
    listener = TwilioListener()
    client = Client("ACmadeup", "made-up-auth-token", http_client=listener)
    callback = "https://auth.shop.example/sluiceway/v1/webhooks/twilio?message=msg_2"
    common = {"to": "+12025550123", "from_": "+12025550100", "status_callback": callback}
    if channel is Channel.SMS:
        client.messages.create(body=message.text, **common)
    else:
        client.calls.create(
            twiml='<Response><Say language="de-DE">Your code: 123 &lt;&amp;&gt;</Say></Response>',
            status_callback_event=["ringing", "answered", "completed"],
            **common,
        )
    ((method, url, data, auth),) = listener.calls

    ours = twilio_provider().build_request(message)

    assert (ours.method, ours.url) == (method, url)
    assert form(ours) == flat(data)
    prepared = requests.Request("POST", url, auth=auth).prepare()
    assert ours.headers["authorization"] == prepared.headers["authorization"]


# Amazon SES ---------------------------------------------------------------------------------


def test_botocore_signs_the_same(new_email: Callable[..., EmailMessage]) -> None:
    provider = email_provider("ses")
    ours = provider.build_request(new_email())
    theirs = botocore.awsrequest.AWSRequest(
        method="POST",
        url=ours.url,
        data=ours.body,
        headers={name: ours.headers[name] for name in ("accept", "content-type", "x-amz-date")},
    )
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials("AKIAMADEUPKEY", "made-up-secret-access-key"),
        "ses",
        "eu-west-1",
    )
    theirs.context["timestamp"] = "20260301T093000Z"
    canonical = signer.canonical_request(theirs)
    to_sign = signer.string_to_sign(theirs, canonical)

    assert ours.headers["authorization"].endswith(f"Signature={signer.signature(to_sign, theirs)}")


@moto.mock_aws
def test_a_mock_of_ses_takes_our_request(new_email: Callable[..., EmailMessage]) -> None:
    message = new_email(list_unsubscribe=UNSUBSCRIBE)
    backend = ses_backends["123456789012"]["eu-west-1"]
    backend.verify_email_identity("no-reply@shop.example")
    provider = email_provider("ses")
    ours = provider.build_request(message)

    answer = requests.post(ours.url, data=ours.body, headers=dict(ours.headers), timeout=10)

    receipt = provider.parse_response(
        OutboundResponse(status=answer.status_code, headers={}, body=answer.content)
    )
    (taken,) = backend.sent_messages
    assert receipt.message_id == taken.id
    assert taken.source == "Shop <no-reply@shop.example>"
    assert taken.destinations == {"ToAddresses": ["ada@x.example"]}
    assert taken.subject == message.subject


@moto.mock_aws
def test_a_mock_of_ses_refuses_a_sender_that_is_not_verified(
    new_email: Callable[..., EmailMessage],
) -> None:
    from sluiceway.errors import ProviderRejected  # noqa: PLC0415 - one use

    provider = email_provider("ses")
    ours = provider.build_request(new_email())
    answer = requests.post(ours.url, data=ours.body, headers=dict(ours.headers), timeout=10)

    with pytest.raises(ProviderRejected, match="not verified"):
        provider.parse_response(
            OutboundResponse(status=answer.status_code, headers={}, body=answer.content)
        )


# Mailgun ------------------------------------------------------------------------------------


def test_mailguns_form_is_what_a_browser_library_writes(
    new_email: Callable[..., EmailMessage],
) -> None:
    ours = email_provider("mailgun").build_request(new_email())
    head = f"content-type: {ours.headers['content-type']}\r\n\r\n".encode()
    mine = parts(head + ours.body)
    prepared = requests.Request(
        "POST",
        ours.url,
        files={name: (None, value) for name, value in mine.items()},
        auth=("api", "key-made-up-key"),
    ).prepare()
    theirs = parts(
        f"content-type: {prepared.headers['content-type']}\r\n\r\n".encode()
        + bytes(prepared.body or b"")
    )

    assert mine == theirs
    assert ours.headers["authorization"] == prepared.headers["authorization"]
    assert urlsplit(ours.url).path == "/v3/mail.example.com/messages"


def parts(data: bytes) -> dict[str, bytes]:
    parsed = message_from_bytes(data, policy=policy.HTTP)
    return {
        part["content-disposition"].params["name"]: part.get_payload(decode=True)
        for part in parsed.iter_parts()
    }


# Microsoft 365 ------------------------------------------------------------------------------


def test_microsofts_mime_is_a_whole_message(new_email: Callable[..., EmailMessage]) -> None:
    message = new_email()
    later = replace(message, at=datetime(2026, 3, 2, tzinfo=UTC))

    # The same bytes on every try: Exchange tells duplicates by the Message-ID.
    assert build_mime(message) == build_mime(later)
