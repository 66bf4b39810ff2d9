"""Call an ASGI application in this process, without a socket: the embedded tenant's transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec

from sluiceway.errors import AnswerRefused, TargetTimedOut
from sluiceway.outbound.base import BEFORE_SENDING, OutboundResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sluiceway.outbound.base import OutboundRequest, Transport

__all__ = ["AsgiTransport", "RoutingTransport"]


class AsgiTransport(msgspec.Struct, frozen=True):
    """Sends requests to *app*, which is called as a server would call it (ASGI 3, HTTP)."""

    app: Callable[[Any, Any, Any], Awaitable[None]]

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._exchange(request)
        except TimeoutError as error:
            raise TargetTimedOut(
                f"the embedded tenant gave no answer within {request.timeout_s:g} s"
            ) from error

    async def _exchange(self, request: OutboundRequest) -> OutboundResponse:
        status, headers, chunks, size = 500, dict[str, str](), list[bytes](), 0
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                # Nobody hangs up on a call within the process: wait until it is cancelled.
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update(_read_headers(message["headers"]))
            elif message["type"] == "http.response.body":
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > request.max_response_bytes:
                    raise AnswerRefused(
                        f"expected an answer of at most {request.max_response_bytes} bytes"
                    )

        await self.app(_scope(request), receive, send)
        return OutboundResponse(status=status, headers=headers, body=b"".join(chunks))


class RoutingTransport(msgspec.Struct, frozen=True):
    """Sends what goes to one of *inside*'s hosts there, and everything else *outside*."""

    inside: Mapping[str, Transport]
    outside: Transport

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        before = BEFORE_SENDING.get()
        if before is not None:
            before()
        host = urlsplit(request.url).netloc.lower()
        return await self.inside.get(host, self.outside).send(request)


def _scope(request: OutboundRequest) -> dict[str, Any]:
    parts = urlsplit(request.url)
    path = parts.path or "/"
    headers = {"host": parts.netloc, "content-length": str(len(request.body))}
    headers |= {name.lower(): value for name, value in request.headers.items()}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("ascii"),
        "query_string": parts.query.encode("ascii"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
        ],
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname or "", parts.port or 443),
    }


def _read_headers(raw: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
