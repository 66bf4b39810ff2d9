"""MAILJET/SEND_EMAIL: the request that Mailjet's own client makes; a message or a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mailjet_rest
import pytest

from sluiceway.errors import ConnectionUnusable, InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "MAILJET/SEND_EMAIL"
SETUP = {"type": "API_KEY", "api_key": "k3y", "secret_key": "s3cret"}


def _send(bench: Workbench, **params: Any) -> Any:
    return bench.run(NAME, {"connection_id": bench.connect("MAILJET", SETUP), **params})


def _message(bench: Workbench, **params: Any) -> Any:
    _send(bench, **params)
    (message,) = bench.services.last.json["Messages"]
    return message


def test_it_sends_what_mailjets_own_client_sends(bench: Workbench) -> None:
    bench.services.answer("*", {"Messages": [{"Status": "success"}]})
    output = _send(
        bench,
        **{"from": {"email": "team@x.example", "name": "Team"}},
        to={"email": "ada@x.example", "name": None},
        cc=["bob@x.example"],
        subject="Hi",
        content="<p>Hi</p>",
        tracking=True,
        CustomID="c1",
    )
    ours = bench.services.last
    client: Any = mailjet_rest.Client(
        auth=("k3y", "s3cret"), version="v3.1", api_url=f"http://127.0.0.1:{bench.services.port}/"
    )
    client.send.create(
        data={
            "Messages": [
                {
                    "From": {"Email": "team@x.example", "Name": "Team"},
                    "To": [{"Email": "ada@x.example"}],
                    "Cc": [{"Email": "bob@x.example"}],
                    "Subject": "Hi",
                    "HTMLPart": "<p>Hi</p>",
                    "TrackOpens": "enabled",
                    "TrackClicks": "enabled",
                    "CustomID": "c1",
                }
            ]
        }
    )
    theirs = bench.services.last

    assert (ours.host, ours.method, ours.path) == ("api.mailjet.com", "POST", theirs.path)
    assert ours.json == theirs.json
    assert ours.headers["authorization"] == theirs.headers["authorization"]
    assert (output["status"], output["body"]) == (200, {"Messages": [{"Status": "success"}]})


def test_a_template_with_variables(bench: Workbench) -> None:
    message = _message(bench, template_id=7, variables={"name": "Ada"}, to="ada@x.example")

    assert message == {
        "To": [{"Email": "ada@x.example"}],
        "TemplateID": 7,
        "TemplateLanguage": True,
        "Variables": {"name": "Ada"},
    }


def test_addresses_in_mailjets_own_words(bench: Workbench) -> None:
    people = [{"Email": "ada@x.example", "Name": "Ada"}]
    message = _message(bench, content="x", To=people, bcc=people, reply_to=people[0], cc=None)

    assert (message["To"], message["Bcc"]) == (people, people)
    assert message["ReplyTo"] == people[0]
    assert "Cc" not in message


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"content": "x", "template_id": 7},
        {"content": 5},
        {"template_id": "7"},
        {"content": None},
        {"template_id": 7, "variables": []},
        {"content": "x", "to": 5},
        {"content": "x", "to": {"name": "Ada"}},
        {"content": "x", "from": ["a@b.example"]},
        {"content": "x", "to": ""},
    ],
)
def test_either_a_message_or_a_template_and_addresses(
    bench: Workbench, params: dict[str, Any]
) -> None:
    with pytest.raises(InvalidActionParams):
        _send(bench, **params)
    assert bench.services.received == []


def test_both_keys_are_needed(bench: Workbench) -> None:
    id_ = bench.connect("MAILJET", {"type": "API_KEY", "api_key": "k3y"})
    with pytest.raises(ConnectionUnusable, match="secret_key"):
        bench.run(NAME, {"connection_id": id_, "content": "x"})
