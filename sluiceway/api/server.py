"""What faces the network: the API and the console in one Starlette application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from sluiceway.api.app import build_app
from sluiceway.api.console.files import CONSOLE_FOLDER, ConsoleFiles

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from sluiceway.api.services import Services

__all__ = ["CONSOLE_FOLDER", "build_server"]

_API_ROOTS: Final = ("api", "oauth", ".well-known", "sluiceway", "healthz", "readyz", "metrics")


def build_server(services: Services, *, console: Path = CONSOLE_FOLDER) -> Starlette:
    """Return the application that a server serves.

    Args:
        services: what the API works on.
        console: the folder of the built console; it need not exist.
    """
    api = build_app(services)
    files = ConsoleFiles(console.resolve())

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        root = scope["path"].lstrip("/").partition("/")[0]
        is_reading = scope["method"] in {"GET", "HEAD"}
        if root in _API_ROOTS or not is_reading:
            await api({**scope, "raw_path": scope.get("raw_path")}, receive, send)
            return
        headers = dict(scope["headers"])
        known = headers.get(b"if-none-match", b"").decode("latin-1")
        await files.respond(scope["path"], if_none_match=known)(scope, receive, send)

    return Starlette(
        routes=[Mount("/", app=dispatch)],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
    )
