"""TWILIO/SEND_SMS: the request that Twilio's own client makes, and Twilio's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twilio.rest import Client

from sluiceway.errors import ConnectionUnusable, InvalidActionParams
from tests.actions.twilio.official import official_request

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "TWILIO/SEND_SMS"
SETUP = {"type": "API_KEY", "account_id": "AC0123456789", "api_key": "t0ken"}
BASE = {"from": "+12025550100", "to": "+12025550123", "message": "Hi"}


def test_it_sends_what_twilios_own_client_sends(bench: Workbench) -> None:
    bench.services.answer("api.twilio.com", (201, {"sid": "SM1", "status": "queued"}))
    context = bench.context(actions={"otp": {"code": "012345"}})
    params = {**BASE, "message": "Code {{actions.otp.code}} & ü 😀"}
    output = bench.run(NAME, {"connection_id": bench.connect("TWILIO", SETUP), **params}, context)

    def send(client: Client) -> None:
        client.messages.create(to="+12025550123", from_="+12025550100", body="Code 012345 & ü 😀")

    got = bench.services.last
    assert (got.method, got.host, got.path, got.form, got.headers["authorization"]) == (
        official_request(send)
    )
    assert output["body"] == {"sid": "SM1", "status": "queued"}
    assert (output["status"], output["success"]) == (201, True)


def test_a_refusal_is_an_output(bench: Workbench) -> None:
    bench.services.answer("api.twilio.com", (400, {"code": 21211, "message": "Invalid 'To'"}))

    output = bench.run(NAME, {"connection_id": bench.connect("TWILIO", SETUP), **BASE})

    assert (output["success"], output["body"]["code"]) == (False, 21211)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"from": "1" * 51}, "/from"),
        ({"to": "1" * 51}, "/to"),
        ({"message": "m" * 1501}, "/message"),
        ({"to": "{{context.user.phone_number}}"}, "/to"),
        ({"body": "x"}, "/body"),
    ],
)
def test_the_limits_are_auth0s(bench: Workbench, params: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidActionParams) as caught:
        bench.run(NAME, {"connection_id": "c", **BASE, **params})
    details: Any = caught.value.details
    assert [p["path"] for p in details["invalidParams"]] == [path]


@pytest.mark.parametrize(
    ("app_id", "setup"),
    [
        ("TWILIO", None),
        ("TWILIO", {"type": "API_KEY", "api_key": "t"}),
        ("TWILIO", {"type": "TOKEN", "token": "t"}),
        ("SENDGRID", {"type": "API_KEY", "api_key": "t"}),
    ],
)
def test_a_connection_without_an_account(bench: Workbench, app_id: str, setup: Any) -> None:
    with pytest.raises(ConnectionUnusable):
        bench.run(NAME, {"connection_id": bench.connect(app_id, setup), **BASE})


def test_an_account_cannot_lead_elsewhere(bench: Workbench) -> None:
    id_ = bench.connect("TWILIO", {**SETUP, "account_id": "../../x"})
    bench.run(NAME, {"connection_id": id_, **BASE})

    assert bench.services.last.path == "/2010-04-01/Accounts/..%2F..%2Fx/Messages.json"
