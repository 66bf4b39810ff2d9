"""WHATSAPP/SEND_MESSAGE: Meta's Cloud API, one message of each type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "WHATSAPP/SEND_MESSAGE"
BASE = {"sender_id": "106540352242922", "recipient_number": "+12025550123"}
PAYLOADS: dict[str, Any] = {
    "AUDIO": {"id": "m1"},
    "CONTACTS": '[{"name": {"formatted_name": "Ada"}}]',
    "DOCUMENT": {"link": "https://x.example/a.pdf"},
    "IMAGE": {"link": "https://x.example/a.png"},
    "INTERACTIVE": {"type": "button"},
    "LOCATION": {"latitude": 1.5, "longitude": 2},
    "STICKER": {"id": "s1"},
    "TEMPLATE": {"name": "hello_world", "language": {"code": "en_US"}},
    "TEXT": {"body": "Hi"},
}


def _send(bench: Workbench, **params: Any) -> Any:
    id_ = bench.connect("WHATSAPP", {"type": "TOKEN", "token": "t0ken-of-meta"})
    return bench.run(NAME, {"connection_id": id_, **BASE, **params})


@pytest.mark.parametrize("kind", PAYLOADS)
def test_each_type(bench: Workbench, kind: str) -> None:
    answer = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]}
    bench.services.answer("graph.facebook.com", answer)

    output = _send(bench, type=kind, payload=PAYLOADS[kind])

    got = bench.services.last
    assert (got.method, got.path) == ("POST", "/v23.0/106540352242922/messages")
    assert got.headers["authorization"] == "Bearer t0ken-of-meta"
    payload = PAYLOADS[kind]
    expected = [{"name": {"formatted_name": "Ada"}}] if kind == "CONTACTS" else payload
    assert got.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+12025550123",
        "type": kind.lower(),
        kind.lower(): expected,
    }
    assert output["body"] == answer


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ('{"body": "Hi", "preview_url": true}', {"body": "Hi", "preview_url": True}),
        ("Just a text", {"body": "Just a text"}),
        ("{{fields.payload}}", {"body": "Hi"}),
    ],
)
def test_a_payload_may_be_a_text(bench: Workbench, payload: str, message: Any) -> None:
    context = bench.context(fields={"payload": {"body": "Hi"}})
    id_ = bench.connect("WHATSAPP", {"type": "TOKEN", "token": "t"})
    bench.run(NAME, {"connection_id": id_, **BASE, "type": "TEXT", "payload": payload}, context)

    assert bench.services.last.json["text"] == message


@pytest.mark.parametrize(
    "params",
    [
        {"type": "text", "payload": {}},
        {"type": "VIDEO", "payload": {}},
        {"type": "IMAGE", "payload": "no json"},
        {"type": "TEXT", "payload": 5},
        {"type": "TEXT", "payload": {}, "sender_id": ""},
        {"type": "TEXT", "payload": {}, "sender_id": ".."},
        {"type": "TEXT"},
    ],
)
def test_what_is_no_message_is_refused(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        _send(bench, **params)
    assert bench.services.received == []


def test_a_sender_cannot_lead_elsewhere(bench: Workbench) -> None:
    _send(bench, type="TEXT", payload={"body": "x"}, sender_id="1/../me")

    assert bench.services.last.path == "/v23.0/1%2F..%2Fme/messages"
