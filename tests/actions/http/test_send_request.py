"""HTTP/SEND_REQUEST: what reaches the other side, and what comes back."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from msgspec.structs import force_setattr, replace

from sluiceway.actions.base import Effect
from sluiceway.actions.http.send_request import ACTION, SendRequest
from sluiceway.errors import (
    ConnectionUnusable,
    InvalidActionParams,
    TargetForbidden,
    TargetUnreachable,
    TokenError,
)
from sluiceway.outbound.client import HttpClient
from sluiceway.outbound.retry import RetryPolicy
from sluiceway.outbound.sending import RetryingSender

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "HTTP/SEND_REQUEST"
URL = "https://api.example.com/v1/people"
JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "application/xml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_the_simplest_request_is_a_get(bench: Workbench) -> None:
    bench.services.answer("api.example.com", {"plan": "pro"})

    output = bench.run(NAME, {"url": URL})

    got = bench.services.last
    assert (got.method, got.path, got.query, got.body) == ("GET", "/v1/people", {}, b"")
    assert "content-type" not in got.headers
    assert got.headers["user-agent"] == "Sluiceway"
    assert output["status"] == 200
    assert output["success"] is True
    assert output["body"] == {"plan": "pro"}
    assert output["headers"]["content-type"].startswith("application/json")
    assert list(output) == ["status", "headers", "body", "success"]


@pytest.mark.parametrize(
    ("payload", "content_type", "written"),
    [
        ({"a": 1, "b": None, "c": "ü"}, "JSON", (JSON, '{"a":1,"b":null,"c":"ü"}')),
        ({"a": 1}, None, (JSON, '{"a":1}')),
        ([1, "x"], "JSON", (JSON, '[1,"x"]')),
        ({}, "JSON", (JSON, "{}")),
        ('{"raw": 1}', "JSON", (JSON, '{"raw": 1}')),
        (
            {"a": "x y&z", "b": 1, "c": True, "d": None, "e": [1, 2], "f": {"g": 1}},
            "FORM",
            (FORM, "a=x+y%26z&b=1&c=true&e=1&e=2&f=%7B%22g%22%3A1%7D"),
        ),
        ("a=1&b=2", "FORM", (FORM, "a=1&b=2")),
        ("<a>1</a>", "XML", (XML, "<a>1</a>")),
        (
            {"a": {"b": "<"}},
            "XML",
            (XML, f"{DECLARATION}<a>\n  <b>&lt;</b>\n</a>"),
        ),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_body_is_written_as_the_content_type_says(
    bench: Workbench, method: str, payload: Any, content_type: Any, written: tuple[str, str]
) -> None:
    params = {"url": URL, "method": method, "payload": payload}
    bench.run(NAME, params | ({"content_type": content_type} if content_type else {}))

    got = bench.services.last
    assert got.method == method
    assert (got.headers["content-type"], got.body.decode()) == written


def test_params_and_headers_are_texts_and_null_is_left_out(bench: Workbench) -> None:
    context = bench.context(fields={"n": 5, "q": "a b&c"})
    bench.run(
        NAME,
        {
            "url": f"{URL}?x=1#part",
            "params": {"q": "{{fields.q}}", "n": "{{fields.n}}", "none": "{{fields.missing}}"},
            "headers": {"X-N": "{{fields.n}}", "X-None": None, "content-type": "text/plain"},
            "method": "POST",
            "payload": "plain",
        },
        context,
    )

    got = bench.services.last
    assert got.query == {"x": "1", "q": "a b&c", "n": "5"}
    assert got.headers["x-n"] == "5"
    assert "x-none" not in got.headers
    assert got.headers["content-type"] == "text/plain"


def test_a_template_inside_the_address_and_odd_letters_in_it(bench: Workbench) -> None:
    context = bench.context(fields={"id": "7 ü"})
    bench.run(NAME, {"url": "https://api.example.com/a%2Fb/{{fields.id}}?q=ö&p=100%"}, context)

    got = bench.services.last
    assert got.path == "/a%2Fb/7%20%C3%BC"
    assert got.query == {"q": "ö", "p": "100%"}


@pytest.mark.parametrize(
    ("status", "success"), [(200, True), (201, True), (204, True), (302, False), (404, False)]
)
def test_any_status_is_an_output(bench: Workbench, status: int, success: bool) -> None:  # noqa: FBT001
    bench.services.answer("api.example.com", lambda: web.Response(status=status))

    outcome = bench.outcome(NAME, {"url": URL, "method": "POST"})

    output: Any = outcome.output
    assert (output["status"], output["success"], output["body"]) == (status, success, None)
    assert outcome.status_code == status


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (lambda: web.json_response([1, {"a": None}]), [1, {"a": None}]),
        (lambda: web.Response(text="ok"), "ok"),
        (lambda: web.Response(text="<a/>", content_type="application/xml"), "<a/>"),
        (lambda: web.Response(text='{"a":1}', content_type="text/plain"), {"a": 1}),
        (lambda: web.Response(text="{broken", content_type="application/json"), "{broken"),
        (
            lambda: web.Response(
                body="é".encode("latin-1"), headers={"content-type": "text/plain; charset=latin-1"}
            ),
            "é",
        ),
        (lambda: web.Response(body=b""), None),
    ],
)
def test_the_answer_is_json_where_it_is_json(bench: Workbench, answer: Any, body: Any) -> None:
    bench.services.answer("api.example.com", answer)

    assert bench.run(NAME, {"url": URL})["body"] == body


def test_basic_auth_by_name(bench: Workbench) -> None:
    bench.run(NAME, {"url": URL, "basic": {"username": "ada", "password": "p:w ü"}})
    assert bench.services.last.headers["authorization"] == _basic("ada:p:w ü")
    bench.run(NAME, {"url": URL, "basic": {"username": "ada"}})
    assert bench.services.last.headers["authorization"] == _basic("ada:")
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"url": URL, "basic": {"username": ""}})


@pytest.mark.parametrize(
    ("setup", "headers", "query"),
    [
        ({"type": "BEARER", "token": "t0ken-1"}, {"authorization": "Bearer t0ken-1"}, {}),
        (
            {"type": "BASIC_AUTH", "username": "ada", "password": "secret"},
            {"authorization": _basic("ada:secret")},
            {},
        ),
        ({"type": "BASIC_AUTH", "username": "ada"}, {"authorization": _basic("ada:")}, {}),
        (
            {"type": "API_KEY", "name": "X-Key", "value": "k3y", "in": "HEADER"},
            {"x-key": "k3y"},
            {},
        ),
        (
            {"type": "API_KEY", "name": "key", "value": "k3y&", "in": "QUERY"},
            {},
            {"a": "1", "key": "k3y&"},
        ),
    ],
)
def test_a_connection_signs_the_request_in(
    bench: Workbench, setup: dict[str, Any], headers: dict[str, str], query: dict[str, str]
) -> None:
    id_ = bench.connect("HTTP", setup)
    bench.run(
        NAME,
        {
            "url": URL,
            "connection_id": id_,
            "params": {"a": 1},
            "headers": {"Authorization": "mine"},
        },
    )

    got = bench.services.last
    assert headers.items() <= got.headers.items()
    assert got.query == (query or {"a": "1"})
    # The author's own header stays where the connection sets none.
    assert got.headers["authorization"] == headers.get("authorization", "mine")
    secret = setup.get("token") or setup.get("password") or setup.get("value")
    assert secret is None or any(secret in str(value) for value in bench.masked)


CREDENTIALS = {
    "type": "OAUTH_CLIENT_CREDENTIALS",
    "client_id": "me",
    "client_secret": "s3cret",
    "token_endpoint": "https://login.example.com/token",
    "audience": "https://api.example.com/",
    "scope": "read write",
}


def test_client_credentials_are_fetched_once_and_renewed_when_refused(bench: Workbench) -> None:
    id_ = bench.connect("HTTP", CREDENTIALS)
    bench.services.answer(
        "login.example.com",
        {"access_token": "first", "expires_in": 3600},
        {"access_token": "second", "expires_in": 3600},
    )
    params = {"url": URL, "connection_id": id_}
    bench.run(NAME, params)
    bench.run(NAME, params)

    token, *calls = bench.services.received
    assert token.form == {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": "s3cret",
        "audience": "https://api.example.com/",
        "scope": "read write",
    }
    assert [got.headers["authorization"] for got in calls] == ["Bearer first"] * 2
    assert "first" in bench.masked

    bench.services.answer("api.example.com", (401, {}), {"fine": True})
    assert bench.run(NAME, params)["body"] == {"fine": True}
    assert bench.services.last.headers["authorization"] == "Bearer second"


def test_a_second_refusal_is_an_output(bench: Workbench) -> None:
    id_ = bench.connect("HTTP", CREDENTIALS)
    bench.services.answer("login.example.com", {"access_token": "t", "expires_in": 3600})
    bench.services.answer("api.example.com", (401, {"error": "no"}))

    assert bench.run(NAME, {"url": URL, "connection_id": id_})["status"] == 401


def test_a_token_endpoint_that_refuses_fails_the_action(bench: Workbench) -> None:
    id_ = bench.connect("HTTP", CREDENTIALS)
    bench.services.answer("login.example.com", (401, {"error": "invalid_client"}))

    with pytest.raises(TokenError, match=r"login\.example\.com"):
        bench.run(NAME, {"url": URL, "connection_id": id_})


@pytest.mark.parametrize(
    ("app_id", "setup", "words"),
    [
        ("HTTP", None, "set up"),
        ("HTTP", {"type": "BEARER"}, "token"),
        ("HTTP", {"type": "WEBHOOK", "url": "https://x.example"}, "BEARER"),
        ("JWT", {"type": "JWT", "algorithm": "HS256"}, "app HTTP"),
    ],
)
def test_a_connection_that_gives_no_credentials(
    bench: Workbench, app_id: str, setup: Any, words: str
) -> None:
    id_ = bench.connect(app_id, setup)

    with pytest.raises(ConnectionUnusable, match=words):
        bench.run(NAME, {"url": URL, "connection_id": id_})
    with pytest.raises(ConnectionUnusable, match="nobody"):
        bench.run(NAME, {"url": URL, "connection_id": "nobody"})


@pytest.mark.parametrize(
    "url",
    ["", "api.example.com", "/v1", "https://", "{{fields.missing}}", "http://[::1", "mailto:a@b"],
)
def test_what_is_no_address_is_refused(bench: Workbench, url: str) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"url": url})
    assert bench.services.received == []


@pytest.mark.parametrize(
    "headers",
    [{"a b": "1"}, {"": "1"}, {"x": "a\r\ny: b"}, {"Host": "evil"}, {"x": "日本"}, {"TE": "x"}],
)
def test_headers_cannot_smuggle(bench: Workbench, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidActionParams):
        bench.run(NAME, {"url": URL, "headers": headers})
    assert bench.services.received == []


def test_a_list_is_no_form(bench: Workbench) -> None:
    with pytest.raises(InvalidActionParams, match="form"):
        bench.run(NAME, {"url": URL, "method": "POST", "payload": [1], "content_type": "FORM"})


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://169.254.169.254/x", "ftp://a.b/"])
def test_the_guard_stands_before_every_call(bench: Workbench, url: str) -> None:
    client = HttpClient()
    force_setattr(bench.world, "send", RetryingSender(client, RetryPolicy(retries=0), None))  # type: ignore[arg-type]

    with pytest.raises(TargetForbidden):
        bench.run(NAME, {"url": url})
    bench.wait_for(client.close())


def test_no_answer_fails_the_action_and_a_post_is_not_repeated(bench: Workbench) -> None:
    bench.services.handlers["api.example.com"] = lambda _: _dropped()

    for method in ("POST", "GET"):
        bench.services.received.clear()
        with pytest.raises(TargetUnreachable):
            bench.run(NAME, {"url": URL, "method": method})
        # The client itself may try a GET on a fresh connection, beside our three repeats.
        calls = len(bench.services.received)
        assert calls == 1 if method == "POST" else calls >= 4


@pytest.mark.parametrize("retry_after", ["5", "7200"])
def test_a_wait_that_would_outlast_the_step_gives_the_answer(
    bench: Workbench, retry_after: str
) -> None:
    calls: list[str] = []

    def limited(incoming: web.Request) -> web.Response:
        calls.append(incoming.method)
        return web.json_response({"slow": "down"}, status=429, headers={"Retry-After": retry_after})

    bench.services.handlers["api.example.com"] = limited
    force_setattr(bench.world, "send", replace(bench.world.send, patience_s=12))  # type: ignore[type-var]
    output = bench.run(NAME, {"url": URL, "method": "POST"})
    assert output["status"] == 429
    assert output["success"] is False
    assert len(calls) == (3 if retry_after == "5" else 1)


def _dropped() -> web.Response:
    class Dropped(web.Response):
        async def prepare(self, request: Any) -> Any:
            request.transport.close()
            raise ConnectionResetError

    return Dropped()


def test_a_post_is_made_once_and_the_others_may_be_repeated() -> None:
    effects = {
        method: ACTION.effect_of(SendRequest(url=URL, method=method))  # type: ignore[arg-type]
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    }

    assert [m for m, effect in effects.items() if effect is Effect.ONCE] == ["POST"]


def _bearer(bench: Workbench, *hosts: str) -> str:
    id_ = bench.connect("HTTP", {"type": "BEARER", "token": "t0ken-1"})
    bench.wait_for(bench.connections.restrict(id_, hosts))
    return id_


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "https://API.example.com./v1",
        "https://x.partner.example/a",
        "http://one.example:8080/",
        "https://api.example.com:9443/",
    ],
)
def test_a_connection_goes_to_the_hosts_that_it_names(bench: Workbench, url: str) -> None:
    id_ = _bearer(bench, "api.example.com", "*.partner.example", "one.example:8080")

    assert bench.run(NAME, {"url": url, "connection_id": id_})["success"]
    assert bench.services.last.headers["authorization"] == "Bearer t0ken-1"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://api.example.com.evil.example/",
        "https://evil.example/api.example.com",
        "https://partner.example/",
        "https://evilpartner.example/",
        "http://one.example/",
        "https://one.example:8081/",
    ],
)
def test_a_connection_goes_nowhere_else(bench: Workbench, url: str) -> None:
    id_ = _bearer(bench, "api.example.com", "*.partner.example", "one.example:8080")

    with pytest.raises(TargetForbidden, match="nowhere else") as caught:
        bench.run(NAME, {"url": url, "connection_id": id_})
    assert (caught.value.at, bench.services.received) == ("/url", [])


@pytest.mark.parametrize(
    "url",
    [
        "{{ fields.url }}",
        "https://{{ fields.host }}/v1",
        "https://api.example.com{{ fields.rest }}",
        "https://{{ fields.host }}.example.com/",
        "{{ fields.scheme }}://api.example.com/",
    ],
)
def test_an_expression_does_not_choose_who_gets_the_credentials(bench: Workbench, url: str) -> None:
    fields = {
        "url": URL,
        "host": "api.example.com",
        "rest": ".evil.example/",
        "scheme": "https",
    }
    id_ = _bearer(bench)

    with pytest.raises(TargetForbidden, match="an expression gives this one"):
        bench.run(NAME, {"url": url, "connection_id": id_}, bench.context(fields=fields))
    assert bench.services.received == []


def test_an_expression_may_give_what_comes_after_the_host(bench: Workbench) -> None:
    params = {"url": "https://api.example.com/{{ fields.id }}", "connection_id": _bearer(bench)}

    assert bench.run(NAME, params, bench.context(fields={"id": "7"}))["success"]
    assert bench.services.last.path == "/7"


def test_an_expression_may_choose_among_the_hosts_that_are_named(bench: Workbench) -> None:
    params = {"url": "{{ fields.url }}", "connection_id": _bearer(bench, "api.example.com")}

    assert bench.run(NAME, params, bench.context(fields={"url": URL}))["success"]


def test_without_a_connection_an_expression_may_give_the_host(bench: Workbench) -> None:
    context = bench.context(fields={"url": URL})

    assert bench.run(NAME, {"url": "{{ fields.url }}"}, context)["success"]
