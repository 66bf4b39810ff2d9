"""Redirects, proxies, authorities, time limits: what the client does at the edges of HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web

from sluiceway.cli._tls import ensure_certificate
from sluiceway.errors import (
    SluicewayError,
    TargetForbidden,
    TargetTimedOut,
    TargetUnreachable,
)
from sluiceway.outbound.base import OutboundRequest
from sluiceway.outbound.client import HttpClient

T = TypeVar("T")
SECRET = "Bearer c4nary-t0ken"


def request(url: str, **more: Any) -> OutboundRequest:
    return OutboundRequest(
        **{"method": "GET", "url": url, "headers": {"authorization": SECRET}, **more}
    )


def use(work: Callable[[HttpClient], Awaitable[T]], **options: Any) -> T:
    async def main() -> T:
        client = HttpClient(**options)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(main())


def refusal(url: str, **options: Any) -> SluicewayError:
    async def work(client: HttpClient) -> SluicewayError:
        with pytest.raises(SluicewayError) as caught:
            await client.send(request(url, timeout_s=5))
        return caught.value

    return use(work, **options)


INSIDE = [
    "http://127.0.0.1:{port}/secret",
    "http://2130706433:{port}/secret",
    "http://[::ffff:127.0.0.1]:{port}/secret",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "//127.0.0.1:{port}/secret",
    "http://inside.example:{port}/secret",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
]


@pytest.mark.parametrize("hops", range(1, 6))
@pytest.mark.parametrize("place", INSIDE)
def test_no_redirect_leads_inside(serve: Any, place: str, hops: int) -> None:
    """From a public name, after up to five hops on it; what is inside is never asked."""
    reached: list[str] = []

    async def handler(incoming: web.Request) -> web.Response:
        port = incoming.url.port
        if incoming.path == "/secret":
            reached.append(str(incoming.url))
            return web.Response(text="secret")
        hop = int(incoming.path.removeprefix("/hop"))
        here = f"/hop{hop + 1}" if hop < hops else place.format(port=port)
        return web.Response(status=302, headers={"Location": here})

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def work(client: HttpClient) -> int:
        async with serve(handler) as base:
            url = base.replace("127.0.0.1", "public.example")
            return (await client.send(request(f"{url}/hop1"))).status

    assert use(work, allow_hosts=["public.example"], resolve=resolve) == 302
    assert reached == []


@pytest.mark.parametrize(
    ("url", "location", "followed"),
    [
        ("http://a.example/x", "https://a.example/x", True),
        ("http://a.example/x", "https://a.example:443/y", True),
        ("http://a.example/x", "https://A.example./y", True),
        ("http://a.example:8080/x", "https://a.example/x", False),
        ("http://a.example/x", "https://a.example:8443/x", False),
        ("https://a.example/x", "http://a.example/x", False),
        ("http://a.example/x", "https://b.example/x", False),
        ("http://a.example/x", "https://a.example.b.example/x", False),
        ("http://a.example/x", "https://b@a.example/x", False),
        ("http://a.example/x", "http://[/", False),
        ("http://a.example/x", "y", True),
    ],
)
def test_credentials_stay_on_their_host(url: str, location: str, followed: bool) -> None:  # noqa: FBT001 - a case's expectation
    """The address of each exchange, as far as it gets: nobody answers there."""
    seen: list[str] = []

    async def work(client: HttpClient) -> None:
        async def exchange(_: OutboundRequest, at: str, __: Any) -> Any:
            seen.append(at)
            headers = {"location": location} if len(seen) == 1 else {}
            return type("Answer", (), {"status": 301, "headers": headers})()

        client._exchange = exchange  # type: ignore[method-assign]
        await client.send(request(url))

    use(work)
    assert len(seen) == (2 if followed else 1)


def test_cookies_are_not_kept(serve: Any) -> None:
    seen: list[str | None] = []

    async def handler(incoming: web.Request) -> web.Response:
        seen.append(incoming.headers.get("cookie"))
        return web.Response(headers={"Set-Cookie": "sid=1"})

    async def work(client: HttpClient) -> None:
        async with serve(handler) as base:
            await client.send(request(base))
            await client.send(request(base))

    use(work, allow_hosts=["127.0.0.1"])
    assert seen == [None, None]


def test_a_silent_server_is_given_up_before_the_whole_time(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(incoming)
        await response.write(b"a piece")
        await asyncio.sleep(5)
        return response

    async def work(client: HttpClient) -> str:
        async with serve(handler) as base:
            with pytest.raises(TargetTimedOut) as caught:
                await client.send(request(base, silence_timeout_s=0.2))
            assert caught.value.retryable
            return caught.value.message

    assert "was silent for 0.2 s" in use(work, allow_hosts=["127.0.0.1"])


def test_a_trickle_is_given_up_when_the_whole_time_is_over(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(incoming)
        with suppress(ConnectionError):
            for _ in range(100):
                await response.write(b".")
                await asyncio.sleep(0.05)
        return response

    async def work(client: HttpClient) -> None:
        async with serve(handler) as base:
            with pytest.raises(TargetTimedOut, match=r"no whole answer within 0\.3 s"):
                await client.send(request(base, timeout_s=0.3, silence_timeout_s=0.2))

    use(work, allow_hosts=["127.0.0.1"])


def test_a_server_that_takes_no_tls_is_given_up_soon() -> None:
    """It takes the connection and says nothing: TLS counts as a part of connecting."""

    async def work(client: HttpClient) -> None:
        ended = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            await writer.wait_closed()
            ended.set()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(TargetUnreachable, match=r"took no connection within 0\.2 s"):
                await client.send(request(f"https://127.0.0.1:{port}/", connect_timeout_s=0.2))
            await ended.wait()

    use(work, allow_hosts=["127.0.0.1"])


@asynccontextmanager
async def tls_server(folder: Path, name: str) -> AsyncIterator[tuple[int, str]]:
    """Serve https with a certificate of a local authority; give the port and the authority."""
    made = ensure_certificate(folder, [name])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)

    async def handler(incoming: web.Request) -> web.Response:
        return web.Response(text=f"hello {incoming.host}")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield runner.addresses[0][1], str(made.authority)
    finally:
        await runner.cleanup()


async def _at_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_further_authority_is_trusted_by_setting_and_only_then(tmp_path: Path) -> None:
    async def main() -> None:
        async with tls_server(tmp_path, "api.example") as (port, authority):
            options: Any = {
                "allow_hosts": ["api.example", "other.example"],
                "resolve": _at_loopback,
            }
            trusting = HttpClient(ca_file=authority, **options)
            url = f"https://api.example:{port}/"
            answer = await trusting.send(request(url))
            assert answer.body == f"hello api.example:{port}".encode()
            with pytest.raises(TargetUnreachable, match="no secure connection"):
                await trusting.send(request(url.replace("api", "other"), timeout_s=5))
            await trusting.close()
            plain = HttpClient(**options)
            with pytest.raises(TargetUnreachable, match="no secure connection") as caught:
                await plain.send(request(url, timeout_s=5))
            assert "SLUICEWAY_CA_FILE" in caught.value.hint
            await plain.close()

    asyncio.run(main())


class Proxy:
    """A forward proxy: absolute URLs for http, CONNECT for https; *seen* is its log."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.heads: list[bytes] = []
        self.ended = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = [writer]
        try:
            await self._serve(reader, writer, opened)
        finally:
            for one in opened:
                one.close()
                with suppress(OSError, ssl.SSLError):
                    await one.wait_closed()
            self.ended.set()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        opened: list[asyncio.StreamWriter],
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n")[0].decode().split()
        self.seen.append(f"{method} {target}")
        if method == "CONNECT":
            port = int(target.rpartition(":")[2])
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            opened.append(inner_writer)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(
                _pump(reader, inner_writer), _pump(inner_reader, writer), return_exceptions=True
            )
        else:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nproxied")
            await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def test_a_proxy_is_used_by_setting_and_the_guard_still_judges(tmp_path: Path) -> None:
    async def main() -> None:
        proxy = Proxy()
        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        async def resolve(host: str, port: int) -> list[str]:
            public = "93.184.216.34"
            return ["10.0.0.1"] if host == "inside.example" else [public]

        async with server, tls_server(tmp_path, "api.example") as (port, authority):
            client = HttpClient(proxy=address, ca_file=authority, resolve=resolve)
            answer = await client.send(request("http://api.example/a?b=c"))
            assert answer.body == b"proxied"
            answer = await client.send(request(f"https://api.example:{port}/"))
            assert answer.body.startswith(b"hello api.example")
            assert proxy.seen == [
                "GET http://api.example/a?b=c",
                f"CONNECT api.example:{port}",
            ]
            # What goes through the tunnel, the proxy does not see.
            assert SECRET.encode() not in proxy.heads[1]
            for inside in (
                "http://inside.example/",
                "http://127.0.0.1/",
                "http://169.254.169.254/",
                "http://localhost/",
            ):
                with pytest.raises(TargetForbidden):
                    await client.send(request(inside))
            assert len(proxy.seen) == 2
            proxy.ended.clear()
            await client.close()
            await proxy.ended.wait()

    asyncio.run(main())


