"""Executions as records tell of them: ours, and Auth0's as far as its ``debug`` goes.

Auth0 documents that an execution fetched with ``hydrate=debug`` has a ``debug`` object, and not its
layout; its debugger shows a row for the execution (its input) and one for each action, with input,
output and error. So rows are looked for under several names, in a list or by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from sluiceway.errors import DefinitionError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.json_text import parse_json

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["RecordedStep", "Recording", "load_recordings", "parse_recording"]

_LISTS: Final = ("steps", "actions", "executions", "entries", "rows", "tasks", "nodes")
_IDS: Final = ("id", "action_id", "actionId", "step_id", "name")
_ROOTS: Final = ("context", "fields", "vars")


class RecordedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a record; its values may be masked."""

    id: str
    type: str = ""
    action: str = ""
    input: JsonValue = None
    output: JsonValue = None
    error: JsonObject | None = None
    status_code: int | None = None
    started_at: str | None = None


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as it was: its input, its steps in order, its end."""

    id: str
    status: str
    input: ExecutionInput
    steps: tuple[RecordedStep, ...]
    output: JsonValue = None
    error: JsonObject | None = None
    flow_id: str = ""
    flow_name: str = ""
    started_at: str | None = None
    source: str = ""

    def step(self, id_: str) -> RecordedStep | None:
        """Return the record of a step."""
        return next((step for step in self.steps if step.id == id_), None)


def load_recordings(path: Path) -> list[Recording]:
    """Read records: one in a file, a list, one a line (``.jsonl``), or all files of a folder.

    Raises:
        DefinitionError: there is none, or one is no execution's.
    """
    if path.is_dir():
        files = [*sorted(path.glob("*.json")), *sorted(path.glob("*.jsonl"))]
        found = [recording for file in files for recording in load_recordings(file)]
        if not found:
            raise DefinitionError("expected records of executions, found none", at=str(path))
        return found
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DefinitionError(f"cannot read the file: {reason}", at=str(path)) from error
    if path.suffix == ".jsonl":
        return [
            parse_recording(parse_json(line, name=f"{path}:{number}"), source=f"{path}:{number}")
            for number, line in enumerate(data.splitlines(), start=1)
            if line.strip()
        ]
    document = parse_json(data, name=str(path))
    many = document.get("executions") if isinstance(document, dict) else document
    if isinstance(many, list):
        return [parse_recording(one, source=str(path)) for one in many]
    return [parse_recording(document, source=str(path))]


def parse_recording(document: JsonValue, *, source: str = "") -> Recording:
    """Read one record.

    Raises:
        DefinitionError: it is no execution with ``debug``.
    """
    if not isinstance(document, dict) or "status" not in document:
        raise DefinitionError(
            "expected the record of an execution: {id, status, …, debug}", at=source
        )
    debug = document.get("debug")
    if not isinstance(debug, dict | list):
        raise DefinitionError(
            "expected the record with debug, found it without",
            at=source,
            hint="Fetch it with hydrate=debug; sluiceway executions show ID --json does.",
        )
    rows = _rows(debug)
    first = rows[0] if rows and _is_execution_row(rows[0]) else None
    steps = tuple(_step(row) for row in rows if row is not first and _id_of(row))
    top: JsonObject = debug if isinstance(debug, dict) else {}
    flow = top.get("flow")
    error = top.get("error")
    return Recording(
        id=str(document.get("id") or source or "execution"),
        status=str(document["status"]).upper(),
        input=_input(top.get("input") or (first or {}).get("input")),
        steps=steps,
        output=top.get("output"),
        error=error if isinstance(error, dict) else None,
        flow_id=str(flow.get("id") or "") if isinstance(flow, dict) else "",
        flow_name=str(flow.get("name") or "") if isinstance(flow, dict) else "",
        started_at=_text(document.get("started_at")) or _text(document.get("created_at")),
        source=source,
    )


def _rows(debug: JsonObject | list[JsonValue]) -> list[JsonObject]:
    if isinstance(debug, list):
        return [row for row in debug if isinstance(row, dict)]
    for name in _LISTS:
        found = debug.get(name)
        if isinstance(found, list):
            return [row for row in found if isinstance(row, dict)]
        if isinstance(found, dict):
            return _by_id(found)
    # Perhaps the steps stand right in debug, by their ids.
    inner = {k: v for k, v in debug.items() if isinstance(v, dict) and {"input", "output"} & {*v}}
    return _by_id(cast("JsonObject", inner))


def _by_id(found: JsonObject) -> list[JsonObject]:
    return [{"id": key, **row} for key, row in found.items() if isinstance(row, dict)]


def _is_execution_row(row: JsonObject) -> bool:
    given = row.get("input")
    roots = {*_ROOTS} & {*given} if isinstance(given, dict) else set[str]()
    return "fields" in roots or "context" in roots


def _id_of(row: JsonObject) -> str:
    return next((str(row[key]) for key in _IDS if isinstance(row.get(key), str)), "")


def _step(row: JsonObject) -> RecordedStep:
    error, code = row.get("error"), row.get("status_code", row.get("statusCode"))
    return RecordedStep(
        id=_id_of(row),
        type=_text(row.get("type")) or "",
        action=_text(row.get("action")) or "",
        input=row.get("input"),
        output=row.get("output"),
        error=error if isinstance(error, dict) and error else None,
        status_code=code if isinstance(code, int) else None,
        started_at=_text(row.get("started_at")),
    )


def _input(value: JsonValue) -> ExecutionInput:
    given: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
    roots = {name: given[name] for name in _ROOTS if isinstance(given.get(name), dict)}
    return ExecutionInput(**roots)


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
