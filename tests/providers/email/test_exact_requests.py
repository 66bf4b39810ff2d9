"""Each email service's exact request, as its public documentation has it."""

from __future__ import annotations

import base64
import json
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import ProviderRejected, ProviderUnavailable
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.providers.base import AccessToken, ConfiguredProvider, EmailMessage
from sluiceway.providers.choice import find_email_specs

if TYPE_CHECKING:
    from collections.abc import Callable

SPECS = find_email_specs()


def build(name: str, settings: dict[str, Any] | None = None, **credentials: str) -> Any:
    spec = SPECS[name]
    return spec.build(
        ConfiguredProvider(
            name=name, credentials={**spec.example, **credentials}, settings=settings or {}
        )
    )


def answer(status: int, body: object = None, **headers: str) -> OutboundResponse:
    data = b"" if body is None else json.dumps(body).encode()
    return OutboundResponse(
        status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=data
    )


def json_of(request: OutboundRequest) -> Any:
    return json.loads(request.body)


def test_sendgrid(new_email: Callable[..., EmailMessage]) -> None:
    request = build("sendgrid").build_request(new_email())

    assert request.url == "https://api.sendgrid.com/v3/mail/send"
    assert request.headers["authorization"] == "Bearer SG.made-up-key"
    assert json_of(request) == {
        "personalizations": [{"to": [{"email": "ada@x.example"}]}],
        "from": {"email": "no-reply@shop.example", "name": "Shop"},
        "subject": "Grüße 🎉",
        "content": [
            {"type": "text/plain", "value": "Your code: 123"},
            {"type": "text/html", "value": "<p>Your code: <b>123</b></p>"},
        ],
        "headers": {"Message-ID": "<msg_1@shop.example>"},
        "custom_args": {"sluiceway_message_id": "msg_1"},
    }
    assert build("sendgrid").parse_response(answer(202, x_message_id="sg1")).message_id == "sg1"


def test_resend(new_email: Callable[..., EmailMessage]) -> None:
    request = build("resend").build_request(new_email())

    assert request.url == "https://api.resend.com/emails"
    assert request.headers["authorization"] == "Bearer re_made_up_key"
    assert request.headers["idempotency-key"] == "afe_1:send_email"
    assert json_of(request) == {
        "from": "Shop <no-reply@shop.example>",
        "to": ["ada@x.example"],
        "subject": "Grüße 🎉",
        "html": "<p>Your code: <b>123</b></p>",
        "text": "Your code: 123",
        "headers": {"Message-ID": "<msg_1@shop.example>"},
        "tags": [{"name": "sluiceway_message_id", "value": "msg_1"}],
    }
    assert build("resend").parse_response(answer(200, {"id": "re1"})).message_id == "re1"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("concurrent_idempotent_requests", ProviderUnavailable),
        ("invalid_idempotent_request", ProviderRejected),
    ],
)
def test_resend_tells_the_two_conflicts_apart(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        build("resend").parse_response(answer(409, {"name": name}))


@pytest.mark.parametrize(
    ("region", "host"), [("eu", "api.eu.mailgun.net"), (None, "api.mailgun.net")]
)
def test_mailgun(new_email: Callable[..., EmailMessage], region: str | None, host: str) -> None:
    request = build("mailgun", region=region).build_request(new_email())  # type: ignore[arg-type]

    assert request.url == f"https://{host}/v3/mail.example.com/messages"
    expected = base64.b64encode(b"api:key-made-up-key").decode()
    assert request.headers["authorization"] == f"Basic {expected}"
    assert form_of(request) == {
        "from": "Shop <no-reply@shop.example>",
        "to": "ada@x.example",
        "subject": "Grüße 🎉",
        "text": "Your code: 123",
        "html": "<p>Your code: <b>123</b></p>",
        "h:Message-Id": "<msg_1@shop.example>",
        "v:sluiceway_message_id": "msg_1",
    }
    taken = answer(200, {"id": "<1@mg>", "message": "Queued. Thank you."})
    assert build("mailgun").parse_response(taken).message_id == "1@mg"


def form_of(request: OutboundRequest) -> dict[str, str]:
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    parsed = message_from_bytes(head + request.body, policy=policy.HTTP)
    parts: dict[str, str] = {}
    for part in parsed.iter_parts():
        name = part["content-disposition"].params["name"]
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        parts[name] = payload.decode("utf-8")
    return parts


def test_mandrill(new_email: Callable[..., EmailMessage]) -> None:
    provider = build("mandrill", {"message": {"view_content_link": True}})
    request = provider.build_request(new_email())

    assert request.url == "https://mandrillapp.com/api/1.0/messages/send.json"
    assert json_of(request) == {
        "key": "made-up-key",
        "message": {
            "html": "<p>Your code: <b>123</b></p>",
            "text": "Your code: 123",
            "subject": "Grüße 🎉",
            "from_email": "no-reply@shop.example",
            "from_name": "Shop",
            "to": [{"email": "ada@x.example", "type": "to"}],
            "headers": {"Message-Id": "<msg_1@shop.example>"},
            "metadata": {"sluiceway_message_id": "msg_1"},
            "view_content_link": True,
        },
    }
    taken = answer(200, [{"email": "ada@x.example", "status": "sent", "_id": "m1"}])
    assert provider.parse_response(taken).message_id == "m1"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(200, [{"status": "rejected", "reject_reason": "hard-bounce"}]), ProviderRejected),
        (answer(500, {"name": "Invalid_Key", "message": "Invalid API key"}), ProviderRejected),
        (answer(500, {"name": "GeneralError"}), ProviderUnavailable),
    ],
)
def test_mandrill_refuses_in_its_own_way(given: OutboundResponse, error: type[Exception]) -> None:
    with pytest.raises(error):
        build("mandrill").parse_response(given)


