"""TELEGRAM/SEND_MESSAGE: Telegram's Bot API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import ConnectionUnusable, InvalidActionParams, TargetUnreachable

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "TELEGRAM/SEND_MESSAGE"
TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
BASE = {"chat_id": "42", "text": "Hi"}


def _connect(bench: Workbench, token: str = TOKEN) -> str:
    return bench.connect("TELEGRAM", {"type": "TOKEN", "token": token})


def test_the_bot_says_the_text_in_the_chat(bench: Workbench) -> None:
    answer = {"ok": True, "result": {"message_id": 1}}
    bench.services.answer("api.telegram.org", answer)
    output = bench.run(
        NAME, {"connection_id": _connect(bench), "chat_id": "@channel", "text": "Hi ü & <b>"}
    )

    got = bench.services.last
    assert (got.method, got.path) == ("POST", f"/bot{TOKEN}/sendMessage")
    assert got.json == {"chat_id": "@channel", "text": "Hi ü & <b>"}
    assert output["body"] == answer
    assert TOKEN in bench.masked


def test_a_refusal_is_an_output(bench: Workbench) -> None:
    refusal = {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
    bench.services.answer("api.telegram.org", (400, refusal))

    output = bench.run(NAME, {"connection_id": _connect(bench), **BASE})

    assert (output["success"], output["body"]) == (False, refusal)


def test_no_answer_does_not_tell_the_token(bench: Workbench) -> None:
    bench.services.port, port = 1, bench.services.port
    try:
        with pytest.raises(TargetUnreachable) as caught:
            bench.run(NAME, {"connection_id": _connect(bench), **BASE})
    finally:
        bench.services.port = port
    assert TOKEN not in str(caught.value.as_json())
    assert "ABC-DEF" not in repr(caught.value)


@pytest.mark.parametrize("params", [{"chat_id": 42}, {"text": None}, {"chat_id": None}, {"x": 1}])
def test_the_schema_is_auth0s(bench: Workbench, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"connection_id": "c", **BASE, **params})


@pytest.mark.parametrize(
    ("setup", "path"),
    [({"type": "TOKEN", "token": "a/../b"}, "/bota%2F..%2Fb/sendMessage"), (None, None)],
)
def test_odd_tokens(bench: Workbench, setup: Any, path: str | None) -> None:
    id_ = bench.connect("TELEGRAM", setup)
    if path is None:
        with pytest.raises(ConnectionUnusable):
            bench.run(NAME, {"connection_id": id_, **BASE})
    else:
        bench.run(NAME, {"connection_id": id_, **BASE})
        assert bench.services.last.path == path
