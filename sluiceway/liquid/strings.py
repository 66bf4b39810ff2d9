"""Quoted texts of Liquid: where they end, and what their escapes stand for.

Source: LiquidJS 10.30.1, ``render/string``: JavaScript's escapes, octal ones included.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["read_string"]

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{0,4})|([0-7]{1,3})|(.)|$)", re.DOTALL)
_NAMED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PAIRS: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def read_string(source: str, begin: int, end: int) -> tuple[str, int]:
    """Read the text that starts with a quote at *begin*; return it and where it ends.

    A text that is not closed goes to *end*, its last character lost, as in LiquidJS.
    """
    quote, position = source[begin], begin + 1
    while position < end and source[position] != quote:
        position += 2 if source[position] == "\\" else 1
    after = min(position + 1, end)
    inner = source[begin + 1 : after - 1]
    return (inner if "\\" not in inner else _unescape(inner)), after


def _unescape(text: str) -> str:
    unescaped = _ESCAPE.sub(_replace, text)
    # Two escapes can make one character beyond the basic plane.
    return _PAIRS.sub(
        lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), unescaped
    )


def _replace(found: re.Match[str]) -> str:
    if found[1] is not None:
        return chr(int(found[1] or "0", 16))
    if found[2] is not None:
        return chr(int(found[2], 8))
    return _NAMED.get(found[3] or "", found[3] or "")
