"""Requests to a running server. Apart, so that commands without one need not load it."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sluiceway import errors
from sluiceway.cli._remote import CONNECT_S, TIMEOUT_S, Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.cli._remote import RunningServer

__all__ = ["HttpLine", "begin", "connect", "line_of"]


class HttpLine(msgspec.Struct):
    """Requests to a running server, over one connection, one after the other."""

    server: RunningServer
    _connection: http.client.HTTPConnection | None = None
    _turn: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """See ``Line``."""
        async with self._turn:
            return await asyncio.to_thread(self._exchange, method, target, headers, body)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()

    def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        is_reused = self._connection is not None
        connection = self._connection or connect(self.server)
        self._connection = connection
        try:
            connection.request(method, target, body, {"host": _name(self.server), **headers})
            response = connection.getresponse()
            with response:
                return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._connection = None
            if is_reused and isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                # The server closed a connection that stood idle: nothing was asked yet.
                return self._exchange(method, target, headers, body)
            raise _gone(self.server, error) from error


class _Connection(http.client.HTTPConnection):
    """Connects to the server's address, whatever its name resolves to."""

    def __init__(self, server: RunningServer, context: ssl.SSLContext | None) -> None:
        super().__init__(_name(server), timeout=TIMEOUT_S)
        self._address = server.address
        self._context = context

    def connect(self) -> None:
        """Open the connection."""
        opened = socket.create_connection(self._address, timeout=CONNECT_S)
        opened.settimeout(TIMEOUT_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = (
            self._context.wrap_socket(opened, server_hostname=self.host)
            if self._context
            else opened
        )


def connect(server: RunningServer) -> _Connection:
    is_secure = server.url.startswith("https:")
    context = ssl.create_default_context(cafile=server.ca_file) if is_secure else None
    return _Connection(server, context)


def begin(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    connection.request("GET", path, headers=dict(headers))
    return connection.getresponse()


def line_of(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.readline()
    except (OSError, http.client.HTTPException) as error:
        raise errors.StorageError(
            f"expected the server to go on telling, it went away: {type(error).__name__}"
        ) from error


def _name(server: RunningServer) -> str:
    return urlsplit(server.url).netloc


def _gone(server: RunningServer, error: Exception) -> errors.StorageError:
    return errors.StorageError(
        f"expected an answer of the server at {server.url}, found: {error}",
        hint="See whether it still runs; without it, commands open the database themselves.",
    )
