"""Phone providers and templates: what is kept of a configuration, and what is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Door

PROVIDERS = "/api/v2/branding/phone/providers"
TEMPLATES = "/api/v2/branding/phone/templates"
TWILIO = {
    "name": "twilio",
    "disabled": False,
    "configuration": {"sid": "AC1", "default_from": "+1234567890", "delivery_methods": ["text"]},
    "credentials": {"auth_token": "a-secret-token"},
}
SHOWN = {
    "id",
    "tenant",
    "name",
    "channel",
    "disabled",
    "configuration",
    "created_at",
    "updated_at",
}


def test_credentials_are_shown_by_no_answer_and_as_null_in_lists(door: Door) -> None:
    made = door("POST", PROVIDERS, TWILIO)

    assert made.status == 201
    assert set(made.body) == SHOWN
    path = f"{PROVIDERS}/{made.body['id']}"
    assert set(door("GET", path).body) == SHOWN
    assert set(door("PATCH", path, {"disabled": True}).body) == SHOWN
    listed = door("GET", PROVIDERS).body["providers"]
    assert [one["credentials"] for one in listed] == [None]
    assert door("GET", PROVIDERS, query={"disabled": "false"}).body == {"providers": []}


def test_a_custom_provider_keeps_what_is_sent_and_no_more(door: Door) -> None:
    path = f"{PROVIDERS}/{door('POST', PROVIDERS, TWILIO).body['id']}"

    kept = door("PATCH", path, {"name": "custom", "configuration": TWILIO["configuration"]})
    assert kept.body["configuration"] == TWILIO["configuration"]
    only = {"configuration": {"delivery_methods": ["text", "voice"]}, "credentials": {}}
    changed = door("PATCH", path, {"name": "custom", **only})

    assert changed.body["configuration"] == {"delivery_methods": ["text", "voice"]}
    assert door("GET", path).body == changed.body


def test_twilio_needs_a_sender(door: Door) -> None:
    for configuration in (
        {"sid": "AC1", "delivery_methods": ["text"]},
        {"default_from": "+1", "delivery_methods": ["text"]},
    ):
        answer = door("POST", PROVIDERS, {**TWILIO, "configuration": configuration})
        assert answer.body == {
            "statusCode": 400,
            "error": "Bad Request",
            "message": "Bad Operation on Notification Resource",
        }


def test_a_template_is_completed_changed_and_reset(door: Door) -> None:
    content = {"from": "+15550100", "body": {"text": "{{ code }}", "voice": "{{ code }}"}}
    made = door("POST", TEMPLATES, {"type": "otp_verify", "content": content})

    assert made.status == 201
    assert made.body["content"] == {"syntax": "liquid", **content}
    assert (made.body["channel"], made.body["disabled"]) == ("phone", False)
    path = f"{TEMPLATES}/{made.body['id']}"
    changed = door("PATCH", path, {"content": {"body": {"text": "Code {{ code }}"}}})
    assert changed.body["content"]["from"] == "+15550100"
    assert changed.body["content"]["body"]["text"] == "Code {{ code }}"
    assert door("POST", TEMPLATES, {"type": "otp_verify"}).status == 409
    reset = door("PATCH", f"{path}/reset", {})
    assert reset.body["content"] == {
        "syntax": "liquid",
        "from": "+15550100",
        "body": {
            "text": (
                "{{ code | escape }} is your verification code for {{ friendly_name | escape }}"
            ),
            "voice": (
                "Hello. Your verification code for {{ friendly_name | escape }} is {{ pause }} "
                "{{ code | escape }}. I repeat, your verification code is {{ pause }} "
                "{{ code | escape }}"
            ),
        },
    }
    assert door("DELETE", path).status == 204
    assert door("GET", path).status == 404


def test_a_template_made_without_a_sender_shows_none(door: Door) -> None:
    content = {"body": {"text": "{{ code }}", "voice": "{{ code }}"}}
    made = door("POST", TEMPLATES, {"type": "otp_verify", "content": content}).body

    assert made["content"] == {"syntax": "liquid", **content}
    path = f"{TEMPLATES}/{made['id']}"
    named = {"content": {"from": "+15550100"}}
    assert door("PATCH", path, named).body["content"]["from"] == "+15550100"


def test_templates_that_nobody_made_are_listed_without_an_id(door: Door) -> None:
    listed = door("GET", TEMPLATES).body["templates"]

    assert [one["type"] for one in listed] == [
        "blocked_account",
        "change_password",
        "otp_enroll",
        "otp_verify",
    ]
    assert all("id" not in one and one["content"]["from"] == "" for one in listed)
    made = door("POST", TEMPLATES, {"type": "otp_enroll", "disabled": True}).body
    listed = door("GET", TEMPLATES).body["templates"]
    assert [one.get("id") for one in listed] == [None, None, made["id"], None]
    assert door("GET", TEMPLATES, query={"disabled": "true"}).body["templates"] == [made]
