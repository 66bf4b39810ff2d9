"""The ASGI application: finds the route, guards it, calls it, and answers in Auth0's envelope.

It is plain ASGI so that ``sluiceway run`` can call the embedded tenant inside its own process
without loading a web framework; ``api/server.py`` puts it into Starlette for the network.
"""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.api.auth import authorize
from sluiceway.api.errors import envelope, reply_for
from sluiceway.api.limiter import Limiter
from sluiceway.api.requests import check_path, parse_body, parse_query, read_body, stream_body
from sluiceway.api.route import Call, Reply, Route, Stream
from sluiceway.api.routes import router_for
from sluiceway.storage.base import AuditEntry

if TYPE_CHECKING:
    from sluiceway.api.services import Services
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Api", "build_app"]

_LOG: Final = logging.getLogger("sluiceway.api")
_ENCODER: Final = msgspec.json.Encoder()
_NOT_FOUND: Final = Reply(status=404, body=envelope(404, "Not Found"))
_LONGEST_AGENT: Final = 200
_READS: Final = frozenset({"GET", "HEAD"})


def build_app(services: Services) -> Api:
    """Return the application over *services*: Auth0's API and ours, without the console."""
    return Api(services)


class Api:
    """An ASGI application over the routes of this package."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._limiter = Limiter(services.rate_limit, now=services.tenant.environment.now)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.partition(b"?")[0].decode("latin-1")
        found = router_for(path).find(scope["method"], path)
        if found is None:
            await _send(_NOT_FOUND, send, method=scope["method"], extra={})
            return
        began = time.perf_counter()
        limits: dict[str, str] = {}
        try:
            answer = await self._answer(found, path, scope, receive, limits)
        except ConnectionResetError:
            return
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an envelope
            answer = reply_for(error)
            if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                _LOG.exception("%s %s failed", scope["method"], scope["path"])
        route = found[0]
        status = HTTPStatus.OK if isinstance(answer, Stream) else answer.status
        self.services.counters.add(route.method, route.path, status, time.perf_counter() - began)
        if isinstance(answer, Stream):
            await answer.app(scope, receive, send)
            return
        await _send(answer, send, method=scope["method"], extra=limits)

    async def _answer(
        self,
        found: tuple[Route, dict[str, str]],
        path: str,
        scope: Any,
        receive: Any,
        limits: dict[str, str],
    ) -> Reply | Stream:
        route, variables = found
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if route.path.startswith("/api/v2/"):
            limits.update(self._limiter.take())
        claims = await authorize(route, self.services, headers)
        check_path(variables, route.limits)
        client = scope.get("client")
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        is_stream = media in route.streams
        call = Call(
            services=self.services,
            path=variables,
            query=parse_query(scope.get("query_string", b""), route.query),
            headers=headers,
            body=None if is_stream else await self._body(route, headers, receive),
            stream=stream_body(receive) if is_stream else None,
            claims=claims,
            client_address=client[0] if client else "",
        )
        result = await route.handle(call)
        if route.method not in _READS and not route.is_pure and claims is not None:
            await self._note(call, route, path)
        if isinstance(result, Reply | Stream):
            return result
        return Reply(status=route.status, body=result)

    async def _body(self, route: Route, headers: dict[str, str], receive: Any) -> JsonValue:
        """Return the body, checked; ``{}`` where the route has one and none was sent."""
        if route.body is None:
            return None
        data = await read_body(receive, limit=self.services.max_body_bytes)
        body = parse_body(data, headers.get("content-type", ""), route.body.document)
        if body is None and not data:
            body = {}
        if route.is_checked:
            route.body.check(body)
        return body

    async def _note(self, call: Call, route: Route, path: str) -> None:
        """Keep who changed what; a process that serves only flows of its own keeps no audit log."""
        if self.services.store is None:
            return
        await self.services.store.audit.append(
            AuditEntry(
                at=self.services.tenant.environment.now(),
                actor=call.actor,
                action=f"{route.method} {route.path}",
                target=path,
                details=_circumstances(call),
            )
        )


def _circumstances(call: Call) -> JsonObject:
    """Return from where a change came and which fields it named, never their values."""
    body = call.body
    found: JsonObject = {
        "from": call.client_address,
        "with": call.headers.get("user-agent", "")[:_LONGEST_AGENT],
        "fields": [name[:_LONGEST_AGENT] for name in body] if isinstance(body, dict) else None,
    }
    return {name: value for name, value in found.items() if value}


async def _send(reply: Reply, send: Any, *, method: str, extra: dict[str, str]) -> None:
    if reply.text is not None:
        data = reply.text
    else:
        data = b"" if reply.body is None else _ENCODER.encode(reply.body)
    raw = [
        (b"content-type", reply.content_type.encode("latin-1")),
        (b"x-content-type-options", b"nosniff"),
    ]
    if "cache-control" not in reply.headers:
        raw.append((b"cache-control", b"no-store"))
    if reply.status != HTTPStatus.NO_CONTENT:
        raw.append((b"content-length", b"%d" % len(data)))
    for headers in (reply.headers, extra):
        raw += [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
        ]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else data})