def test_sparkpost(new_email: Callable[..., EmailMessage]) -> None:
    request = build("sparkpost", region="eu").build_request(new_email(subject="a {{x}} b"))

    assert request.url == "https://api.eu.sparkpost.com/api/v1/transmissions"
    assert request.headers["authorization"] == "made-up-key"
    assert json_of(request) == {
        "options": {"transactional": True},
        "recipients": [{"address": {"email": "ada@x.example"}}],
        "metadata": {"sluiceway_message_id": "msg_1"},
        "content": {
            "from": {"email": "no-reply@shop.example", "name": "Shop"},
            "subject": "a {{opening_double_curly()}}x}} b",
            "text": "Your code: 123",
            "html": "<p>Your code: <b>123</b></p>",
            "headers": {"Message-ID": "<msg_1@shop.example>"},
        },
    }
    taken = {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": "9"}}
    assert build("sparkpost").parse_response(answer(200, taken)).message_id == "9"
    with pytest.raises(ProviderRejected):
        build("sparkpost").parse_response(
            answer(200, {"results": {"total_accepted_recipients": 0, "id": "9"}})
        )


def test_ses(new_email: Callable[..., EmailMessage]) -> None:
    provider = build("ses", {"message": {"configuration_set_name": "set1"}})
    request = provider.build_request(new_email(list_unsubscribe="<mailto:u@x.example>"))

    assert request.url == "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
    assert json_of(request) == {
        "FromEmailAddress": "Shop <no-reply@shop.example>",
        "Destination": {"ToAddresses": ["ada@x.example"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Grüße 🎉", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Your code: 123", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>Your code: <b>123</b></p>", "Charset": "UTF-8"},
                },
                "Headers": [{"Name": "List-Unsubscribe", "Value": "<mailto:u@x.example>"}],
            }
        },
        "EmailTags": [{"Name": "sluiceway_message_id", "Value": "msg_1"}],
        "ConfigurationSetName": "set1",
    }
    assert request.headers["x-amz-date"] == "20260301T093000Z"
    assert request.headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIAMADEUPKEY/20260301/eu-west-1/ses/aws4_request,"
        " SignedHeaders=accept;content-type;host;x-amz-date, Signature="
    )
    assert provider.parse_response(answer(200, {"MessageId": "s1"})).message_id == "s1"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("TooManyRequestsException:http://internal", ProviderUnavailable),
        ("MessageRejected", ProviderRejected),
    ],
)
def test_ses_says_400_to_what_passes(kind: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        build("ses").parse_response(answer(400, {}, x_amzn_errortype=kind))


def test_azure(new_email: Callable[..., EmailMessage]) -> None:
    provider = build("azure_cs")
    request = provider.build_request(new_email())

    assert request.url == (
        "https://made-up.communication.azure.com/emails:send?api-version=2023-03-31"
    )
    assert json_of(request) == {
        "senderAddress": "no-reply@shop.example",
        "content": {
            "subject": "Grüße 🎉",
            "plainText": "Your code: 123",
            "html": "<p>Your code: <b>123</b></p>",
        },
        "recipients": {"to": [{"address": "ada@x.example"}]},
    }
    assert request.headers["x-ms-date"] == "Sun, 01 Mar 2026 09:30:00 GMT"
    assert request.headers["authorization"].startswith(
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature="
    )
    again = provider.build_request(new_email(at=new_email().at.replace(hour=10)))
    assert again.headers["operation-id"] == request.headers["operation-id"]
    assert again.headers["authorization"] != request.headers["authorization"]
    assert provider.parse_response(answer(202, {"id": "az1"})).message_id == "az1"


def test_microsoft_365(new_email: Callable[..., EmailMessage]) -> None:
    provider = build("ms365")
    asked = provider.build_token_request()

    assert asked.url == (
        "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token"
    )
    assert asked.body.decode() == (
        "client_id=66666666-7777-8888-9999-000000000000"
        "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        "&client_secret=made-up-client-secret&grant_type=client_credentials"
    )
    token = provider.parse_token_response(answer(200, {"access_token": "t1", "expires_in": 3599}))
    assert token == AccessToken(value="t1", lasts_s=3599.0)

    request = provider.with_token(token).build_request(new_email())

    assert request.url == "https://graph.microsoft.com/v1.0/users/no-reply@shop.example/sendMail"
    assert request.headers["authorization"] == "Bearer t1"
    assert request.headers["content-type"] == "text/plain"
    mime = message_from_bytes(base64.b64decode(request.body), policy=policy.default)
    assert mime["Subject"] == "Grüße 🎉"
    assert mime["Message-ID"] == "<msg_1@shop.example>"
    assert provider.parse_response(answer(202, request_id="g1")).message_id == "g1"


def test_custom(new_email: Callable[..., EmailMessage]) -> None:
    request = build("custom").build_request(new_email())

    assert request.url == "https://hooks.example.com/email"
    assert json_of(request) == {
        "id": "msg_1",
        "notification": {
            "from": "Shop <no-reply@shop.example>",
            "to": "ada@x.example",
            "subject": "Grüße 🎉",
            "html": "<p>Your code: <b>123</b></p>",
            "text": "Your code: 123",
            "locale": None,
            "message_type": "flow_send_email",
            "message_id": "<msg_1@shop.example>",
        },
    }
    assert request.headers["webhook-id"] == request.headers["idempotency-key"]
    assert build("custom").parse_response(answer(200, {"id": "c1"})).message_id == "c1"
