"""Text in UTF-16 units, as JavaScript counts, cuts and compares it.

A Python string of ours never holds the two halves of a pair side by side: whatever joins units
goes through :func:`from_units` or :func:`join`.
"""

from __future__ import annotations

from struct import unpack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "count",
    "cut",
    "find",
    "from_units",
    "join",
    "length",
    "split",
    "split_units",
    "to_units",
    "to_utf8",
]

_CODEC = "utf-16-le"


def to_units(text: str) -> bytes:
    """Encode *text*, two bytes a unit, lone surrogates kept."""
    return text.encode(_CODEC, "surrogatepass")


def from_units(units: bytes | bytearray) -> str:
    """Decode what :func:`to_units` made, or a cut of it; halves that meet become one character."""
    return units.decode(_CODEC, "surrogatepass")


def to_utf8(text: str) -> bytes:
    """Encode *text* as Node does: half a pair becomes U+FFFD."""
    return text.encode(_CODEC, "surrogatepass").decode(_CODEC, "replace").encode()


def join(pieces: Iterable[str]) -> str:
    """Concatenate *pieces*; a pair whose halves meet becomes one character."""
    text = "".join(pieces)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return from_units(to_units(text))
    return text


def length(text: str) -> int:
    """Count the UTF-16 units of *text*: 2 for a character above U+FFFF (ECMA-262)."""
    if text.isascii():
        return len(text)
    return len(to_units(text)) // 2


def cut(text: str, start: int, end: int) -> str:
    """Return the units from *start* up to *end*, both between 0 and the length."""
    if text.isascii():
        return text[start:end]
    return from_units(to_units(text)[2 * start : 2 * end])


def find(text: str, pattern: str, start: int) -> int:
    """Return the place of *pattern* in *text* from unit *start* on, or -1; all count units.

    *start* is at most the length of *text*.
    """
    if not pattern:
        return start
    if text.isascii():
        return text.find(pattern, start)
    if not _is_whole(pattern):
        return _searchable(text).find(_searchable(pattern), start)
    # A whole pattern starts at a character: behind the half that a cut may leave.
    at = text.find(pattern, len(cut(text, 0, start)))
    return length(text[:at]) if at >= 0 else -1


def count(text: str, pattern: str) -> int:
    """Count the matches of *pattern* side by side; the empty one is everywhere."""
    if not pattern:
        return length(text) + 1
    if _is_whole(pattern):
        return text.count(pattern)
    return _searchable(text).count(_searchable(pattern))


def split(text: str, pattern: str, most: int = -1) -> list[str]:
    """Cut *text* at each match of *pattern*, which is not empty, or at the first *most* of them."""
    if _is_whole(pattern):
        return text.split(pattern, most)
    return [*map(_readable, _searchable(text).split(_searchable(pattern), most))]


def split_units(text: str) -> list[str]:
    """Cut *text* into its single UTF-16 units."""
    if length(text) == len(text):
        return [*text]
    units = to_units(text)
    return [*map(chr, unpack(f"<{len(units) // 2}H", units))]


def _searchable(text: str) -> str:
    """Return *text* with one character a unit, moved to U+10000 and up: Python finds in it fast."""
    units = to_units(text)
    wide = bytearray(2 * len(units))
    wide[0::4], wide[1::4], wide[2::4] = units[0::2], units[1::2], b"\1" * (len(units) // 2)
    return wide.decode("utf-32-le")


def _readable(searchable: str) -> str:
    wide = searchable.encode("utf-32-le")
    units = bytearray(len(wide) // 2)
    units[0::2], units[1::2] = wide[0::4], wide[1::4]
    return from_units(units)


def _is_whole(pattern: str) -> bool:
    """Whether *pattern* has no half of a pair, so that it can only match between characters."""
    try:
        pattern.encode()
    except UnicodeEncodeError:
        return False
    return True
