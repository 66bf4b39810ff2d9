"""Apply the safe edits of findings to a file's text, every other character kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sluiceway.analysis.positions import JsonPositions
from sluiceway.analysis.view import unescape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.analysis.findings import Edit
    from sluiceway.models.json import JsonValue

__all__ = ["apply_edits"]


def apply_edits(text: str, edits: Iterable[Edit]) -> tuple[str, int]:
    """Return *text* with *edits* made, at most one a place, and how many were made.

    Two edits of one string would undo each other: check again and go on until there are none.
    """
    positions = JsonPositions(text)
    changes: dict[int, tuple[int, str]] = {}
    seen: set[str] = set()
    for edit in edits:
        if edit.pointer in seen:
            continue
        seen.add(edit.pointer)
        change = _change(positions, edit)
        if change is not None:
            start, end, new = change
            changes[start] = (end, new)
    done = 0
    for start in sorted(changes, reverse=True):
        end, new = changes[start]
        text = text[:start] + new + text[end:]
        done += 1
    return text, done


def _change(positions: JsonPositions, edit: Edit) -> tuple[int, int, str] | None:
    span = positions.value(edit.pointer)
    if span is not None:
        return span.start, span.end, _written(edit.value)
    parent, _, token = edit.pointer.rpartition("/")
    around = positions.value(parent)
    if around is None or positions.text[around.start] != "{":
        return None
    return _added(positions, around.start, unescape(token), edit.value)


def _added(
    positions: JsonPositions, start: int, key: str, value: JsonValue
) -> tuple[int, int, str]:
    """Put a new first member into the object at *start*, laid out as the object is."""
    text = positions.text
    first = start + 1
    while text[first] in " \t\r\n":
        first += 1
    space = text[start + 1 : first]
    member = f"{json.dumps(key, ensure_ascii=False)}: {_written(value)}"
    if text[first] == "}":
        return start + 1, start + 1, member
    separator = f",{space}" if space else ", "
    return first, first, f"{member}{separator}"


def _written(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
