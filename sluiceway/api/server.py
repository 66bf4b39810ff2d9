"""What faces the network: the API and the console in one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware.gzip import GZipMiddleware

from sluiceway.api.app import build_app
from sluiceway.api.console.files import CONSOLE_FOLDER, ConsoleFiles

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from sluiceway.api.services import Services

__all__ = ["CONSOLE_FOLDER", "Server", "build_server"]

_API_ROOTS: Final = frozenset(
    {"api", "oauth", ".well-known", "sluiceway", "healthz", "readyz", "metrics"}
)
_READS: Final = frozenset({"GET", "HEAD"})
_ZIPPED_FROM_BYTES: Final = 1024


def build_server(services: Services, *, console: Path = CONSOLE_FOLDER) -> Server:
    """Return the application that a server serves.

    Args:
        services: what the API works on.
        console: the folder of the built console; it need not exist.
    """
    return Server(build_app(services), ConsoleFiles(console.resolve()))


class Server:
    """Hands a request to the API, or to the console's files, and zips for those who ask for it.

    It stands where Starlette's own router and error pages would: the API has both, in Auth0's
    words, and each layer between costs every request.
    """

    def __init__(self, api: ASGIApp, files: ConsoleFiles) -> None:
        self._api = api
        self._files = files
        self._zipped = GZipMiddleware(self._dispatch, minimum_size=_ZIPPED_FROM_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        if _takes_gzip(scope):
            await self._zipped(scope, receive, send)
        else:
            await self._dispatch(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope["path"].lstrip("/").partition("/")[0]
        if root in _API_ROOTS or scope["method"] not in _READS:
            await self._api(scope, receive, send)
            return
        headers = dict(scope["headers"])
        known = headers.get(b"if-none-match", b"").decode("latin-1")
        await self._files.respond(scope["path"], if_none_match=known)(scope, receive, send)


def _takes_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
