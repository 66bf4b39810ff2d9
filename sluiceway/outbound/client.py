"""The HTTP client for every call that leaves the process: guarded, pooled, limited.

aiohttp: the figures are in docs/decisions/0007-outbound.md.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from sluiceway.errors import (
    AnswerLost,
    AnswerRefused,
    TargetForbidden,
    TargetTimedOut,
    TargetUnreachable,
    UsageError,
)
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.outbound.guard import Guard, Target, check_request_head, parse_target
from sluiceway.outbound.sockets import judge, resolve_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["HttpClient"]

_MOST_CONNECTIONS: Final = 400
_KEPT_ALIVE_S: Final = 30.0
_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}
)
_CHECK_HOST: Final = "Check that the host is spelt right and is up; then retry the execution."
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAFE: Final = frozenset({"GET", "HEAD"})
_CHUNK: Final = 64 * 1024


class HttpClient:
    """See ``Transport``. Redirects are followed for GET and HEAD, on the same host only.

    From http to https is the same host, where both have their usual ports; never the other way.
    """

    def __init__(
        self,
        *,
        allow_hosts: Iterable[str] = (),
        proxy: str | None = None,
        ca_file: str | None = None,
        resolve: Callable[[str, int], Awaitable[list[str]]] = resolve_name,
    ) -> None:
        self._guard = Guard(allow_hosts)
        self._proxy = proxy
        self._resolve = resolve
        self._context = ssl.create_default_context()
        if ca_file:
            try:
                self._context.load_verify_locations(ca_file)
            except (OSError, ssl.SSLError) as error:
                raise UsageError(
                    f"ca_file: cannot read authorities: {error}", at=ca_file
                ) from error
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        check_request_head(request.method, request.headers)
        target, url = parse_target(request.url), request.url
        try:
            async with asyncio.timeout(request.timeout_s):
                answer = await self._exchange(request, url, target)
                for _ in range(_MOST_REDIRECTS):
                    elsewhere = _redirect(request, answer, url, target)
                    if elsewhere is None:
                        break
                    url, target = elsewhere
                    answer = await self._exchange(request, url, target)
                return answer
        except TimeoutError as error:
            raise TargetTimedOut(
                f"{target} gave no whole answer within {request.timeout_s:g} s"
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self, request: OutboundRequest, url: str, target: Target
    ) -> OutboundResponse:
        self._guard.check(target)
        if self._proxy:
            # The proxy will resolve the name again; judging it here is all that can be done.
            await self._judge(target)
        try:
            async with self._open().request(
                request.method,
                URL(url, encoded=True),
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    sock_connect=request.connect_timeout_s,
                    sock_read=request.silence_timeout_s,
                ),
                skip_auto_headers=("User-Agent", "Content-Type"),
            ) as answer:
                body = await _read(answer, request.max_response_bytes, target)
                headers: dict[str, str] = {}
                for name, value in answer.headers.items():
                    key = name.lower()
                    headers[key] = f"{headers[key]}, {value}" if key in headers else value
                return OutboundResponse(status=answer.status, headers=headers, body=body)
        except aiohttp.ClientSSLError as error:
            raise _insecure(error, target) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise TargetUnreachable(
                f"{target} took no connection within {request.connect_timeout_s:g} s",
                hint=_CHECK_HOST,
            ) from error
        except aiohttp.SocketTimeoutError as error:
            raise TargetTimedOut(
                f"{target} was silent for {request.silence_timeout_s:g} s",
                hint="It may be overloaded: retry the execution later.",
            ) from error
        except aiohttp.ClientPayloadError as error:
            raise AnswerLost(
                f"the answer of {target} broke off", hint="Retry the execution."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            forbidden = _find_forbidden(error)
            if forbidden is not None:
                raise forbidden from None
            raise _broken(error, target) from error

    async def _judge(self, target: Target) -> list[str]:
        """Return the addresses of *target*, each of them judged."""
        return await judge(self._guard, target, self._resolve)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=_MOST_CONNECTIONS,
                keepalive_timeout=_KEPT_ALIVE_S,
                ssl=self._context,
                use_dns_cache=False,
                resolver=_JudgedResolver(self._judge, via_proxy=self._proxy),
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                raise_for_status=False,
                max_line_size=16 * 1024,
            )
        return self._session


class _JudgedResolver(AbstractResolver):
    """Gives the connector the judged addresses, so that it connects to no others."""

    def __init__(
        self, judge: Callable[[Target], Awaitable[list[str]]], *, via_proxy: str | None
    ) -> None:
        self._judge = judge
        self._via_proxy = via_proxy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See aiohttp's ``AbstractResolver``."""
        del family
        if self._via_proxy:
            # The proxy is the operator's own choice; its targets were judged before.
            addresses = await resolve_name(host, port)
        else:
            try:
                addresses = await self._judge(Target("https", host.rstrip("."), port))
            except TargetForbidden as error:
                # aiohttp takes only OSError from a resolver; the client unwraps it again.
                raise OSError(error.message) from error
            except TargetUnreachable as error:
                raise OSError(error.message) from error
        return [
            cast(
                "ResolveResult",
                {
                    "hostname": host,
                    "host": address,
                    "port": port,
                    "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                    "proto": 0,
                    "flags": socket.AI_NUMERICHOST,
                },
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """See aiohttp's ``AbstractResolver``: there is nothing to close."""


def _redirect(
    request: OutboundRequest, answer: OutboundResponse, url: str, target: Target
) -> tuple[str, Target] | None:
    """Return where a redirect leads that is to be followed."""
    location = answer.headers.get("location")
    if request.method not in _SAFE or answer.status not in _REDIRECTS or not location:
        return None
    try:
        elsewhere = urljoin(url, location)
        aim = parse_target(elsewhere)
    except (TargetForbidden, ValueError):
        return None
    # To another host the credentials would go along: the caller sees the redirect instead.
    is_upgrade = (target.scheme, target.port) == ("http", 80) and aim == Target(
        "https", target.host, 443
    )
    return (elsewhere, aim) if aim == target or is_upgrade else None


async def _read(answer: aiohttp.ClientResponse, most: int, target: Target) -> bytes:
    """Read the body, decompressed, up to *most* bytes: a bomb is stopped while it goes off."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        size += len(chunk)
        if size > most:
            answer.close()
            raise AnswerRefused(f"expected an answer of at most {most:,} bytes from {target}")
        chunks.append(chunk)
    return b"".join(chunks)


def _find_forbidden(error: BaseException | None) -> TargetForbidden | None:
    """Return the guard's refusal that a connection error stands for."""
    while error is not None and not isinstance(error, TargetForbidden):
        error = error.__cause__
    return error


def _broken(error: aiohttp.ClientError | OSError, target: Target) -> TargetUnreachable:
    """Return what is told where no HTTP answer came: nothing listens, or what does broke off."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return TargetUnreachable(
            f"cannot reach {target}: the proxy answered {error.status}",
            hint="Check SLUICEWAY_PROXY.",
        )
    if isinstance(error, aiohttp.ClientResponseError):
        # Of its text the first line is for people; the rest repeats what came, and the whole URL.
        said = error.message.partition("\n")[0].rstrip(":")
        return AnswerLost(
            f"expected an answer in HTTP from {target}, found something else: {said}",
            hint="Check the port, and whether it is http or https.",
        )
    if isinstance(error, aiohttp.ClientConnectionError) and not isinstance(
        error, aiohttp.ClientConnectorError
    ):
        return AnswerLost(
            f"{target} closed the connection without an answer", hint="Retry the execution."
        )
    return TargetUnreachable(f"cannot reach {target}: {_reason(error)}", hint=_CHECK_HOST)


def _insecure(error: aiohttp.ClientSSLError, target: Target) -> TargetUnreachable:
    """Return what is told where TLS failed: no TLS at all, or a certificate that is not trusted."""
    inner: BaseException | None = getattr(error, "os_error", None) or error.__cause__
    if isinstance(inner, ssl.SSLError) and inner.reason in _NO_TLS:
        return TargetUnreachable(
            f"no secure connection to {target}: it does not speak TLS there",
            hint="Check the port: https is meant. A tenant is always called by https.",
        )
    return TargetUnreachable(
        f"no secure connection to {target}: {_reason(error)}",
        hint="Give its authority with SLUICEWAY_CA_FILE or SSL_CERT_FILE, if it is yours.",
    )


def _reason(error: BaseException) -> str:
    """Return why a connection failed, in few words and without what was sent."""
    inner = getattr(error, "os_error", None) or error
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return str(text)[:200]
