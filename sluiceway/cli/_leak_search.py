"""Look for secrets in whatever was written: as they are, encoded, or in part.

Written without the code that hides them (``models.masking``), so that both cannot share a gap.
"""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Hit", "LeakSearch"]

_RUN: Final = 8
"""So many characters of a secret in a row are a leak, however they are encoded."""

_PREFIX: Final = 6
_CHUNK: Final = 256 * 1024


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a canary that was found: in which encoding, where, and where in there."""

    canary: str
    encoding: str
    place: str
    offset: int


class LeakSearch:
    """Looks for canaries, given by what they are called."""

    def __init__(self, canaries: Mapping[str, str]) -> None:
        """Get ready to look for the values of *canaries*."""
        self._by_prefix: dict[bytes, dict[bytes, tuple[str, str]]] = {}
        for name, value in canaries.items():
            for start in range(max(1, len(value) - _RUN + 1)):
                for encoding, text in encodings_of(value[start : start + _RUN]):
                    piece = text.encode("utf-8", "surrogatepass")
                    same = self._by_prefix.setdefault(piece[:_PREFIX], {})
                    same.setdefault(piece, (name, encoding))

    def look(self, place: str, data: bytes) -> list[Hit]:
        """Return what of the canaries is in *data*: of each the first piece."""
        hits: dict[str, Hit] = {}
        for start in range(0, len(data), _CHUNK):
            # Pieces are far shorter than a chunk, and may stand across its end.
            chunk = data[start : start + _CHUNK + 256]
            grams = {chunk[i : i + _PREFIX] for i in range(len(chunk) - _PREFIX + 1)}
            for prefix in self._by_prefix.keys() & grams:
                for piece, what in self._by_prefix[prefix].items():
                    at = chunk.find(piece)
                    if at < 0:
                        continue
                    hit = Hit(canary=what[0], encoding=what[1], place=place, offset=start + at)
                    known = hits.get(hit.canary)
                    if known is None or known.offset > hit.offset:
                        hits[hit.canary] = hit
        return sorted(hits.values(), key=lambda hit: hit.offset)


def encodings_of(value: str) -> Iterator[tuple[str, str]]:
    """Yield each encoding's name, and *value* in it."""
    yield "plain", value
    yield "upper case", value.upper()
    yield "lower case", value.lower()
    yield "URL", quote(value, safe="")
    yield "URL, slashes kept", quote(value)
    yield "form", quote_plus(value)
    yield "JSON", json.dumps(value)[1:-1]
    yield "JSON, not ASCII", json.dumps(value, ensure_ascii=False)[1:-1]
    yield "JSON in JSON", json.dumps(json.dumps(value))[3:-3]
    yield "HTML", html.escape(value)
    yield "reversed", value[::-1]
    data = value.encode()
    yield "hexadecimal", data.hex()
    yield "hexadecimal, upper case", data.hex().upper()
    for before in range(3):
        # Only the characters that hold nothing but the value's own bits.
        first, end = -(-8 * before // 6), 8 * (before + len(data)) // 6
        text = base64.b64encode(b"\0" * before + data + b"\0\0").decode()[first:end]
        yield f"base64, {before} bytes in", text
        yield f"base64url, {before} bytes in", text.replace("+", "-").replace("/", "_")
