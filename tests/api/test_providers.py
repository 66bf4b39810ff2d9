"""Delivery providers over our own API: lists, limits, test messages that say what happened."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from sluiceway.api.app import build_app
from sluiceway.engine.trials import Trials
from sluiceway.errors import ProviderRejected
from sluiceway.management.provider_directory import TenantProviders, report_url
from sluiceway.models.message import Channel
from sluiceway.models.timestamps import utc_now
from sluiceway.providers.base import DeliveryLimits, Receipt
from sluiceway.providers.choice import Providers

if TYPE_CHECKING:
    from tests.conftest import Door

PATH = "/sluiceway/v1/providers"
SENDGRID = {
    "name": "sendgrid",
    "credentials": {"api_key": "SG.made-up-key"},
    "default_from_address": "no-reply@shop.example",
}
TWILIO = {
    "name": "twilio",
    "credentials": {"auth_token": "made-up-auth-token"},
    "configuration": {
        "sid": "ACmadeup",
        "default_from": "+12025550100",
        "delivery_methods": ["text", "voice"],
    },
}


class Service:
    """Takes test messages, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.refusal: ProviderRejected | None = None

    async def send_email(self, chosen: Any, message: Any) -> Receipt:
        if self.refusal is not None:
            raise self.refusal
        self.taken.append((chosen.spec.name, message))
        return Receipt("r1")

    send_phone = send_email


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def sending(door: Door, service: Service) -> Door:
    """The API of a process that delivers messages."""
    providers = Providers(TenantProviders(door.services.tenant.environment))
    trials = Trials(providers=providers, sender=service, now=utc_now)
    services = replace(door.services, trials=trials)
    return dataclasses.replace(door, services=services, app=build_app(services))


def test_capture_is_in_force_until_a_provider_is_set_up(door: Door) -> None:
    found = door("GET", PATH).body
    assert (found["email"]["in_force"], found["phone"]["in_force"]) == ("capture", "capture")

    door("POST", "/api/v2/emails/provider", SENDGRID)
    door("POST", "/api/v2/branding/phone/providers", TWILIO)
    found = door("GET", PATH).body
    assert (found["email"]["in_force"], found["phone"]["in_force"]) == ("sendgrid", "twilio")
    assert "made-up" not in str(found)


def test_the_catalogue_has_every_provider_with_its_forms(door: Door) -> None:
    found = door("GET", f"{PATH}/catalogue").body

    assert {entry["name"] for entry in found["email"]} == set(
        "azure_cs capture custom mailgun mandrill ms365 resend sendgrid ses smtp sparkpost".split()
    )
    assert {entry["name"] for entry in found["phone"]} == {"capture", "custom", "twilio"}
    assert all("credentials" in entry for entry in found["email"] + found["phone"])


def test_a_test_message_goes_out_at_once(sending: Door, service: Service) -> None:
    sending("POST", "/api/v2/emails/provider", SENDGRID)
    sending("POST", "/api/v2/branding/phone/providers", TWILIO)

    mail = sending("POST", f"{PATH}/email/try", {"to": "ada@x.example"}).body
    call = sending(
        "POST", f"{PATH}/phone/try", {"to": "+12025550123", "delivery_method": "voice"}
    ).body

    assert (mail["ok"], mail["provider"], mail["receipt"]) == (True, "sendgrid", "r1")
    assert (call["ok"], call["provider"]) == (True, "twilio")
    assert service.taken[0][1].sender.email == "no-reply@shop.example"
    assert service.taken[1][1].channel is Channel.CALL


def test_a_refusal_is_told_in_the_providers_words(sending: Door, service: Service) -> None:
    sending("POST", "/api/v2/emails/provider", SENDGRID)
    service.refusal = ProviderRejected("SendGrid refused the message with status 401: bad key")

    told = sending("POST", f"{PATH}/email/try", {"to": "ada@x.example"})

    assert told.status == 200
    assert told.body["ok"] is False
    assert told.body["retryable"] is False
    assert told.body["error"]["message"].endswith("bad key")
    wrong = sending("POST", f"{PATH}/email/try", {"to": "nobody"}).body
    assert "expected one email address" in wrong["error"]["message"]


def test_auth0s_own_try_sends_through_the_provider_named(sending: Door, service: Service) -> None:
    made = sending("POST", "/api/v2/branding/phone/providers", {**TWILIO, "disabled": True}).body
    path = f"/api/v2/branding/phone/providers/{made['id']}/try"

    answer = sending("POST", path, {"to": "+12025550123"})

    assert answer.status == 202
    assert service.taken[0][1].text == "This is a test message from Sluiceway."


