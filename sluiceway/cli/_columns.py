"""Aligned columns and labelled lines, as plain text."""

from __future__ import annotations

import shutil
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["columns", "labelled", "width_of"]


def width_of(text: str) -> int:
    """Return how many cells *text* takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = 0) -> str:
    """Return *rows* under *head*, each column as wide as its widest cell.

    The last column is cut with an ellipsis where a line would be wider than *width*: the terminal's
    own width by default; pipes are never cut.
    """
    if not rows:
        return "  ".join(head)
    widths = [max(width_of(row[place]) for row in [head, *rows]) for place in range(len(head) - 1)]
    total = width or shutil.get_terminal_size((10_000, 24)).columns
    room = max(10, total - sum(widths) - 2 * len(widths))
    return "\n".join(_line(row, widths, room) for row in [head, *rows])


def labelled(pairs: Sequence[tuple[str, str]]) -> str:
    """Return ``label: value`` lines with the values under each other; empty values are left out."""
    shown = [(label, value) for label, value in pairs if value]
    widest = max((len(label) for label, _ in shown), default=0)
    return "\n".join(f"{label + ':':<{widest + 1}}  {value}" for label, value in shown)


def _line(row: Sequence[str], widths: Sequence[int], room: int) -> str:
    cells = [
        cell + " " * (wanted - width_of(cell)) for cell, wanted in zip(row, widths, strict=False)
    ]
    return "  ".join([*cells, _cut(row[-1], room)]).rstrip()


def _cut(text: str, room: int) -> str:
    if width_of(text) <= room:
        return text
    kept, used = "", 0
    for c in text:
        used += width_of(c)
        if used > room - 1:
            break
        kept += c
    return f"{kept}…"
