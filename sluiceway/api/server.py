"""What faces the network: the API and the console in one Starlette application."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount

from sluiceway.api.app import build_app

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sluiceway.api.services import Services

__all__ = ["CONSOLE_FOLDER", "build_server"]

CONSOLE_FOLDER: Final = Path(__file__).parent.parent / "console_dist"
_API_ROOTS: Final = ("api", "oauth", ".well-known", "sluiceway", "healthz", "readyz", "metrics")
_NONCE_PLACE: Final = "__CSP_NONCE__"
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)
_NOT_BUILT: Final = (
    "The console is not built. From the repository, run: make console. "
    "The API is at /api/v2 and /sluiceway/v1 (see /sluiceway/v1/docs).\n"
)


def build_server(services: Services, *, console: Path = CONSOLE_FOLDER) -> Starlette:
    """Return the application that a server serves.

    Args:
        services: what the API works on.
        console: the folder of the built console; it need not exist.
    """
    api = build_app(services)
    files = _Console(console.resolve())

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        root = scope["path"].lstrip("/").partition("/")[0]
        is_reading = scope["method"] in {"GET", "HEAD"}
        if root in _API_ROOTS or not is_reading:
            await api({**scope, "raw_path": scope.get("raw_path")}, receive, send)
        else:
            await files.respond(scope["path"])(scope, receive, send)

    return Starlette(
        routes=[Mount("/", app=dispatch)],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024)],
    )


class _Console:
    """Serves the console's files; every other path is its index page, which routes by itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def respond(self, path: str) -> Response:
        """Return the answer for *path*."""
        found = self._file(path)
        if found is not None:
            is_hashed = found.parent.name == "assets"
            kept = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
            return FileResponse(found, headers={"cache-control": kept, **_SAFE})
        index = self._folder / "index.html"
        if not index.is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=404 if path != "/" else 200)
        return _index(index)

    def _file(self, path: str) -> Path | None:
        """Return the file that *path* names inside the folder, and none outside of it."""
        if "\\" in path or "\0" in path or path in {"/", "/index.html"}:
            return None
        candidate = (self._folder / path.lstrip("/")).resolve()
        is_inside = candidate.is_relative_to(self._folder)
        return candidate if is_inside and candidate.is_file() else None


_SAFE: Final[dict[str, str]] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


def _index(path: Path) -> Response:
    nonce = secrets.token_urlsafe(18)
    page = path.read_text(encoding="utf-8").replace(_NONCE_PLACE, nonce)
    headers = {
        "content-security-policy": _POLICY.format(nonce=nonce),
        "cache-control": "no-cache",
        **_SAFE,
    }
    return HTMLResponse(page, headers=headers)
