"""Safe changes to texts: put another path in a reference's place, every other character kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.findings import Edit

if TYPE_CHECKING:
    from sluiceway.analysis.view import StepText
    from sluiceway.expressions import Reference

__all__ = ["offset_of", "replace_reference"]

_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*(?:-[A-Za-z_$][\w$]*)*")
_STEP: Final = re.compile(
    r"""\s* (?: \. \s* (?P<name>[\w$]+(?:-[^\W\d][\w$]*)*)
          | \[ \s* (?: (?P<quote>["']) (?P<text>[^"'\\]*) (?P=quote) | (?P<index>\d+) ) \s* \] )""",
    re.VERBOSE,
)


def offset_of(text: str, line: int, column: int) -> int:
    """Return the offset of a line and column, both from 1, in *text*."""
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


def replace_reference(
    text: StepText, reference: Reference, segments: tuple[str, ...]
) -> Edit | None:
    """Return the edit that makes *reference* read *segments*, or ``None`` where that is not easy.

    Steps that stay the same stay as they are written.
    """
    at = offset_of(text.text, reference.line, reference.column) + len(reference.root)
    result = text.text[:at]
    for old, new in zip(reference.segments, segments, strict=True):
        found = _STEP.match(text.text, at)
        if found is None:
            return None
        written = found["name"] or found["text"] or found["index"]
        if written != old:
            return None
        if old == new:
            result += found[0]
        else:
            result += f".{new}" if _NAME.fullmatch(new) else f"['{new}']"
        at = found.end()
    return Edit(text.pointer, result + text.text[at:])
