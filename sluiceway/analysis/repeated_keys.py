"""Keys that a JSON text has twice in one object: parsers keep the last, and forget the first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sluiceway.analysis.findings import Finding, Rule, Severity
from sluiceway.analysis.positions import JsonPositions

if TYPE_CHECKING:
    from sluiceway.analysis.sources import SourceFile

__all__ = ["REPEATED", "find_repeated_keys"]

REPEATED: Final = Rule(
    code="SLW112",
    title="Key written twice",
    severity=Severity.WARNING,
    meaning="An object of the file has one key twice: the last value counts, the others are lost.",
    fix="Remove all but one of them.",
)


def find_repeated_keys(file: SourceFile) -> list[Finding]:
    """Return a finding for each key of *file* that was written before in the same object."""
    if not _has_repeated(file.text):
        return []
    positions = JsonPositions(file.text)
    found: list[Finding] = []
    for pointer, span in positions.repeated:
        line, column = positions.place(span.start)
        found.append(
            Finding(
                code=REPEATED.code,
                severity=REPEATED.severity,
                message=f"the key {positions.text[span.start : span.end][:60]} stands here again, "
                "and this value counts",
                at=pointer,
                hint=REPEATED.fix,
                file=file.path,
                line=line,
                column=column,
                end_column=column + span.end - span.start,
            )
        )
    return found


def _has_repeated(text: str) -> bool:
    seen = False

    def note(pairs: list[tuple[str, Any]]) -> None:
        nonlocal seen
        seen = seen or len({key for key, _ in pairs}) != len(pairs)

    try:
        json.loads(text, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return False
    return seen
