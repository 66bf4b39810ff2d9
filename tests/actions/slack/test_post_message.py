"""SLACK/POST_MESSAGE: the request that Slack's own client makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from slack_sdk.webhook import WebhookClient

from sluiceway.errors import ConnectionUnusable, InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "SLACK/POST_MESSAGE"
URL = "https://hooks.slack.com/services/T0/B0/xyz"


def _post(bench: Workbench, **params: Any) -> Any:
    id_ = bench.connect("SLACK", {"type": "WEBHOOK", "url": URL})
    return bench.run(NAME, {"connection_id": id_, **params})


def test_it_sends_what_slacks_own_client_sends(bench: Workbench) -> None:
    bench.services.handlers["*"] = lambda _: web.Response(text="ok")
    output = _post(
        bench,
        text="Hi ü",
        attachments=[
            {
                "color": "DANGER",
                "pretext": "p",
                "text": "t",
                "fields": [{"title": "Plan", "value": "pro", "short": True}, {"title": "Only"}],
            },
            {"text": "plain"},
        ],
    )
    ours = bench.services.last
    client = WebhookClient(f"http://127.0.0.1:{bench.services.port}/services/T0/B0/xyz")
    client.send(
        text="Hi ü",
        attachments=[
            {
                "color": "danger",
                "pretext": "p",
                "text": "t",
                "fields": [{"title": "Plan", "value": "pro", "short": True}, {"title": "Only"}],
            },
            {"text": "plain"},
        ],
    )
    theirs = bench.services.last

    assert (ours.host, ours.method, ours.path) == ("hooks.slack.com", "POST", theirs.path)
    assert ours.json == theirs.json
    assert (output["status"], output["body"]) == (200, "ok")
    assert URL in bench.masked


def test_a_refusal_is_an_output(bench: Workbench) -> None:
    bench.services.handlers["*"] = lambda _: web.Response(status=403, text="invalid_token")

    output = _post(bench, text="Hi")

    assert (output["success"], output["body"]) == (False, "invalid_token")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"text": ""},
        {"attachments": []},
        {"attachments": [{"color": "good"}]},
        {"attachments": [{"fields": [{"value": "x"}]}]},
        {"attachments": [{"footer": "x"}]},
        {"text": 5},
    ],
)
def test_what_is_no_message_is_refused(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        _post(bench, **params)


def test_a_connection_by_oauth_is_not_enough(bench: Workbench) -> None:
    id_ = bench.connect("SLACK", {"type": "OAUTH_CODE", "code": "c"})
    with pytest.raises(ConnectionUnusable, match="WEBHOOK"):
        bench.run(NAME, {"connection_id": id_, "text": "Hi"})
