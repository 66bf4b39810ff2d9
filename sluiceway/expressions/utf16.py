"""Text in UTF-16 units, as JavaScript counts, cuts and compares it.

A Python string of ours never holds the two halves of a pair side by side: whatever joins units
goes through :func:`from_units` or :func:`join`.
"""

from __future__ import annotations

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
]

_CODEC = "utf-16-le"


def to_units(text: str) -> bytes:
    """Encode *text*, two bytes a unit, lone surrogates kept."""
    return text.encode(_CODEC, "surrogatepass")


def from_units(units: bytes) -> str:
    """Decode what :func:`to_units` made, or a cut of it; halves that meet become one character."""
    return units.decode(_CODEC, "surrogatepass")


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


def find(units: bytes, pattern: bytes, start: int) -> int:
    """Return the byte offset of *pattern* in *units* from *start* on, at a unit's border, or -1."""
    at = units.find(pattern, start)
    while at % 2 == 1:
        at = units.find(pattern, at + 1)
    return at


def count(text: str, pattern: str) -> int:
    """Count the matches of *pattern* side by side; the empty one is everywhere."""
    if not pattern:
        return length(text) + 1
    if _is_whole(pattern):
        return text.count(pattern)
    return len(split(text, pattern)) - 1


def split(text: str, pattern: str, most: int = -1) -> list[str]:
    """Cut *text* at each match of *pattern*, which is not empty, or at the first *most* of them."""
    if _is_whole(pattern):
        return text.split(pattern, most)
    units, wanted = to_units(text), to_units(pattern)
    pieces: list[str] = []
    done = 0
    while len(pieces) != most and (at := find(units, wanted, done)) >= 0:
        pieces.append(from_units(units[done:at]))
        done = at + len(wanted)
    pieces.append(from_units(units[done:]))
    return pieces


def split_units(text: str) -> list[str]:
    """Cut *text* into its single UTF-16 units."""
    if length(text) == len(text):
        return [*text]
    units = to_units(text)
    return [from_units(units[i : i + 2]) for i in range(0, len(units), 2)]


def _is_whole(pattern: str) -> bool:
    """Whether *pattern* has no half of a pair, so that it can only match between characters."""
    try:
        pattern.encode()
    except UnicodeEncodeError:
        return False
    return True
