"""A notification as it would arrive, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sluiceway.actions.base import TenantSettings
from sluiceway.analysis.preview import NotificationDraft, Preview, PreviewData, preview_notification
from sluiceway.analysis.sample_context import SAMPLE_CONTEXT
from sluiceway.models.message import Channel

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SAMPLE = PreviewData(context=SAMPLE_CONTEXT, is_sample=True)


def email(body: str, data: PreviewData = SAMPLE, **params: Any) -> Preview:
    draft = {"to": "{{context.user.email}}", "subject": "Hi", "body": body, **params}
    return preview(Channel.EMAIL, draft, data)


def preview(channel: Channel, params: dict[str, Any], data: PreviewData = SAMPLE) -> Preview:
    draft = NotificationDraft(channel=channel, params=params)
    return preview_notification(draft, data, tenant=TenantSettings(), now=AT)


def codes(shown: Preview) -> list[str]:
    return [problem.code for problem in shown.problems]


def test_an_email_is_rendered_with_both_languages() -> None:
    shown = email(
        "<p>Hello {{ user.given_name | escape }}</p><p>{{ custom_vars.city | escape }}</p>",
        PreviewData(context=SAMPLE_CONTEXT, fields={"city": "Köln"}, actions={"a": {"code": "42"}}),
        subject="{{ custom_vars.code }} is\n your code",
        custom_vars={"city": "{{fields.city}}", "code": "{{actions.a.code}}"},
        **{"from": {"email": "shop@x.example", "name": "Shop"}},
    )

    assert shown.to == "ada@example.com"
    assert shown.sender == "Shop <shop@x.example>"
    assert shown.subject == "42 is your code"
    assert shown.html == "<p>Hello Ada</p><p>Köln</p>"
    assert shown.text == "Hello Ada\n\nKöln"
    assert shown.problems == ()
    assert shown.is_good
    mail = shown.mail
    assert mail is not None
    assert (mail.html_bytes, mail.text_bytes) == (len(shown.html) + 1, len(shown.text) + 1)
    assert mail.mail_bytes > mail.html_bytes + mail.text_bytes


def test_samples_stand_in_for_what_a_run_would_bring() -> None:
    shown = email(
        "{{ custom_vars.code }} {{ custom_vars.city | escape }}",
        to="{{fields.email}}",
        custom_vars={"code": "{{actions.otp.code}}", "city": "{{fields.city}}"},
    )

    assert (shown.to, shown.html) == ("ada@example.com", "123456 [city]")
    assert "missing_variable" not in codes(shown)


def test_what_has_no_value_is_listed() -> None:
    shown = email(
        "<p>{{ user.nothing | escape }} {{ user.nothing | escape }} {{ organization.name }}</p>"
        "{{ custom_vars.gone | escape }} {% if user.email %}x{% endif %}",
        PreviewData(context={"user": {"email": "a@b.example"}}),
        custom_vars={"gone": "{{fields.gone}}"},
    )

    assert shown.as_json()["missing_variables"] == [
        "custom_vars.gone",
        "user.nothing",
        "organization.name",
        "custom_vars.gone",
    ]
    assert shown.is_good


@pytest.mark.parametrize(
    ("body", "code", "is_error", "place"),
    [
        ("<p>\n{{ user.name }}</p>", "unescaped", False, (2, 4)),
        ("{{ user.name | escpae }}", "unknown_filter", False, None),
        ("{{ usr.name }}", "unknown_variable", False, (1, 4)),
        ("{{ custom_vars.cod }}", "unknown_variable", False, None),
        ("{% fro x in y %}{% endfor %}", "unknown_tag", True, (1, 1)),
        ("{% if user.name %}", "syntax", True, (1, 1)),
        ("{{ 'x' | date: }} {% for i in (1..9999999999) %}{% endfor %}", "render", True, None),
        ('<img src="https://t.example/p.gif">', "remote_image", False, None),
        ('<td background="//t.example/p.gif">', "remote_image", False, None),
        ("x" * 110_000, "clipped", False, None),
        ("", "missing_param", True, None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    body: str, code: str, *, is_error: bool, place: tuple[int, int] | None
) -> None:
    shown = email(body)

    found = next(problem for problem in shown.problems if problem.code == code)
    assert found.is_error is is_error
    assert found.at == "/body"
    if place is not None:
        assert (found.line, found.column) == place
    assert shown.is_good is not is_error


def test_an_error_in_one_part_leaves_the_others() -> None:
    shown = email("{% if %}", subject="Hello {{ user.name }}")

    assert (shown.subject, shown.html) == ("Hello Ada Lovelace", "")
    assert not shown.is_good


def test_a_wrong_expression_is_told_and_the_rest_is_rendered() -> None:
    shown = email(
        "{{ custom_vars.a }}!", custom_vars={"a": "{{ nope( }}"}, to="{{functions.nope()}}"
    )

    assert [(p.code, p.at) for p in shown.problems if p.is_error] == [
        ("expression", "/custom_vars/a"),
        ("expression", "/to"),
    ]
    assert shown.html == "[a]!"


@pytest.mark.parametrize(
    ("channel", "to"),
    [(Channel.EMAIL, "nobody"), (Channel.SMS, "0123"), (Channel.CALL, ""), (Channel.EMAIL, "")],
)
def test_a_recipient_that_cannot_be_reached_is_an_error(channel: Channel, to: str) -> None:
    data = PreviewData(context=SAMPLE_CONTEXT)
    params = {"to": to, "subject": "s", "body": "b", "message": "m"}

    assert codes(preview(channel, params, data)) == ["recipient"]


def test_a_sender_that_breaks_the_header_is_refused() -> None:
    shown = email("<p>x</p>", **{"from": {"email": "a@b.example\r\nBcc: eve@evil.example"}})

    assert "refused" in codes(shown)


def test_a_text_message_has_its_segments() -> None:
    shown = preview(Channel.SMS, {"to": "+12025550123", "message": "Grüße 🎉 {{ user.name }}"})

    assert shown.text == "Grüße 🎉 Ada Lovelace"
    assert shown.as_json()["sms"] == {
        "encoding": "UCS-2",
        "units": 21,
        "segments": 1,
        "unicode_characters": "🎉",
    }
    long = preview(Channel.SMS, {"to": "+12025550123", "message": "a" * 1000 + "{{ user.name }}"})
    assert long.sms is not None
    assert long.sms.segments == 7


def test_what_is_too_long_once_rendered_is_an_error() -> None:
    params = {"to": "+12025550123", "message": "{% for i in (1..500) %}word {% endfor %}"}

    assert codes(preview(Channel.SMS, params)) == ["too_long"]
    assert preview(Channel.CALL, params).is_good
