"""Replace plain text in text, with JavaScript's ``$`` patterns in the replacement."""

from __future__ import annotations

import re

from sluiceway.expressions import utf16
from sluiceway.expressions.limits import check_items, check_text

__all__ = ["substitute"]

_DOLLAR = re.compile(r"\$([$&`'])")


def substitute(text: str, pattern: str, replacement: str, *, every: bool) -> str:
    """Replace the first, or *every*, *pattern* in *text*.

    Raises:
        ExpressionEvaluationError: the result would be too long, or there are too many matches.

    Source:
        ECMA-262, String.prototype.replaceAll and GetSubstitution; without captures ``$1`` and
        ``$<name>`` stay as they are.
    """
    count = utf16.count(text, pattern)
    if not every:
        count = min(count, 1)
    check_items(count)
    pieces = _pieces(text, pattern, count)
    tokens = _DOLLAR.split(replacement)
    if len(tokens) == 1:
        check_text(len(text) + count * len(replacement))
        return utf16.join([replacement.join(pieces)])
    check_items(count * len(tokens))
    return _expand(text, pattern, tokens, pieces)


def _pieces(text: str, pattern: str, count: int) -> list[str]:
    """Cut *text* at its first *count* matches."""
    if pattern:
        return utf16.split(text, pattern, count)
    return ["", *utf16.split_units(text), ""] if count > 1 else ["", text]


def _expand(text: str, pattern: str, tokens: list[str], pieces: list[str]) -> str:
    """Join *pieces* with what *tokens*, literal texts and ``$`` codes in turn, give at each cut."""
    made = [pieces[0]]
    total = start = utf16.length(pieces[0])
    whole, width = utf16.length(text), utf16.length(pattern)
    for piece in pieces[1:]:
        spans = {"`": (0, start), "&": (start, start + width), "'": (start + width, whole)}
        for position, piece_or_code in enumerate(tokens):
            if position % 2 == 0 or piece_or_code == "$":
                made.append(piece_or_code)
                total += len(piece_or_code)
            else:
                first, last = spans[piece_or_code]
                total += last - first
                check_text(total)
                made.append(utf16.cut(text, first, last))
        check_text(total)
        made.append(piece)
        start += width + utf16.length(piece)
        total += len(piece)
    return utf16.join(made)
