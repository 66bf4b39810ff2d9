"""AUTH0/SEND_EMAIL: two languages in one action, and what is handed to the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import (
    InvalidActionParams,
    LiquidRenderError,
    LiquidSyntaxError,
    ProviderNotEnabled,
)
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

BASE = {"to": "ada@x.example", "subject": "Hi", "body": "<p>Hi</p>"}


def _message(bench: Workbench, context: Any = None, **params: Any) -> Any:
    outcome = bench.outcome("AUTH0/SEND_EMAIL", {**BASE, **params}, context)
    assert outcome.output == {"success": True}
    (message,) = outcome.messages
    assert message.channel is Channel.EMAIL
    return message.content


def test_subject_and_body_are_liquid_and_the_rest_are_expressions(bench: Workbench) -> None:
    context = bench.context(
        context={"user": {"email": "ada@x.example", "name": "Ada <3"}},
        actions={"otp": {"code": "012345"}},
    )
    content = _message(
        bench,
        context,
        to="{{context.user.email}}",
        subject="{{ custom_vars.code }} for {{ user.name | upcase }}",
        body="{% if custom_vars.n > 1 %}<b>{{ user.name | escape }}</b>{% endif %}"
        " {{ friendly_name }} {{ context.user.email }}",
        custom_vars={"code": "{{actions.otp.code}}", "n": 2},
        **{"from": {"email": "team@x.example", "name": "{{context.user.name}}"}},
    )

    assert content.to == "ada@x.example"
    assert content.subject == "012345 for ADA <3"
    assert content.html == "<b>Ada &lt;3</b> Acme "
    assert (content.sender_email, content.sender_name) == ("team@x.example", "Ada <3")


def test_without_a_sender_the_providers_own_is_used(bench: Workbench) -> None:
    assert _message(bench).sender_email is None


def test_a_subject_stays_one_line(bench: Workbench) -> None:
    content = _message(
        bench, subject="Hi {{ custom_vars.x }}", custom_vars={"x": "a\r\nBcc: evil@x.example"}
    )

    assert content.subject == "Hi a Bcc: evil@x.example"


@pytest.mark.parametrize(
    ("params", "path", "code"),
    [
        ({"to": "{{context.user.email}}"}, "/to", "ERR_WRONG_DATA_TYPE"),
        ({"to": "Ada <ada@x.example>"}, "/to", "ERR_WRONG_FORMAT"),
        ({"to": "ada@x.example, bob@x.example"}, "/to", "ERR_WRONG_FORMAT"),
        ({"to": "ada@localhost"}, "/to", "ERR_WRONG_FORMAT"),
        ({"to": ""}, "/to", "ERR_WRONG_FORMAT"),
        ({"from": {"email": "team"}}, "/from/email", "ERR_WRONG_FORMAT"),
        ({"from": {"name": "Team"}}, "/from", "ERR_MISSING_PARAM"),
        (
            {"from": {"email": "a@x.example", "name": "n" * 126}},
            "/from/name",
            "ERR_WRONG_LENGTH",
        ),
        ({"subject": ""}, "/subject", "ERR_WRONG_LENGTH"),
        ({"subject": "s" * 256}, "/subject", "ERR_WRONG_LENGTH"),
        ({"body": "b" * 102_401}, "/body", "ERR_WRONG_LENGTH"),
        ({"custom_vars": "x"}, "/custom_vars", "ERR_WRONG_DATA_TYPE"),
        ({"connection_id": "c"}, "/connection_id", "ERR_UNKNOWN_PARAM"),
    ],
)
def test_the_schema_holds_once_expressions_are_resolved(
    bench: Workbench, params: dict[str, Any], path: str, code: str
) -> None:
    with pytest.raises(InvalidActionParams) as caught:
        bench.outcome("AUTH0/SEND_EMAIL", {**BASE, **params})

    details: Any = caught.value.details
    assert [(p["path"], p["code"]) for p in details["invalidParams"]] == [(path, code)]


@pytest.mark.parametrize("to", ["ada@x.example", "a+b@sub.x.example", "jörg@bücher.example"])
def test_addresses_that_are_fine(bench: Workbench, to: str) -> None:
    assert _message(bench, to=to).to == to


def test_faults_of_the_template_name_the_param(bench: Workbench) -> None:
    with pytest.raises(LiquidSyntaxError) as syntax:
        bench.outcome("AUTH0/SEND_EMAIL", {**BASE, "body": "{% if %}"})
    with pytest.raises(LiquidRenderError) as rendering:
        bench.outcome("AUTH0/SEND_EMAIL", {**BASE, "subject": "{% include 'x' %}"})

    assert (syntax.value.at, rendering.value.at) == ("/body", "/subject")


def test_without_a_provider_it_fails_and_queues_nothing(bench: Workbench) -> None:
    bench.enabled.discard(Channel.EMAIL)

    with pytest.raises(ProviderNotEnabled):
        bench.outcome("AUTH0/SEND_EMAIL", BASE)
