"""Snapshots of cases: kept beside the file of cases, compared, renewed on demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sluiceway.errors import DefinitionError
from sluiceway.models.json_text import parse_json
from sluiceway.rehearsal.matching import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.testing.runner import CaseResult

__all__ = ["settle_snapshots", "snapshot_file"]

_FOLDER = "__snapshots__"


def snapshot_file(cases: str) -> Path:
    """Return the file that keeps the snapshots of a file of cases."""
    path = Path(cases)
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    return path.parent / _FOLDER / f"{stem}.json"


def settle_snapshots(results: Sequence[CaseResult], *, update: bool, write_new: bool) -> list[Path]:
    """Compare each result that has a snapshot with the kept one; return the files written.

    Args:
        results: of one or several files of cases; what differs becomes a problem of theirs.
        update: put the new ones in place of those that differ, and forget those without a case.
        write_new: keep snapshots of cases that have none yet; else that is a problem.
    """
    by_file: dict[str, list[CaseResult]] = {}
    for result in results:
        if result.snapshot is not None:
            by_file.setdefault(result.file, []).append(result)
    written: list[Path] = []
    for cases, several in by_file.items():
        path = snapshot_file(cases)
        kept = _read(path)
        fresh: JsonObject = {} if update else dict(kept)
        for result in several:
            _settle(result, kept, fresh, update=update, write_new=write_new)
        if fresh != kept and (update or write_new):
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(fresh, ensure_ascii=False, indent=2, sort_keys=True)
            path.write_text(f"{text}\n", encoding="utf-8")
            written.append(path)
    return written


def _settle(
    result: CaseResult, kept: JsonObject, fresh: JsonObject, *, update: bool, write_new: bool
) -> None:
    old: JsonValue = kept.get(result.name)
    new = result.snapshot
    if update or (old is None and write_new):
        fresh[result.name] = new
        return
    if old is None:
        result.problems.append(
            "snapshot: there is none yet; sluiceway test --update-snapshots keeps one"
        )
        return
    if old != new:
        differences = compare({"$exact": old}, new)
        details = compare(old, new) or compare(new, old) or differences
        result.problems += [f"snapshot{difference}" for difference in details[:10]]


def _read(path: Path) -> JsonObject:
    try:
        document = parse_json(path.read_bytes(), name=str(path))
    except FileNotFoundError:
        return {}
    if not isinstance(document, dict):
        raise DefinitionError("expected an object of snapshots", at=str(path))
    return document
