"""The HTTP client against a real server: limits, redirects, rebinding, errors in words."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import web

from sluiceway.errors import (
    AnswerLost,
    AnswerRefused,
    SluicewayError,
    TargetForbidden,
    TargetTimedOut,
    TargetUnreachable,
    UsageError,
)
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.outbound.client import HttpClient

T = TypeVar("T")


def request(url: str, **more: Any) -> OutboundRequest:
    return OutboundRequest(**{"method": "GET", "url": url, "headers": {}, **more})


def talk(
    serve: Any,
    handler: Any,
    use: Callable[[HttpClient, str], Awaitable[T]],
    **options: Any,
) -> T:
    async def main() -> T:
        client = HttpClient(**{"allow_hosts": ["127.0.0.1"], **options})
        try:
            async with serve(handler) as base:
                return await use(client, base)
        finally:
            await client.close()

    return asyncio.run(main())


async def echo(incoming: web.Request) -> web.Response:
    body = await incoming.text()
    shown = {"method": incoming.method, "path": incoming.raw_path, "body": body}
    return web.json_response({**shown, "headers": dict(incoming.headers)}, headers={"X-A": "1"})


def test_a_request_arrives_as_it_was_given(serve: Any) -> None:
    async def use(client: HttpClient, base: str) -> OutboundResponse:
        return await client.send(
            request(
                f"{base}/users/auth0%7C1%2F2?q=a%20b",
                method="POST",
                headers={"content-type": "application/json", "x-b": "ü"},
                body=b'{"a":1}',
            )
        )

    answer = talk(serve, echo, use)

    assert answer.is_success
    assert answer.headers["x-a"] == "1"
    assert b'"path": "/users/auth0%7C1%2F2?q=a%20b"' in answer.body
    assert b'"body": "{\\"a\\":1}"' in answer.body
    assert b"User-Agent" not in answer.body


def test_connections_are_kept(serve: Any) -> None:
    ports: set[Any] = set()

    async def handler(incoming: web.Request) -> web.Response:
        ports.add(incoming.transport.get_extra_info("peername"))  # type: ignore[union-attr]
        return web.Response()

    async def use(client: HttpClient, base: str) -> None:
        for _ in range(5):
            await client.send(request(base))

    talk(serve, handler, use)
    assert len(ports) == 1


def test_an_answer_over_the_limit_is_stopped_compressed_or_not(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.Response:
        bomb = gzip.compress(b"\0" * 20_000_000)
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async def use(client: HttpClient, base: str) -> None:
        with pytest.raises(AnswerRefused, match="at most 1,000 bytes"):
            await client.send(request(base, max_response_bytes=1000))

    talk(serve, handler, use)


def test_a_slow_answer_times_out(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async def use(client: HttpClient, base: str) -> None:
        with pytest.raises(TargetTimedOut, match=r"within 0\.2 s") as caught:
            await client.send(request(base, timeout_s=0.2))
        assert caught.value.retryable

    talk(serve, handler, use)


def test_a_redirect_on_the_same_host_is_followed_and_another_is_shown(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.Response:
        if incoming.path == "/old":
            return web.Response(status=302, headers={"Location": "/new"})
        if incoming.path == "/away":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
        if incoming.path == "/loop":
            return web.Response(status=302, headers={"Location": "/loop"})
        return web.Response(text=incoming.path)

    async def use(client: HttpClient, base: str) -> list[OutboundResponse]:
        paths = ("/old", "/away", "/loop")
        return [await client.send(request(base + path)) for path in paths]

    old, away, loop = talk(serve, handler, use)
    assert (old.status, old.body) == (200, b"/new")
    assert (away.status, away.headers["location"]) == (302, "http://127.0.0.1:1/")
    assert loop.status == 302


def test_a_post_is_never_redirected(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/new"})

    async def use(client: HttpClient, base: str) -> OutboundResponse:
        return await client.send(request(base, method="POST", body=b"x"))

    assert talk(serve, handler, use).status == 307


def test_an_answer_that_breaks_off_is_unreachable(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(incoming)
        await response.write(b"x")
        incoming.transport.close()  # type: ignore[union-attr]
        return response

    async def use(client: HttpClient, base: str) -> None:
        with pytest.raises(TargetUnreachable, match="broke off"):
            await client.send(request(base))

    talk(serve, handler, use)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        pytest.param(b"", "closed the connection without an answer", id="nothing"),
        pytest.param(
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "in HTTP from http://127.0.0.1:{port}, found something else: Bad status line",
            id="another protocol",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}",
            "found something else: Invalid character in Content-Length",
            id="a broken head",
        ),
    ],
)
def test_what_is_no_http_answer_is_told_without_the_query(raw: bytes, told: str) -> None:
    async def scenario() -> tuple[SluicewayError, int]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = HttpClient(allow_hosts=["127.0.0.1"])
        try:
            url = f"http://127.0.0.1:{port}/?api_key=s3cret"
            with pytest.raises(AnswerLost) as caught:
                await client.send(request(url, method="POST", body=b"{}"))
        finally:
            await client.close()
            server.close()
        return caught.value, port

    error, port = asyncio.run(scenario())

    assert told.format(port=port) in error.message
    assert "\n" not in error.message
    assert "s3cret" not in error.message
    assert isinstance(error, AnswerLost)
    assert error.may_be_done


def test_a_proxy_that_refuses_is_told(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.Response:
        return web.Response()

    async def use(client: HttpClient, base: str) -> None:
        # This server has no way to carry out CONNECT.
        through = HttpClient(allow_hosts=["127.0.0.1"], proxy=base)
        with pytest.raises(TargetUnreachable, match="the proxy answered 404") as caught:
            await through.send(request("https://127.0.0.1:1/"))
        assert not caught.value.may_be_done
        await through.close()

    talk(serve, handler, use)


def send_once(url: str, **options: Any) -> SluicewayError:
    async def main() -> SluicewayError:
        client = HttpClient(**options)
        try:
            await client.send(request(url, timeout_s=5))
        except SluicewayError as error:
            return error
        finally:
            await client.close()
        raise AssertionError("the call was made")

    return asyncio.run(main())


def test_nobody_there_is_unreachable() -> None:
    error = send_once("http://127.0.0.1:1/", allow_hosts=["127.0.0.1"])

    assert isinstance(error, TargetUnreachable)
    assert error.message.startswith("cannot reach http://127.0.0.1:1")


def test_a_name_that_gives_a_private_address_is_refused() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    error = send_once("http://rebind.example/", resolve=resolve)

    assert isinstance(error, TargetForbidden)
    assert error.message == "rebind.example is a private address"


def test_a_name_that_changes_its_mind_is_never_followed_inside(serve: Any) -> None:
    """A thousand tries against a name that is public at every other look (TTL 0)."""
    looks = 0

    async def resolve(host: str, port: int) -> list[str]:
        nonlocal looks
        looks += 1
        return ["127.0.0.1"] if looks % 2 else ["192.0.2.1"]

    async def use(client: HttpClient, base: str) -> int:
        refused = 0
        for _ in range(1000):
            try:
                await client.send(request(base.replace("127.0.0.1", "rebind.example")))
            except TargetForbidden:
                refused += 1
        return refused

    assert talk(serve, echo, use, allow_hosts=[], resolve=resolve) == 1000


def test_a_name_without_addresses_or_that_is_unknown_is_unreachable() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        return []

    async def unknown(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    for resolve in (nothing, unknown):
        assert isinstance(send_once("http://gone.example/", resolve=resolve), TargetUnreachable)


def test_a_wrong_file_of_authorities_is_named(tmp_path: Any) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    with pytest.raises(UsageError, match="cannot read authorities"):
        HttpClient(ca_file=str(tmp_path / "ca.pem"))
