"""Serve the built console: hashed files for ever, its page with a nonce of its own each time.

Every path that is no file is the page, which routes by itself; a missing file below ``/assets/`` is
missing, so that a browser with an old page is not given HTML for a script.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from pathlib import Path
from typing import Final

from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

__all__ = ["CONSOLE_FOLDER", "ConsoleFiles"]

CONSOLE_FOLDER: Final = Path(__file__).parent.parent.parent / "console_assets"
_NONCE_PLACE: Final = "__CSP_NONCE__"
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE: Final[dict[str, str]] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_NOT_BUILT: Final = (
    "The console is not built. From the repository, run: make console. "
    "The API is at /api/v2 and /sluiceway/v1 (see /sluiceway/v1/docs).\n"
)
_ASSETS: Final = "/assets/"


class ConsoleFiles:
    """Answers for every path that is not the API's."""

    def __init__(self, folder: Path) -> None:
        """Serve *folder*; it need not exist, and then a page says how to build it."""
        self._folder = folder

    def respond(self, path: str, *, if_none_match: str = "") -> Response:
        """Return the answer for *path*; 304 where the browser has the file already."""
        found = self._find(path)
        if found is None:
            if path.startswith(_ASSETS):
                return PlainTextResponse("Not found\n", status_code=404, headers=_SAFE)
            return self._page(path)
        is_hashed = path.startswith(_ASSETS)
        etag = _etag_of(found, found.stat().st_mtime_ns)
        headers = {
            "cache-control": "public, max-age=31536000, immutable" if is_hashed else "no-cache",
            "etag": etag,
            **_SAFE,
        }
        if etag in {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}:
            return Response(status_code=304, headers=headers)
        return FileResponse(found, headers=headers)

    def _find(self, path: str) -> Path | None:
        """Return the file that *path* names inside the folder, and none outside of it."""
        if "\\" in path or "\0" in path or path in {"/", "/index.html"}:
            return None
        candidate = (self._folder / path.lstrip("/")).resolve()
        is_inside = candidate.is_relative_to(self._folder)
        return candidate if is_inside and candidate.is_file() else None

    def _page(self, path: str) -> Response:
        index = self._folder / "index.html"
        if not index.is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=404 if path != "/" else 200)
        nonce = secrets.token_urlsafe(18)
        page = index.read_text(encoding="utf-8").replace(_NONCE_PLACE, nonce)
        # Not stored: a page that is shown again must not bring its old nonce along.
        headers = {
            "content-security-policy": _POLICY.format(nonce=nonce),
            "cache-control": "no-store",
            **_SAFE,
        }
        return HTMLResponse(page, headers=headers)


@cache
def _etag_of(path: Path, _: int) -> str:
    """Return the tag of the file's bytes, so that two machines with one build agree."""
    return f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"'
