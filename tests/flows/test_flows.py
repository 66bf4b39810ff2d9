"""Whole flows of the kinds that people publish, told by what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from aiohttp import web

from sluiceway.actions.catalogue import InstalledActions
from sluiceway.actions.known import NOT_OFFERED
from sluiceway.errors import ConnectionUnusable
from sluiceway.models.masking import MASK
from sluiceway.models.message import Channel
from tests.flows.stage import Stage
from tests.outbound.test_mail_hosts import Running

if TYPE_CHECKING:
    from sluiceway.runtime import Run
    from tests.actions.conftest import Services

HERE = Path(__file__).parent


def _ids(run: Run) -> list[str]:
    return [step.id for step in run.steps]


# Codes by email, from one flow to the next.


@pytest.mark.parametrize(
    ("language", "subject"), [("de", "Dein Code: "), ("en", "Your code: "), (None, "Your code: ")]
)
def test_a_code_is_sent_and_checked(stage: Stage, language: str | None, subject: str) -> None:
    context = stage.new_user(
        name="Ada <3",
        user_metadata={"second_email_pending": True} | ({"language": language} if language else {}),
    )
    fields: dict[str, Any] = {"second_email": "ada@second.example"}
    sent = stage.run(HERE / "email_code.json", "Send a code", context=context, fields=fields)
    (mail,) = stage.mails()
    fields["code"] = int(mail.code)
    checked = stage.run(HERE / "email_code.json", "Check the code", context=context, fields=fields)

    assert sent.succeeded
    assert (mail.to, mail.subject) == ("ada@second.example", f"{subject}{mail.code}")
    assert "Hello Ada &lt;3," in mail.text
    assert sent.step("generate_one_time_password_a1Bc").output == {"code": MASK}
    for run in (sent, checked):
        assert mail.code not in json.dumps(run.record)
    assert _ids(checked) == [
        "verify_one_time_password_Qk2c",
        "if_then_condition_Zt81",
        "update_user_Mv3p",
    ]
    user = stage.user(context)
    assert user["user_metadata"] == {
        "second_email": "ada@second.example",
        "second_email_verified": True,
        **({"language": language} if language else {}),
    }
    assert isinstance(user["app_metadata"]["second_email_at"], int)


@pytest.mark.parametrize("code", ["000000x", 999_999_999, "", None])
def test_another_code_is_not_taken(stage: Stage, code: Any) -> None:
    fields = {"second_email": "ada@second.example"}
    stage.run(HERE / "email_code.json", "FLOW-1", context=stage.new_user(), fields=fields)
    run = stage.run(HERE / "email_code.json", "FLOW-2", context={}, fields={**fields, "code": code})

    assert run.output == {"message": "That is not the code."}


def test_without_a_code_a_new_one_is_asked_for(stage: Stage) -> None:
    fields = {"second_email": "bob@second.example", "code": 123456}
    run = stage.run(HERE / "email_code.json", "#FLOW-2#", fields=fields)

    assert run.output == {"message": "That code is no longer valid. Ask for a new one."}
    assert _ids(run)[-1] == "show_error_message_tyUf"


def test_codes_travel_between_processes(services: Services, tmp_path: Path) -> None:
    """The same by command: each run is a process of its own, over one database."""
    database = f"sqlite:///{tmp_path}/.sluiceway/sluiceway.db"
    fields = {"second_email": "ada@second.example"}
    with Stage(services, database=database) as stage:
        context = stage.new_user()

    def run(flow: str, **more: Any) -> Any:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "sluiceway", "run", str(HERE / "email_code.json")),
                *("--flow", flow, "--connection", "local", "--json"),
                *("--fields", json.dumps({**fields, **more}), "--context", json.dumps(context)),
            ],
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["debug"]["output"]

    run("FLOW-1")
    with Stage(services, database=database) as stage:
        (mail,) = stage.mails()
    assert run("FLOW-2", code=1) == {"message": "That is not the code."}
    assert run("FLOW-2", code=int(mail.code)) is None
    with Stage(services, database=database) as stage:
        assert stage.user(context)["user_metadata"]["second_email_verified"] is True


# A partner's API: .status, .success, INCLUDES.

VARS = {"client_id": "acme", "client_secret": "s3cret-of-the-partner"}


def _partner(stage: Stage, *, status: int = 200, codes: Any = None) -> None:
    def handle(got: Any) -> web.Response:
        if got.path == "/oauth/token":
            return web.json_response({"access_token": "t0ken-of-acme"}, status=status)
        return web.json_response({"app_metadata": {"invitation_codes": codes}})

    stage.services.handlers["partner.example"] = handle


def _redeem(stage: Stage, context: dict[str, Any], code: str) -> Run:
    return stage.run(
        HERE / "invitations.json", context=context, fields={"invitation_code": code}, vars=VARS
    )


def test_an_invitation_is_redeemed(stage: Stage) -> None:
    _partner(stage, codes=["A0-1", "A0-2"])
    context = stage.new_user()
    run = _redeem(stage, context, "A0-2")

    assert run.output == {"invited": True}
    token, listed = stage.services.received
    assert token.json["client_secret"] == VARS["client_secret"]
    id_ = context["user"]["user_id"].replace("|", "%7C")
    assert (listed.path, listed.query) == (f"/users/{id_}/invitations", {"state": "open"})
    assert listed.headers["authorization"] == "Bearer t0ken-of-acme"
    assert stage.user(context)["app_metadata"] == {
        "invited_with": "A0-2",
        "codes": ["A0-1", "A0-2"],
    }
    shown = json.dumps(run.record)
    assert VARS["client_secret"] not in shown
    assert "t0ken-of-acme" not in shown


@pytest.mark.parametrize("codes", [["A0-1"], [], None, "A0-1", {"A0-1": True}])
def test_a_code_that_is_not_listed(stage: Stage, codes: Any) -> None:
    _partner(stage, codes=codes)
    run = _redeem(stage, stage.new_user(), "A0-2")

    assert run.succeeded
    assert run.output == {"message": "The invitation code doesn't exist!"}


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_partner_that_refuses(stage: Stage, status: int) -> None:
    _partner(stage, status=status)
    run = _redeem(stage, stage.new_user(), "A0-2")

    assert run.succeeded
    assert run.output == {"message": "The partner cannot be reached. Please try again later."}
    assert run.step("http_request_jva6").status_code == status
    assert _ids(run) == ["http_request_jva6", "if_then_condition_C6hH", "show_error_message_Whan"]


# Sign-up: VERIFY_EMAIL's .valid, CREATE_USER's .status, SMS, Slack.


@pytest.fixture
def guard(services: Services) -> Iterator[Stage]:
    with Running() as (address, _), Stage(services, nameservers=address) as made:
        made.connect("Channel", "SLACK", {"type": "WEBHOOK", "url": "https://hooks.slack.com/s/x"})
        yield made


def _sign_up(guard: Stage, email: str) -> Run:
    fields = {
        "email": email,
        "password": "correct-Horse-9-battery",
        "phone": {"number": "+12025550123"},
        "plan": "pro",
    }
    return guard.run(HERE / "signup_guard.json", fields=fields)


def test_a_good_address_signs_up(guard: Stage) -> None:
    run = _sign_up(guard, "ada@example.com")

    assert run.succeeded, run.error
    output: Any = run.output
    assert output["user_id"].startswith("auth0|")
    assert output["told"] is True
    (sms,) = guard.mails()
    assert (sms.channel, sms.to) == (Channel.SMS, "+12025550123")
    assert sms.text == f"Your code is {sms.code}."
    assert guard.services.last.json == {
        "text": "ada@example.com has signed up.",
        "attachments": [
            {"color": "good", "fields": [{"title": "Plan", "value": "pro", "short": True}]}
        ],
    }
    shown = json.dumps(run.record)
    assert "correct-Horse-9-battery" not in shown
    assert "hooks.slack.com/s/x" not in shown

    again = _sign_up(guard, "ada@example.com")
    assert again.output == {"message": "There is such a user already."}
    assert again.step("create_user_1").status_code == 409


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("ada@mailinator.com", "That domain takes no mail."),
        ("ada+1@example.com", "Please use another address."),
        ("ada", "Please use another address."),
    ],
)
def test_a_bad_address_does_not(guard: Stage, email: str, message: str) -> None:
    run = _sign_up(guard, email)

    assert run.succeeded
    assert run.output == {"message": message}
    assert guard.mails() == []


def test_a_channel_that_fails_does_not_stop_the_flow(guard: Stage) -> None:
    guard.services.handlers["hooks.slack.com"] = lambda _: web.Response(status=404, text="no_team")
    run = _sign_up(guard, "ada@example.com")

    assert run.succeeded
    assert run.output["told"] is False  # type: ignore[call-overload, index]


# Tokens and XML.

KEY = "a-key-of-the-partner-that-is-long-enough-0123456789"


def _exchange(stage: Stage, token: str) -> Run:
    stage.connect("Partner key", "JWT", {"type": "JWT", "algorithm": "HS256", "secret": KEY})
    stage.connect("Partner API", "HTTP", {"type": "BEARER", "token": "b3arer-of-the-api"})
    fields = {"token": token, "items": ["a&b", 2]}
    return stage.runtime.run(HERE / "partner_token.json", fields=fields)


def test_a_token_is_checked_and_exchanged(stage: Stage) -> None:
    stage.services.handlers["partner.example"] = lambda _: web.Response(
        text="<order><id>o-7</id></order>", content_type="application/xml"
    )
    claims = {"sub": "auth0|1", "aud": ["https://acme.example/me/", "other"]}
    run = _exchange(stage, jwt.encode(claims, KEY, algorithm="HS256"))

    assert run.succeeded, run.error
    output: Any = run.output
    assert output["id"] == "o-7"
    got = stage.services.last
    assert got.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<order by="auth0|1">\n  <item>a&amp;b</item>\n  <item>2</item>\n</order>'
    )
    assert got.headers["content-type"] == "application/xml"
    assert got.headers["authorization"] == "Bearer b3arer-of-the-api"
    signed = jwt.decode(got.headers["x-token"], KEY, algorithms=["HS256"], issuer="acme")
    assert signed["act"] == "auth0|1"
    assert signed["exp"] - signed["iat"] == 300
    shown = json.dumps(run.record)
    assert KEY not in shown
    assert "b3arer-of-the-api" not in shown


@pytest.mark.parametrize(
    ("claims", "key", "message"),
    [
        ({"sub": "auth0|1", "aud": "other"}, KEY, "This token is for somebody else."),
        ({"aud": "https://acme.example/me/"}, KEY, "This token is for somebody else."),
        (
            {"sub": "auth0|1", "aud": "https://acme.example/me/"},
            "another-key-that-is-long-enough-0123456789",
            "Refused: INVALID_SIGNATURE",
        ),
        (
            {"sub": "auth0|1", "aud": "https://acme.example/me/", "exp": 5},
            KEY,
            "Refused: TOKEN_EXPIRED",
        ),
    ],
)
def test_tokens_that_are_refused(stage: Stage, claims: Any, key: str, message: str) -> None:
    run = _exchange(stage, jwt.encode(claims, key, algorithm="HS256"))

    assert run.succeeded
    assert run.output == {"message": message}
    assert stage.services.received == []


def test_a_text_that_is_no_token_fails_the_step(stage: Stage) -> None:
    run = _exchange(stage, "no token")

    assert not run.succeeded
    error: Any = run.error
    assert (error["code"], error["step"]) == (
        "ERR_INVALID_ACTION_PARAMS",
        "decode_json_web_token_onOU",
    )


def test_the_embedded_tenant_does_not_stand_in_for_a_service(stage: Stage) -> None:
    with pytest.raises(ConnectionUnusable, match="Partner key") as caught:
        stage.run(HERE / "partner_token.json", fields={"token": "x"})

    assert "Make the connection in the vault" in caught.value.hint


@pytest.mark.parametrize(("name", "status"), [("one", "COMPLETED"), ("two", "FAILED")])
def test_a_connection_may_be_chosen_by_an_expression(stage: Stage, name: str, status: str) -> None:
    stage.connect("one", "HTTP", {"type": "BEARER", "token": "t0ken-number-one"})
    action = {
        "id": "call",
        "type": "HTTP",
        "action": "SEND_REQUEST",
        "params": {"connection_id": "{{vars.connection}}", "url": "https://partner.example/"},
    }
    run = stage.run([action], vars={"connection": name})

    assert run.status == status
    if status == "COMPLETED":
        assert stage.services.last.headers["authorization"] == "Bearer t0ken-number-one"
    else:
        assert run.error is not None
        assert run.error["code"] == "ERR_CONNECTION_UNUSABLE"


# All the services, and one that is not offered.

SETUPS: dict[str, Any] = {
    "sendgrid": {"type": "API_KEY", "api_key": "sendgrid-k3y"},
    "mailjet": {"type": "API_KEY", "api_key": "mailjet-k3y", "secret_key": "mailjet-s3cret"},
    "twilio": {"type": "API_KEY", "account_id": "AC1", "api_key": "twilio-k3y"},
    "telegram": {"type": "TOKEN", "token": "1:telegram-t0ken"},
    "whatsapp": {"type": "TOKEN", "token": "whatsapp-t0ken"},
    "zapier": {"type": "WEBHOOK", "url": "https://hooks.zapier.com/hooks/catch/secret-hook/"},
    "slack": {"type": "WEBHOOK", "url": "https://hooks.slack.com/services/secret-hook"},
    "crm": {"type": "API_KEY", "api_key": "hubspot-k3y"},
}
HOSTS = [
    "api.sendgrid.com",
    "api.mailjet.com",
    "api.twilio.com",
    "api.twilio.com",
    "api.telegram.org",
    "graph.facebook.com",
    "hooks.zapier.com",
    "hooks.slack.com",
]


def _tell(stage: Stage) -> Run:
    for name, setup in SETUPS.items():
        stage.connect(name, "HUBSPOT" if name == "crm" else name.upper(), setup)
    stage.services.answer("api.sendgrid.com", (202, {}))
    stage.services.answer("api.twilio.com", (201, {"sid": "1", "status": "queued"}))
    fields = {"email": "ada@example.com", "phone": "+12025550123", "name": "Ada"}
    return stage.runtime.run(HERE / "everybody_told.json", fields=fields)


def test_everybody_is_told(stage: Stage) -> None:
    stage.services.answer("api.telegram.org", {"ok": True})
    run = _tell(stage)

    assert run.succeeded, run.error
    assert run.output == {"told": True}
    assert [got.host for got in stage.services.received] == HOSTS
    assert [mail.text for mail in stage.mails()] == ["Hi Ada"]
    shown = json.dumps(run.record)
    for setup in SETUPS.values():
        for key, secret in setup.items():
            assert key in {"type", "account_id"} or secret not in shown, key


def test_a_family_that_is_not_offered_fails_only_when_it_is_reached(stage: Stage) -> None:
    stage.services.answer("api.telegram.org", (400, {"ok": False}))
    run = _tell(stage)

    assert not run.succeeded
    error: Any = run.error
    assert (error["code"], error["step"]) == ("ERR_ACTION_NOT_OFFERED", "crm")
    assert "not offered yet" in error["message"]
    assert "HUBSPOT" in error["message"]


def test_the_api_keeps_every_action_as_it_is_written(stage: Stage) -> None:
    offered = [(spec.type_, spec.action, spec.example) for spec in InstalledActions().all()]
    others = [(type_, action, {"any": ["thing"]}) for type_, action in sorted(NOT_OFFERED)]
    actions = [
        {
            "id": f"step_{number}",
            "alias": "Is it? (Yes!)",
            "type": type_,
            "action": action,
            "allow_failure": False,
            "mask_output": False,
            "params": params,
        }
        for number, (type_, action, params) in enumerate([*offered, *others])
    ]
    made = stage.tenant("POST", "/api/v2/flows", {"name": "Everything", "actions": actions})

    assert made["actions"] == actions
    assert stage.tenant("GET", f"/api/v2/flows/{made['id']}")["actions"] == actions


def test_these_flows_use_every_family() -> None:
    used = set[str]()
    for file in HERE.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        used |= {spec.name for spec in InstalledActions().all() if f'"{spec.type_}"' in text}
    families = {name.partition("/")[0] for name in used}

    assert families == {spec.type_ for spec in InstalledActions().all()}
