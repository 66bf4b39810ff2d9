"""Look for something in a text or array, from a place on: ``includes`` and ``indexOf``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.javascript import to_integer

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["find_text", "first_index"]


def find_text(text: str, pattern: str, start: Value) -> int:
    """Return the UTF-16 place of *pattern* in *text* from *start* on, or -1.

    Source:
        ECMA-262, String.prototype.indexOf: *start* is kept within the text.
    """
    first = int(min(max(to_integer(start), 0), utf16.length(text)))
    return utf16.find(text, pattern, first)


def first_index(length: int, start: Value) -> int:
    """Return the index to begin at in an array; a negative *start* counts from the end.

    Source:
        ECMA-262, Array.prototype.indexOf, steps 4 to 9.
    """
    first = to_integer(start)
    return int(max(length + first, 0) if first < 0 else min(first, length))