def test_auth0s_own_try_says_yes_whatever_the_provider_says(
    sending: Door, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    made = sending("POST", "/api/v2/branding/phone/providers", TWILIO).body
    template = sending("POST", "/api/v2/branding/phone/templates", {"type": "otp_enroll"}).body
    service.refusal = ProviderRejected("Twilio refused the message with status 400: bad number")

    for path in (f"providers/{made['id']}", f"templates/{template['id']}"):
        for to in ("+12025550123", "911234567890"):
            answer = sending("POST", f"/api/v2/branding/phone/{path}/try", {"to": to})
            assert answer.status == 202
            assert answer.body == {
                "code": 202,
                "message": "Test notification successfully sent for processing",
            }
    assert "bad number" in caplog.text


def test_a_stock_template_is_rendered_before_it_is_tried(sending: Door, service: Service) -> None:
    sending("POST", "/api/v2/branding/phone/providers", TWILIO)
    made = sending("POST", "/api/v2/branding/phone/templates", {"type": "otp_verify"}).body
    path = f"/api/v2/branding/phone/templates/{made['id']}/try"

    assert sending("POST", path, {"to": "+12025550123"}).status == 202
    assert service.taken[0][1].text == "123456 is your verification code for Sluiceway"

    sending(
        "POST",
        "/api/v2/email-templates",
        {
            "template": "welcome_email",
            "body": "<p>Hi {{ user.name }}</p>",
            "from": "Shop <shop@x.example>",
            "subject": "Welcome to {{ friendly_name }}",
            "syntax": "liquid",
            "enabled": True,
        },
    )
    told = sending(
        "POST", f"{PATH}/email/try", {"to": "ada@x.example", "template": "welcome_email"}
    ).body
    assert told["ok"]
    message = service.taken[1][1]
    assert (message.subject, message.text) == ("Welcome to Sluiceway", "Hi Ada Lovelace")
    assert (message.sender.name, message.sender.email) == ("Shop", "shop@x.example")


def test_limits_are_changed_one_by_one_and_reach_the_delivery_side(door: Door) -> None:
    path = f"{PATH}/email/limits"
    usual = {"rate_per_s": None, "burst": None, "concurrency": None, "max_age_s": None}
    assert door("GET", path).body == usual

    door("PATCH", path, {"rate_per_s": 50, "concurrency": 5})
    changed = door("PATCH", path, {"rate_per_s": None, "max_age_s": 600}).body
    assert changed == {**usual, "concurrency": 5, "max_age_s": 600.0}

    door("POST", "/api/v2/emails/provider", SENDGRID)
    configured = door.run(TenantProviders(door.services.tenant.environment).email())
    assert configured.limits == DeliveryLimits(concurrency=5, max_age_s=600.0)
    assert door("PATCH", path, {"rate_per_s": 0}).status == 400
    assert door("PATCH", path, {}).status == 400
    assert door("GET", f"{PATH}/fax/limits").status == 404


def test_a_custom_provider_is_a_webhook_whose_secret_is_never_shown(door: Door) -> None:
    credentials = {
        "webhook_url": "https://hooks.example.com/mail",
        "webhook_secret": "made-up-webhook-secret",
    }
    made = door("POST", "/api/v2/emails/provider", {"name": "custom", "credentials": credentials})
    assert made.body["credentials"] == {"webhook_url": "https://hooks.example.com/mail"}
    phone = door(
        "POST",
        "/api/v2/branding/phone/providers",
        {
            "name": "custom",
            "credentials": credentials,
            "configuration": {"delivery_methods": ["text"]},
        },
    )
    assert phone.status == 201
    assert "made-up" not in str(phone.body)
    directory = TenantProviders(door.services.tenant.environment)
    providers = Providers(directory)
    assert door.run(providers.email()).spec.name == "custom"
    assert door.run(providers.phone(Channel.SMS)).spec.name == "custom"


@pytest.mark.parametrize(
    ("domain", "is_public"),
    [
        ("auth.shop.example", True),
        ("auth.shop.example:8443", True),
        ("localhost:4080", False),
        ("127.0.0.1:4080", False),
        ("[::1]:4080", False),
        ("10.0.0.7", False),
        ("box.local", False),
        ("sluiceway", False),
    ],
)
def test_reports_are_asked_for_only_where_providers_can_reach_us(
    domain: str, *, is_public: bool
) -> None:
    expected = f"https://{domain}/sluiceway/v1/webhooks/twilio" if is_public else None
    assert report_url(domain, "twilio") == expected


def test_a_provider_of_another_distribution_is_set_up_like_auth0s(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sluiceway.management import email_provider  # noqa: PLC0415 - patched here only
    from sluiceway.providers.choice import find_email_specs  # noqa: PLC0415

    acme = replace(find_email_specs()["sendgrid"], name="acme", shown_credentials=())
    monkeypatch.setattr(email_provider, "_others", lambda: {"acme": acme})

    made = door(
        "POST", "/api/v2/emails/provider", {"name": "acme", "credentials": {"api_key": "k-1"}}
    )
    assert (made.status, made.body["name"], made.body["credentials"]) == (201, "acme", {})
    wrong = door("PATCH", "/api/v2/emails/provider", {"credentials": {"key": "k-2"}})
    assert wrong.status == 400
    assert door("PATCH", "/api/v2/emails/provider", {"name": "acne"}).status == 400
    assert door("PATCH", "/api/v2/emails/provider", SENDGRID).body["name"] == "sendgrid"