def test_a_proxy_of_the_environment_is_not_used(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="direct")

    async def work(client: HttpClient) -> bytes:
        async with serve(handler) as base:
            return (await client.send(request(base))).body

    assert use(work, allow_hosts=["127.0.0.1"]) == b"direct"


def test_allowing_one_address_does_not_open_its_neighbours() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "ours.example" else ["127.0.0.2"]

    options: Any = {"allow_hosts": ["ours.example", "127.0.0.1:1"], "resolve": resolve}
    assert isinstance(refusal("http://ours.example:1/", **options), TargetUnreachable)
    assert isinstance(refusal("http://theirs.example:1/", **options), TargetForbidden)
    assert isinstance(refusal("http://127.0.0.1:2/", **options), TargetForbidden)
    assert isinstance(refusal("http://127.0.0.1:1/", **options), TargetUnreachable)


def test_an_allowed_name_may_still_not_be_the_metadata_service() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["169.254.169.254"]

    error = refusal("http://ours.example/", allow_hosts=["ours.example"], resolve=resolve)

    assert isinstance(error, TargetForbidden)
    assert "metadata" in error.message


def test_no_error_repeats_what_was_sent(serve: Any) -> None:
    async def handler(incoming: web.Request) -> web.StreamResponse:
        incoming.transport.close()  # type: ignore[union-attr]
        return web.Response()

    async def work(client: HttpClient) -> list[str]:
        texts: list[str] = []
        async with serve(handler) as base:
            for url in (f"{base}/?key=c4nary-t0ken", "http://127.0.0.1:1/c4nary-t0ken"):
                with pytest.raises(SluicewayError) as caught:
                    await client.send(request(url, body=b"c4nary-t0ken", method="POST"))
                texts.append(f"{caught.value!r} {caught.value.as_json()}")
        return texts

    shown = " ".join(use(work, allow_hosts=["127.0.0.1"]))
    assert "c4nary" not in shown
    assert "c4nary" not in repr(request("http://x.example/?key=c4nary-t0ken", body=b"c4nary"))
