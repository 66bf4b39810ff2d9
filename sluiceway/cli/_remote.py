"""The API that commands use: of the server that holds the database, else of this very process.

A SQLite database has one writing process. While a server is that process, commands find it by
``server.json`` and call it; otherwise they open the database and call the same API without a
socket. A command that is written over ``open_api`` need not know which.

    async with open_api(current_settings()) as api:
        page = await api.call("GET", "/sluiceway/v1/executions", query={"take": 20})
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import socket
import time
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, cast
from urllib.parse import urlencode

import msgspec

from sluiceway import errors
from sluiceway.storage.sqlite.file_lock import holder_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.settings import Settings

__all__ = ["Answer", "Api", "Line", "RunningServer", "find_server", "open_api"]

SERVER_FILE: Final = "server.json"
TIMEOUT_S: Final = 330.0
"""Longer than the longest ``?wait=`` that the API allows."""

CONNECT_S: Final = 3.0
_OK: Final = 200
_REDIRECT: Final = 300
_STARTING_S: Final = 3.0
_LOOK_EVERY_S: Final = 0.05


class RunningServer(msgspec.Struct, frozen=True, kw_only=True):
    """What ``server.json`` says. *address* is where to connect to, *url* what it is called."""

    url: str
    address: tuple[str, int]
    domain: str
    pid: int
    client_id: str
    client_secret: str
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"RunningServer({self.url})"


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


class Line(Protocol):
    """Carries one request."""

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer: ...


class Api:
    """Auth0's API and ours, signed in as the first client. Make it with ``open_api``."""

    def __init__(
        self, line: Line, *, domain: str, client: tuple[str, str], server: RunningServer | None
    ) -> None:
        """Call over *line*; *client* is an id and a secret."""
        self._line = line
        self._domain = domain
        self._client = client
        self._token = ""
        self.server = server
        """The running server, or ``None`` where the API is in this process."""

    @property
    def client_id(self) -> str:
        """Who the commands are signed in as: the first client."""
        return self._client[0]

    async def call(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        *,
        query: Mapping[str, str | int | float | bool | list[str] | None] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # an answer's shape is its route's
        """Call an operation and return its JSON answer, ``None`` where it has none.

        Args:
            method: like ``GET``.
            path: an absolute path, its variables percent-encoded.
            body: sent as JSON unless ``None``.
            query: values; ``None`` is left out, a list repeated, a boolean lower-case.
            headers: further ones, like ``idempotency-key``.

        Raises:
            SluicewayError: what the API refused, as the class that it was there.
            StorageError: the server cannot be reached.
        """
        sent = await self._headers()
        data = b""
        if body is not None:
            sent["content-type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode()
        answer = await self._line.send(
            method, _target(path, query), {**sent, **(headers or {})}, data
        )
        return _read(answer)

    async def events(self, path: str) -> AsyncIterator[JsonObject]:
        """Yield the server-sent events at *path* until the server ends them.

        Only of a running server: within one process, events are followed without the API.

        Raises:
            StorageError: the server went away.
            SluicewayError: what the API refused.
        """
        if self.server is None:
            raise errors.UsageError("expected a running server to follow events of")
        from sluiceway.cli._http_line import begin, connect, line_of  # noqa: PLC0415 - as below

        headers = {**await self._headers(), "accept": "text/event-stream"}
        connection = connect(self.server)
        try:
            with await asyncio.to_thread(begin, connection, path, headers) as response:
                if response.status != _OK:
                    _read(Answer(response.status, await asyncio.to_thread(response.read)))
                while line := await asyncio.to_thread(line_of, response):
                    if line.startswith(b"data: "):
                        yield json.loads(line[6:])
        finally:
            connection.close()

    async def _headers(self) -> dict[str, str]:
        if not self._token:
            client_id, secret = self._client
            grant = {
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": secret,
                "audience": f"https://{self._domain}/api/v2/",
            }
            answer = await self._line.send(
                "POST",
                "/oauth/token",
                {"content-type": "application/json"},
                json.dumps(grant).encode(),
            )
            self._token = str(_read(answer)["access_token"])
        return {
            "authorization": f"Bearer {self._token}",
            "accept": "application/json",
            "user-agent": _agent(),
        }


def _agent() -> str:
    """Return who types the command, as far as the machine knows; the audit log keeps it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        user = f"uid {os.getuid()}" if hasattr(os, "getuid") else "?"
    return f"sluiceway command ({user.encode('ascii', 'replace').decode()})"


def find_server(settings: Settings) -> RunningServer | None:
    """Return the server that holds the database; ``None`` if none runs, or none is needed.

    Where a process holds it that has not announced a server, it may be about to: it is given a few
    seconds to do so, or to end.
    """
    database = settings.sqlite_path
    if database is None:
        return None
    give_up_at = time.monotonic() + _STARTING_S
    while True:
        server = _announced_server(settings)
        if server or holder_of(database) is None or time.monotonic() > give_up_at:
            return server
        time.sleep(_LOOK_EVERY_S)


def _announced_server(settings: Settings) -> RunningServer | None:
    try:
        text = (settings.state_folder / SERVER_FILE).read_bytes()
        server = msgspec.json.decode(text, type=RunningServer)
        # One that died without a word left its file behind.
        with suppress(PermissionError):  # another user's process is a process
            os.kill(server.pid, 0)
        socket.create_connection(server.address, timeout=CONNECT_S).close()
    except (OSError, msgspec.MsgspecError):
        return None
    return server


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncGenerator[Api]:
    """Open the API of the server that holds the database, or of this process.

    Raises:
        StorageError: the database cannot be opened.
    """
    server = find_server(settings)
    if server is not None:
        client_of = (server.client_id, server.client_secret)
        from sluiceway.cli._http_line import HttpLine  # noqa: PLC0415 - only where a server runs

        with closing(HttpLine(server)) as line:
            yield Api(line, domain=server.domain, client=client_of, server=server)
        return
    from sluiceway.api.app import build_app  # noqa: PLC0415 - only where no server runs
    from sluiceway.cli._serving import services_for  # noqa: PLC0415
    from sluiceway.cli._session import open_here  # noqa: PLC0415

    async with open_here(settings) as application:
        client = application.client
        yield Api(
            _AsgiLine(build_app(services_for(application)), settings.domain),
            domain=settings.domain,
            client=(client.client_id, client.secret),
            server=None,
        )


class _AsgiLine(msgspec.Struct, frozen=True):
    """Requests to an application in this process."""

    app: Any  # an ASGI application
    domain: str

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """See ``Line``."""
        from sluiceway.outbound.asgi import AsgiTransport  # noqa: PLC0415 - only in process
        from sluiceway.outbound.base import OutboundRequest  # noqa: PLC0415

        answer = await AsgiTransport(self.app).send(
            OutboundRequest(
                method=method,
                url=f"https://{self.domain}{target}",
                headers=headers,
                body=body,
                timeout_s=TIMEOUT_S,
                max_response_bytes=1 << 30,
            )
        )
        return Answer(answer.status, answer.body)


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    pairs: list[tuple[str, str]] = []
    for key, value in (query or {}).items():
        values = cast("list[object]", value if isinstance(value, list) else [value])
        pairs.extend((key, _text(one)) for one in values if one is not None)
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(answer: Answer) -> Any:
    """Return the JSON of a good answer. Raises what a bad one stands for."""
    is_good = _OK <= answer.status < _REDIRECT
    try:
        body: Any = json.loads(answer.body) if answer.body else None
    except ValueError:
        body = None if is_good else {}
    if is_good:
        return body
    raise _error_of(answer.status, cast("JsonObject", body) if isinstance(body, dict) else {})


_BY_STATUS: Final[dict[int, type[errors.SluicewayError]]] = {
    400: errors.InvalidRequest,
    401: errors.TokenError,
    403: errors.TokenError,
    404: errors.NotFound,
    409: errors.Conflict,
    503: errors.StorageError,
}


def _error_of(status: int, body: JsonObject) -> errors.SluicewayError:
    described = body.get("message") or body.get("error_description") or f"answered {status}"
    kind = _by_code(str(body.get("errorCode", ""))) or _BY_STATUS.get(status)
    return (kind or errors.SluicewayError)(str(described))


def _by_code(code: str) -> type[errors.SluicewayError] | None:
    kinds = [errors.SluicewayError]
    while kinds:
        kind = kinds.pop()
        if kind.code == code and not issubclass(kind, errors.LanguageError):
            return kind
        kinds.extend(kind.__subclasses__())
    return None
