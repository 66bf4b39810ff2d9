"""SENDGRID/SEND_EMAIL: the request that SendGrid's own client makes, extras included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

from sluiceway.errors import ConnectionUnusable, InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "SENDGRID/SEND_EMAIL"
SETUP = {"type": "API_KEY", "api_key": "SG.k3y-of-the-account"}
BASE: dict[str, Any] = {
    "from": {"email": "team@x.example", "name": "Team"},
    "personalizations": [{"to": [{"email": "ada@x.example"}]}],
}


def test_it_sends_what_sendgrids_own_client_sends(bench: Workbench) -> None:
    bench.services.handlers["*"] = lambda _: web.Response(
        status=202, headers={"x-message-id": "m1"}
    )
    context = bench.context(context={"user": {"email": "ada@x.example", "name": "Ada"}})
    output = bench.run(
        NAME,
        {
            "connection_id": bench.connect("SENDGRID", SETUP),
            **BASE,
            "personalizations": [{"to": [{"email": "{{context.user.email}}"}]}],
            "subject": "Hi {{context.user.name}}",
            "content": [{"type": "text/html", "value": "<p>Hi</p>"}],
        },
        context,
    )
    ours = bench.services.last
    mail = Mail(("team@x.example", "Team"), "ada@x.example", "Hi Ada", html_content="<p>Hi</p>")
    client = SendGridAPIClient(SETUP["api_key"], host=f"http://127.0.0.1:{bench.services.port}")
    client.send(mail)
    theirs = bench.services.last

    assert (ours.host, ours.method, ours.path) == ("api.sendgrid.com", "POST", theirs.path)
    assert ours.json == theirs.json
    assert ours.headers["authorization"] == theirs.headers["authorization"]
    assert ours.headers["content-type"] == "application/json"
    assert (output["status"], output["success"], output["body"]) == (202, True, None)
    assert output["headers"]["x-message-id"] == "m1"


def test_everything_else_goes_along_as_it_is(bench: Workbench) -> None:
    more: dict[str, Any] = {
        "template_id": "d-1",
        "categories": ["a"],
        "mail_settings": {"sandbox_mode": {"enable": True}},
        "send_at": 5,
    }
    bench.run(NAME, {"connection_id": bench.connect("SENDGRID", SETUP), **BASE, **more})

    assert bench.services.last.json == {**more, **BASE}


@pytest.mark.parametrize(
    "params",
    [
        {"personalizations": []},
        {"personalizations": "x"},
        {"from": {"name": "x"}},
        {"from": {"email": "a@b.example", "reply": 1}},
        {"from": "a@b.example"},
    ],
)
def test_the_schema_is_auth0s(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"connection_id": "c", **BASE, **params})


def test_the_key_stays_out_of_records(bench: Workbench) -> None:
    bench.run(NAME, {"connection_id": bench.connect("SENDGRID", SETUP), **BASE})
    assert SETUP["api_key"] in bench.masked

    with pytest.raises(ConnectionUnusable):
        bench.run(NAME, {"connection_id": bench.connect("SENDGRID", None, "empty"), **BASE})
