"""Why an execution failed, as a person reads it: the step, the param, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.cli._errors import write_failure
from sluiceway.errors import LanguageError
from sluiceway.models.json_text import type_name

if TYPE_CHECKING:
    from sluiceway.models.flow_files import FlowEntry
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["tell_failure"]

_MOST_PARAMS: Final = 3
_EXPRESSION: Final = re.compile(r"\s*\{\{[^{}]*\}\}\s*")
_GIVEN: Final = re.compile(r"\s*\{\{\s*((?:context|fields|vars)(?:\.[A-Za-z0-9_-]+)+)\s*\}\}\s*")


def tell_failure(record: JsonObject, entry: FlowEntry) -> None:
    """Say on standard error why the execution failed, and in which step."""
    debug = record.get("debug")
    error = debug.get("error") if isinstance(debug, dict) else None
    if not isinstance(error, dict) or not isinstance(debug, dict):
        return
    step = error.get("step")
    placed = next((p for p in entry.flow.walk() if p.action.id == step), None)
    where = f"the step {step!r} failed: " if step else ""
    if placed is None:
        _write(error, f"{where}{error.get('message')}", at="", hint=_text(error, "hint"))
        return
    invalid = _invalid_params(error)
    if invalid:
        pointer = str(invalid[0].get("path") or "")
        raw = _at(placed.action.params, pointer)
        _write(
            error,
            f"{where}{_wrong_params(invalid, _input_of(debug, step))}",
            at=entry.place(f"{placed.at}/params{pointer}"),
            hint=_where_from(raw, _at(_input_of(debug, step), pointer)),
        )
        return
    pointer = _text(error, "at")
    inner = pointer if pointer.startswith("/") else ""
    template = _at(placed.action.params, inner)
    place, excerpt = _in_template(error, template if inner else None)
    _write(
        error,
        f"{where}{error.get('message')}",
        at=entry.place(f"{placed.at}/params{inner}" if inner else placed.at) + place,
        hint=_text(error, "hint"),
        excerpt=excerpt,
    )


def _write(error: JsonObject, message: str, *, at: str, hint: str, excerpt: str = "") -> None:
    write_failure(code=str(error.get("code")), message=message, at=at, hint=hint, excerpt=excerpt)


def _text(error: JsonObject, key: str) -> str:
    return str(error.get(key) or "")


def _invalid_params(error: JsonObject) -> list[JsonObject]:
    details = error.get("details")
    listed = details.get("invalidParams") if isinstance(details, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _wrong_params(invalid: list[JsonObject], params: JsonValue) -> str:
    """Return Auth0's words for each param: ``user_id must be string, found null``."""
    told: list[str] = []
    for one in invalid[:_MOST_PARAMS]:
        pointer = str(one.get("path") or "")
        name = pointer[1:].replace("/", ".") or "params"
        told.append(f"{name} {one.get('message')}, found {type_name(_at(params, pointer))}")
    more = len(invalid) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _where_from(raw: JsonValue, found: JsonValue) -> str:
    """Return what to do about a param that is written as *raw* and came to be *found*."""
    # What stands around an expression may be a secret of the author's: only the former is shown.
    if not isinstance(raw, str) or not _EXPRESSION.fullmatch(raw):
        return ""
    if found is not None:
        return f"The value comes from {raw[:100]}"
    given = _GIVEN.fullmatch(raw)
    remedy = f"check the path, or give it with --set {given[1]}=…" if given else "check its paths"
    return f"{raw[:100]} gave nothing: {remedy}"


def _in_template(error: JsonObject, template: JsonValue) -> tuple[str, str]:
    """Return the place in *template* as text, and its line with a caret."""
    details = error.get("details")
    if not isinstance(template, str) or not isinstance(details, dict):
        return "", ""
    line, column = details.get("line"), details.get("column")
    if not isinstance(line, int) or not isinstance(column, int):
        return "", ""
    shown = LanguageError("", line=line, column=column, source=template)
    return f", line {line}, column {column}", shown.excerpt()


def _input_of(debug: JsonObject, step: JsonValue) -> JsonValue:
    steps = debug.get("steps")
    for one in reversed(steps if isinstance(steps, list) else []):
        if isinstance(one, dict) and one.get("id") == step:
            return one.get("input")
    return None


def _at(value: JsonValue, pointer: str) -> JsonValue:
    """Return what stands at *pointer* in *value*; nothing where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
