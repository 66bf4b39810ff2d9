"""The client of the Management API: what it sends, when it tries again, what it never does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sluiceway.errors import (
    ConnectionUnusable,
    InvalidActionParams,
    TargetTimedOut,
    TargetUnreachable,
    TokenError,
)
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.outbound.retry import RetryPolicy, wait_told
from sluiceway.outbound.step_clock import step_clock
from sluiceway.tenants.base import TenantRequest
from sluiceway.tenants.client import NoLimits, read_body
from tests.tenants.conftest import DOMAIN, SECRET, SETUP, Bench, Clock, answer

GET = TenantRequest(method="GET", pathname="/api/v2/users")
POST = TenantRequest(method="POST", pathname="/api/v2/users", body={"email": "ü@x.example"})


def test_a_call_goes_to_the_connections_domain_with_its_token(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        request = TenantRequest(
            method="PATCH",
            pathname="/api/v2/users/auth0|1",
            query={"a": "b c&d", "n": 1, "left": None},
            headers={"X-Trace": "1"},
            body={"name": "Ada"},
        )
        got = await bench.client.call("acme", request)
        (sent,) = bench.tenant.requests
        assert sent.url == f"https://{DOMAIN}/api/v2/users/auth0%7C1?a=b+c%26d&n=1"
        assert sent.method == "PATCH"
        assert sent.headers == {
            "accept": "application/json",
            "authorization": "Bearer token-1",
            "content-type": "application/json",
            "x-trace": "1",
        }
        assert sent.body == b'{"name":"Ada"}'
        assert got.as_output() == {
            "status": 200,
            "headers": {"content-type": "application/json; charset=utf-8"},
            "body": {"ok": True},
            "success": True,
        }
        assert "token-1" not in repr(got)
        assert "token-1" not in repr(sent)
        assert set(got.secrets) == {"token-1", SECRET}

    with_bench(scenario)


def test_bodies_and_audiences_as_given(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.client.call("acme", TenantRequest(method="POST", pathname="/x", body="[1]"))
        await bench.client.call("acme", TenantRequest(method="POST", pathname="/x", body=[1]))
        await bench.client.call("acme", TenantRequest(method="GET", pathname="/x"))
        assert [sent.body for sent in bench.tenant.requests] == [b"[1]", b"[1]", b""]
        setup = {**SETUP, "domain": "Custom.Example", "audience": "https://other/api/"}
        await bench.connections.create(name="two", app_id="AUTH0", setup=setup)
        await bench.client.call("two", GET)
        assert bench.tenant.requests[-1].url.startswith("https://custom.example/api")
        assert bench.tenant.form(1)["audience"] == ["https://other/api/"]

    with_bench(scenario)


@pytest.mark.parametrize(
    ("setup", "app_id", "message"),
    [
        (None, "AUTH0", "is not set up yet"),
        (SETUP, "HTTP", "of app AUTH0, found 'bad' of app HTTP"),
        ({**SETUP, "domain": "https://x.example"}, "AUTH0", "expected the domain of a tenant"),
        ({**SETUP, "domain": "x.example/path"}, "AUTH0", "expected the domain of a tenant"),
        ({**SETUP, "domain": "me@evil.example"}, "AUTH0", "expected the domain of a tenant"),
        ({**SETUP, "client_secret": ""}, "AUTH0", "expected client_secret in the setup"),
    ],
)
def test_a_connection_that_cannot_be_used_is_told(
    with_bench: Any, setup: Any, app_id: str, message: str
) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.connections.create(name="bad", app_id=app_id, setup=setup)
        with pytest.raises(ConnectionUnusable, match=message):
            await bench.client.call("bad", GET)
        with pytest.raises(ConnectionUnusable, match="none of that id or name") as caught:
            await bench.client.call("nobody", GET)
        assert "--connection nobody=local" in caught.value.hint
        assert bench.tenant.token_requests == []

    with_bench(scenario)


def test_a_pathname_that_leads_elsewhere_gets_no_token(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        for pathname in ("//evil.example/", "/a/../b", "https://evil.example/"):
            with pytest.raises(InvalidActionParams):
                await bench.client.call("acme", TenantRequest(method="GET", pathname=pathname))
        assert bench.tenant.token_requests == bench.tenant.requests == []

    with_bench(scenario)


def test_on_401_the_token_is_fetched_once_more(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        def call(request: OutboundRequest) -> OutboundResponse:
            is_old = request.headers["authorization"] == "Bearer token-1"
            return answer(401, {"message": "Invalid token"}) if is_old else answer(200, {})

        bench.tenant.on_call = call
        answers = await asyncio.gather(*(bench.client.call("acme", GET) for _ in range(50)))
        assert {one.status for one in answers} == {200}
        assert len(bench.tenant.token_requests) == 2

    with_bench(scenario)


def test_a_tenant_that_always_says_401_is_asked_twice(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_call = lambda _: answer(401, {"message": "Invalid token"})
        got = await bench.client.call("acme", GET)
        assert (got.status, len(bench.tenant.requests)) == (401, 2)
        assert len(bench.tenant.token_requests) == 2

    with_bench(scenario)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 501])
def test_other_refusals_are_answers_and_not_repeated(with_bench: Any, status: int) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_call = lambda _: answer(status, {"message": "no"})
        got = await bench.client.call("acme", GET)
        assert (got.status, len(bench.tenant.requests)) == (status, 1)
        assert got.as_output()["success"] is False

    with_bench(scenario)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        pytest.param({"retry-after": "7"}, 7, 7.5, id="Retry-After in seconds"),
        pytest.param(
            {"retry-after": "Sun, 01 Mar 2026 09:30:20 GMT"}, 20, 20.5, id="Retry-After as a date"
        ),
        pytest.param(
            {"retry-after": "3", "x-ratelimit-reset": "1772357450"}, 3, 3.5, id="both: Retry-After"
        ),
        pytest.param({"x-ratelimit-reset": "1772357410"}, 10, 10.5, id="x-ratelimit-reset"),
        pytest.param({"x-ratelimit-reset": "1772357300"}, 0, 0.5, id="a reset that has passed"),
        pytest.param({"retry-after": "9999"}, 60, 60.5, id="beyond reason"),
        pytest.param({"retry-after": "soon"}, 0, 1.0, id="not to be read"),
        pytest.param({}, 0, 1.0, id="nothing told"),
    ],
)
def test_a_429_is_waited_out_as_it_says(
    with_bench: Any, headers: dict[str, str], least: float, most: float
) -> None:
    async def scenario(bench: Bench) -> None:
        answers = [answer(429, {"message": "Global limit has been reached"}, **headers)]
        bench.tenant.on_call = lambda _: answers.pop() if answers else answer(201, {})
        assert (await bench.client.call("acme", POST)).status == 201
        (slept,) = bench.clock.slept
        assert least <= slept <= most

    with_bench(scenario)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_is_harmless_is_repeated_after_5xx_and_broken_connections(
    with_bench: Any, method: str
) -> None:
    async def scenario(bench: Bench) -> None:
        troubles: list[Any] = [answer(503), TargetUnreachable("broke"), TargetTimedOut("slow")]

        def call(_: OutboundRequest) -> OutboundResponse:
            trouble = troubles.pop(0) if troubles else answer(200, {})
            if isinstance(trouble, Exception):
                raise trouble
            return trouble

        bench.tenant.on_call = call
        got = await bench.client.call("acme", TenantRequest(method=method, pathname="/api/v2/x"))
        assert (got.status, len(bench.tenant.requests)) == (200, 4)

    with_bench(scenario)


def test_a_post_whose_outcome_is_unknown_is_never_repeated(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        def call(_: OutboundRequest) -> OutboundResponse:
            raise TargetTimedOut("no answer")

        bench.tenant.on_call = call
        with pytest.raises(TargetTimedOut):
            await bench.client.call("acme", POST)
        assert len(bench.tenant.requests) == 1
        bench.tenant.on_call = lambda _: answer(502)
        assert (await bench.client.call("acme", POST)).status == 502
        assert len(bench.tenant.requests) == 2

    with_bench(scenario)


def test_retries_come_to_an_end(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_call = lambda _: answer(500, {})
        assert (await bench.client.call("acme", GET)).status == 500
        assert len(bench.tenant.requests) == 4
        client = bench.new_client(policy=RetryPolicy(limit_retries=5))
        bench.tenant.on_call = lambda _: answer(429, {}, retry_after="1")
        assert (await client.call("acme", POST)).status == 429
        assert len(bench.tenant.requests) == 4 + 6

    with_bench(scenario)


def test_a_change_of_the_connection_counts_with_the_next_call(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.client.call("acme", GET)
        found = await bench.connections.find("acme")
        assert found is not None
        other = bench.another_worker()
        await other.connections.update(found.id, setup={**SETUP, "client_secret": "n3w-s3cret"})
        await bench.client.call("acme", GET)
        assert bench.tenant.requests[-1].headers["authorization"] == "Bearer token-2"
        assert bench.tenant.form(1)["client_secret"] == ["n3w-s3cret"]

    with_bench(scenario)


def test_a_connection_is_tested_with_a_token_that_is_new(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        connection = await bench.connections.find("acme")
        assert connection is not None
        await bench.client.call("acme", GET)
        token = await bench.client.new_token(connection)
        assert (token.text, token.scope) == ("token-2", "read:users create:users")
        bench.tenant.on_token = lambda: answer(401, {"error": "access_denied"})
        for _ in range(2):
            with pytest.raises(TokenError):
                await bench.client.new_token(connection)
        assert len(bench.tenant.token_requests) == 4

    with_bench(scenario)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        pytest.param("application/json", b'{"a":1}', {"a": 1}, id="JSON"),
        pytest.param("application/json", b'\xef\xbb\xbf{"a":1}', {"a": 1}, id="JSON with a mark"),
        pytest.param("application/problem+json", b"[1]", [1], id="a kind of JSON"),
        pytest.param("", b'{"a":1}', {"a": 1}, id="JSON that says nothing"),
        pytest.param("text/plain", b"plain", "plain", id="text"),
        pytest.param("text/plain; charset=iso-8859-1", b"K\xf6ln", "Köln", id="Latin-1"),
        pytest.param('text/html; charset="utf-16"', "ü".encode("utf-16"), "ü", id="UTF-16"),
        pytest.param("text/plain; charset=klingon", "ü".encode(), "ü", id="unknown charset"),
        pytest.param("text/plain; charset=base64", b"QQ==", "QQ==", id="a charset that is none"),
        pytest.param("text/plain", b"\xff\xfe\xfd", "\ufffd" * 3, id="not UTF-8"),
        pytest.param("application/json", b"{broken", "{broken", id="broken JSON"),
        pytest.param("application/json", b"", None, id="nothing"),
        pytest.param("application/json", b"[" * 100_000, "[" * 100_000, id="very deep"),
    ],
)
def test_an_answer_is_json_or_text(content_type: str, body: bytes, expected: Any) -> None:
    headers = {"content-type": content_type} if content_type else {}

    assert read_body(OutboundResponse(status=200, headers=headers, body=body)) == expected


def test_headers_of_the_way_are_left_out(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_call = lambda _: answer(
            200, {}, set_cookie="sid=1", transfer_encoding="chunked", x_ratelimit_limit="10"
        )
        got = await bench.client.call("acme", GET)
        assert set(got.headers) == {"content-type", "x-ratelimit-limit"}

    with_bench(scenario)


def test_what_asks_for_no_wait_tells_none() -> None:
    assert wait_told({}, now=Clock().now()) is None
    assert wait_told({"retry-after": "Thu, 99 Foo 2026"}, now=Clock().now()) is None
    assert wait_told({"x-ratelimit-reset": "later"}, now=Clock().now()) is None


def test_waiting_for_the_tenants_limit_is_not_the_steps_time(with_bench: Any) -> None:
    class Slow(NoLimits):
        async def wait(self, domain: str) -> None:
            await asyncio.sleep(0.3)

    async def scenario(bench: Bench) -> None:
        client = bench.new_client(limits=Slow())
        async with step_clock(0.2):
            assert (await client.call("acme", GET)).status == 200
        bench.tenant.delay_s = 0.3
        with pytest.raises(TimeoutError):
            async with step_clock(0.2):
                await client.call("acme", GET)

    with_bench(scenario)
