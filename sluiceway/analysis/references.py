"""Rename actions in the expressions that refer to them, every other character kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import LanguageError
from sluiceway.expressions import compile_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.models.json import JsonValue

__all__ = ["blank_references", "rename_references", "rename_references_in_text"]

_ACTION: Final = re.compile(
    r"""actions \s*
        (?: \. \s* (?P<name>[\w$-]+) | \[ \s* (?P<quote>["']) (?P<text>.*?) (?P=quote) )""",
    re.VERBOSE,
)


def rename_references(value: JsonValue, renames: Mapping[str, str]) -> JsonValue:
    """Return *value* with the references in all its texts renamed; what does not parse stays."""
    if isinstance(value, str):
        return rename_references_in_text(value, renames)
    if isinstance(value, list):
        return [rename_references(item, renames) for item in value]
    if isinstance(value, dict):
        return {key: rename_references(item, renames) for key, item in value.items()}
    return value


def rename_references_in_text(text: str, renames: Mapping[str, str]) -> str:
    """Return the template *text* with its references renamed, every other character kept."""
    if not renames or "actions" not in text:
        return text
    try:
        references = compile_template(text).references
    except LanguageError:
        return text
    starts = _line_starts(text)
    for reference in sorted(references, key=lambda ref: (ref.line, ref.column), reverse=True):
        if reference.root != "actions" or not reference.segments:
            continue
        new = renames.get(reference.segments[0])
        start = starts[reference.line - 1] + reference.column - 1
        found = _ACTION.match(text, start)
        if new is None or found is None:
            continue
        group = "name" if found["name"] is not None else "text"
        text = text[: found.start(group)] + new + text[found.end(group) :]
    return text


def blank_references(value: JsonValue) -> JsonValue:
    """Return *value* without the names that a rename could change; quick, for a first look."""
    if isinstance(value, str):
        return _ACTION.sub("actions.", value) if "actions" in value else value
    if isinstance(value, list):
        return [blank_references(item) for item in value]
    if isinstance(value, dict):
        return {key: blank_references(item) for key, item in value.items()}
    return value


def _line_starts(text: str) -> list[int]:
    return [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]
