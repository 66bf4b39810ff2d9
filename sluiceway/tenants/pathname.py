"""The rules for a pathname: a request may go to any path of its tenant, and nowhere else.

Source: contract, section 6, rule 9; RFC 3986, section 5.2.4 (dot segments) and 3.3 (characters).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_headers", "check_pathname"]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HINT: Final = "Write an absolute path like /api/v2/users; put a query into the URL params."
_OURS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def check_pathname(pathname: str) -> str:
    """Return *pathname* ready for a URL: what is not ASCII is percent-encoded, ``%`` is kept.

    An encoded backslash is let through as a part of an id (``ad|corp|DOMAIN%5Cann``), and counts
    as a slash otherwise.

    Raises:
        InvalidActionParams: it is no absolute path, has dot segments, a host, a scheme, a query, a
            fragment, a backslash or control characters; but for a backslash, encoded or not.
    """
    decoded = pathname
    # Twice: what a proxy on the way decodes once more must not become a dot segment either.
    for _ in range(2):
        decoded = unquote(decoded)
        reason = _reason(decoded) if decoded != pathname else _reason_plain(pathname)
        if reason:
            raise InvalidActionParams(
                f"expected an absolute path, found {reason}", at="/pathname", hint=_HINT
            )
    return quote(pathname, safe="/%:@!$&'()*+,;=~-._")


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* with lower-case names.

    Raises:
        InvalidActionParams: a name is no token, a value has a line break, or a header is one that
            the client sets itself.
    """
    checked: dict[str, str] = {}
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise InvalidActionParams("expected the name of a header, found other characters")
        if _CONTROL.search(value.replace("\t", " ")) or not _is_latin(value):
            raise InvalidActionParams(f"expected one line of text in the header {name!r}")
        if name.lower() in _OURS:
            raise InvalidActionParams(
                f"the header {name!r} cannot be set",
                hint="The vault connection gives the authorization.",
            )
        checked[name.lower()] = value
    return checked


def _is_latin(value: str) -> bool:
    return all(ord(character) < 256 for character in value)  # noqa: PLR2004 - ISO 8859-1's range


def _reason_plain(pathname: str) -> str:
    if "?" in pathname:
        return "a query"
    if "#" in pathname:
        return "a fragment"
    if "\\" in pathname:
        return "a backslash"
    return _reason(pathname)


def _reason(path: str) -> str:
    if _CONTROL.search(path):
        return "control characters"
    if not path.startswith("/"):
        return "a scheme or a host" if "://" in path else "a relative one"
    path = path.replace("\\", "/")
    if path.startswith("//"):
        return "a host"
    if any(segment.partition(";")[0] in {".", ".."} for segment in path.split("/")):
        return "dot segments"
    return ""
