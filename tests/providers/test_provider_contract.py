"""Every provider keeps the same promises; a new one is picked up by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from sluiceway.errors import ProviderError, ProviderRejected, ProviderUnavailable
from sluiceway.outbound.base import OutboundResponse
from sluiceway.providers.base import (
    Address,
    ConfiguredProvider,
    EmailProviderSpec,
    HttpEmailProvider,
    HttpPhoneProvider,
    PhoneProviderSpec,
)
from sluiceway.providers.choice import find_email_specs, find_phone_specs

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.providers.base import EmailMessage, PhoneMessage

EMAIL = list(find_email_specs().values())
PHONE = list(find_phone_specs().values())
AUTH0_NAMES = {
    *("smtp", "ses", "sendgrid", "mailgun", "mandrill", "sparkpost", "azure_cs", "ms365"),
    *("resend", "custom"),
}


def configured(spec: EmailProviderSpec | PhoneProviderSpec) -> ConfiguredProvider:
    is_email = isinstance(spec, EmailProviderSpec)
    return ConfiguredProvider(
        name=spec.name,
        credentials=dict(spec.example),
        settings=spec.example_settings if is_email else spec.example_configuration,
        default_from="no-reply@shop.example" if is_email else "+12025550100",
    )


JSON_EMAIL = [found for found in EMAIL if found.name not in {"smtp", "ms365", "capture"}]


@pytest.fixture(params=JSON_EMAIL, ids=lambda spec: spec.name)
def email_spec(request: pytest.FixtureRequest) -> EmailProviderSpec:
    spec: EmailProviderSpec = request.param
    return spec


@pytest.fixture(params=[*EMAIL, *PHONE], ids=lambda s: f"{type(s).__name__[:5]}-{s.name}")
def spec(request: pytest.FixtureRequest) -> EmailProviderSpec | PhoneProviderSpec:
    found: EmailProviderSpec | PhoneProviderSpec = request.param
    return found


HTTP = [
    found
    for found in (*EMAIL, *PHONE)
    if isinstance(found.build(configured(found)), HttpEmailProvider | HttpPhoneProvider)
]


@pytest.fixture(params=HTTP, ids=lambda s: f"{type(s).__name__[:5]}-{s.name}")
def exchange(
    request: pytest.FixtureRequest,
    new_email: Callable[..., EmailMessage],
    new_phone: Callable[..., PhoneMessage],
) -> tuple[Any, EmailMessage | PhoneMessage]:
    found: EmailProviderSpec | PhoneProviderSpec = request.param
    message = new_email() if isinstance(found, EmailProviderSpec) else new_phone()
    return found.build(configured(found)), message


def test_every_provider_of_auth0_is_there() -> None:
    assert {spec.name for spec in EMAIL} >= AUTH0_NAMES
    assert {spec.name for spec in PHONE} >= {"twilio", "custom"}


def test_the_example_fits_the_schemas(spec: EmailProviderSpec | PhoneProviderSpec) -> None:
    assert jsonschema_rs.is_valid(spec.credentials, dict(spec.example))
    if isinstance(spec, EmailProviderSpec):
        assert jsonschema_rs.is_valid(spec.settings, spec.example_settings)
        assert jsonschema_rs.is_valid(spec.settings, None)
    else:
        assert jsonschema_rs.is_valid(spec.configuration, spec.example_configuration)


def test_secrets_stay_out_of_the_repr(spec: EmailProviderSpec | PhoneProviderSpec) -> None:
    given = configured(spec)
    shown = repr(spec.build(given)) + repr(given) + repr(spec)

    public = spec.shown_credentials if isinstance(spec, EmailProviderSpec) else ("webhook_url",)
    secrets = [
        str(v) for k, v in spec.example.items() if k not in {*public, "tenantId", "clientId"}
    ]
    assert not [secret for secret in secrets if secret in shown]


def test_missing_credentials_are_refused_in_words(
    spec: EmailProviderSpec | PhoneProviderSpec,
) -> None:
    if spec.name == "capture":
        assert spec.build(ConfiguredProvider(name=spec.name)) is not None
        return
    with pytest.raises(ProviderRejected, match="expected"):
        spec.build(ConfiguredProvider(name=spec.name))


def test_the_request_goes_out_over_tls(exchange: tuple[Any, Any]) -> None:
    provider, message = exchange

    request = provider.build_request(message)

    assert request.url.startswith("https://")
    assert request.method == "POST"
    assert request.headers["content-type"]


def test_the_same_try_gives_the_same_request(exchange: tuple[Any, Any]) -> None:
    provider, message = exchange

    assert provider.build_request(message) == provider.build_request(message)


def test_header_values_are_one_line(exchange: tuple[Any, Any]) -> None:
    provider, message = exchange

    for name, value in provider.build_request(message).headers.items():
        assert name == name.lower()
        assert value.isprintable()
        assert value.isascii()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProviderRejected),
        (401, ProviderRejected),
        (403, ProviderRejected),
        (408, ProviderUnavailable),
        (422, ProviderRejected),
        (429, ProviderUnavailable),
        (500, ProviderUnavailable),
        (503, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("body", [b"{}", b"", b"<html>down</html>", b"[1]", b"\xff"])
def test_the_status_decides_the_error(
    exchange: tuple[Any, Any], status: int, error: type[ProviderError], body: bytes
) -> None:
    provider, _ = exchange

    with pytest.raises(error) as caught:
        provider.parse_response(OutboundResponse(status=status, headers={}, body=body))

    assert caught.value.details is not None
    assert caught.value.details["status"] == status


def test_a_refusal_carries_the_services_words(exchange: tuple[Any, Any]) -> None:
    provider, _ = exchange
    body = json.dumps({"message": "no such\r\nrecipient"}).encode()

    with pytest.raises(ProviderRejected, match="no such"):
        provider.parse_response(OutboundResponse(status=400, headers={}, body=body))


def test_a_429_says_when_to_come_back(exchange: tuple[Any, Any]) -> None:
    provider, _ = exchange
    answer = OutboundResponse(status=429, headers={"retry-after": "7"}, body=b"")

    with pytest.raises(ProviderUnavailable) as caught:
        provider.parse_response(answer)

    assert caught.value.details is not None
    assert caught.value.details["retry_after_s"] == 7.0


def test_a_success_without_a_usable_body_is_a_receipt(exchange: tuple[Any, Any]) -> None:
    provider, _ = exchange

    assert (
        provider.parse_response(OutboundResponse(status=202, headers={}, body=b"")).message_id == ""
    )


def test_a_subject_beyond_ascii_arrives_whole(
    email_spec: EmailProviderSpec, new_email: Callable[..., EmailMessage]
) -> None:
    provider = email_spec.build(configured(email_spec))
    assert isinstance(provider, HttpEmailProvider)

    body = provider.build_request(new_email()).body.decode("utf-8")

    assert "Grüße 🎉" in body
    assert "ada@x.example" in body


def test_list_unsubscribe_goes_along(
    email_spec: EmailProviderSpec, new_email: Callable[..., EmailMessage]
) -> None:
    provider = email_spec.build(configured(email_spec))
    message = new_email(list_unsubscribe="<https://x.example/u>")
    if email_spec.name == "custom":
        return  # Auth0's event has no field for it.
    assert isinstance(provider, HttpEmailProvider)

    body = provider.build_request(message).body.decode("utf-8")

    assert "List-Unsubscribe" in body
    assert "<https://x.example/u>" in body
    assert "List-Unsubscribe=One-Click" in body


def test_a_name_cannot_bring_in_another_address(
    email_spec: EmailProviderSpec, new_email: Callable[..., EmailMessage]
) -> None:
    provider = email_spec.build(configured(email_spec))
    assert isinstance(provider, HttpEmailProvider)
    sender = Address(email="a@b.example", name='Evil" <x@evil.example>, "')

    body = provider.build_request(new_email(sender=sender)).body.decode("utf-8")

    # Either a JSON field of its own, or quoted as RFC 5322 asks.
    assert '"Evil" <x@evil.example>' not in body
