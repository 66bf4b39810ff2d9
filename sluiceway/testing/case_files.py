"""Files of cases: found, read as YAML, their defaults and rows put in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import DefinitionError, UsageError
from sluiceway.models.flow_files import load_flow_bundle
from sluiceway.models.json import merged
from sluiceway.models.json_text import did_you_mean
from sluiceway.models.yaml_text import parse_yaml
from sluiceway.testing.cases import Case, CaseFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["CaseToRun", "find_case_files", "load_cases", "load_flow"]

_SUFFIXES: Final = (".test.yaml", ".test.yml")
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", ".git", ".venv"})
_WHOLE: Final = re.compile(r"\$\{(\w+)\}")
_IN_NAME: Final = re.compile(r"\{(\w+)\}")
_PLACE: Final = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"unknown field `(\w+)`")
_MOST_BYTES: Final = 5 * 1024 * 1024


class CaseToRun(msgspec.Struct, frozen=True, kw_only=True):
    """One case with its flow's file; *file* is where the case stands."""

    file: Path
    case: Case
    flow_file: Path
    flow_name: str | None

    @property
    def id(self) -> str:
        """What tells the case from all others: its file and name."""
        return f"{self.file}::{self.case.name}"


def find_case_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of cases at *paths*: the files themselves, and all below folders.

    Raises:
        UsageError: a path is not there, or none of them has cases.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise UsageError("expected a file or a folder of test cases, found none", at=str(path))
        for file in _below(path) if path.is_dir() else _of_file(path):
            found[file] = None
    if not found:
        raise UsageError(
            "expected files of test cases, found none",
            at=", ".join(map(str, paths)),
            hint="Cases stand in NAME.test.yaml beside the flow; "
            "sluiceway test --record EXECUTION writes one.",
        )
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        if child.is_dir():
            if child.name not in _SKIPPED and not child.name.startswith("."):
                yield from _below(child)
        elif child.name.endswith(_SUFFIXES):
            yield child


def _of_file(path: Path) -> list[Path]:
    """Return *path*, or the cases beside it where it is a flow."""
    if path.suffix != ".json":
        return [path]
    stem = path.name.removesuffix(".json")
    return [found for suffix in _SUFFIXES if (found := path.with_name(stem + suffix)).exists()]


def load_cases(file: Path) -> list[CaseToRun]:
    """Return the cases of *file*, a row of ``for_each`` each one case.

    Raises:
        UsageError: the file is no YAML, or not of the schema; ``at`` names the place.
    """
    document = _read_yaml(file)
    defaults = document.get("defaults")
    listed = document.get("cases")
    whole: JsonObject = dict(document)
    if isinstance(defaults, dict) and isinstance(listed, list):
        listed = [merged(defaults, row) if isinstance(row, dict) else row for row in listed]
    if isinstance(listed, list):
        whole["cases"] = [row for case in listed for row in _rows(case)]
    try:
        read = msgspec.convert(whole, CaseFile)
    except msgspec.ValidationError as error:
        raise _invalid(file, str(error)) from error
    stem = next(
        (file.name.removesuffix(suffix) for suffix in _SUFFIXES if file.name.endswith(suffix)),
        file.stem,
    )
    cases = [
        CaseToRun(
            file=file,
            case=case,
            flow_file=file.parent / (case.flow or read.flow or f"{stem}.json"),
            flow_name=read.flow_name,
        )
        for case in read.cases
    ]
    names = [one.case.name for one in cases]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"expected cases of different names, found {name!r} twice", at=str(file)
            )
    return cases


def load_flow(case: CaseToRun) -> tuple[Flow, str]:
    """Return the flow of *case*, its connections by name, and where it stands.

    Raises:
        DefinitionError: there is no such flow.
    """
    bundle = load_flow_bundle(case.flow_file)
    entry = bundle.pick(case.flow_name)
    names = {token: stub.name for token, stub in bundle.connections.items()}
    return entry.flow.with_connections(names), entry.at


def _read_yaml(file: Path) -> JsonObject:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError("expected at most 5 MB of cases, found more", at=str(file))
        document = parse_yaml(file.read_bytes(), name=str(file))
    except OSError as error:
        raise UsageError(f"cannot read the file: {type(error).__name__}", at=str(file)) from error
    except DefinitionError as error:
        raise UsageError(error.message, at=error.at, hint=error.hint) from error
    if not isinstance(document, dict):
        raise UsageError("expected a mapping with cases", at=str(file))
    return document


def _rows(case: JsonValue) -> list[JsonValue]:
    """Return a case once for each row of its ``for_each``; what is no such case stays itself."""
    rows = case.get("for_each") if isinstance(case, dict) else None
    if not isinstance(case, dict) or not isinstance(rows, list):
        return [case]
    rest = {key: value for key, value in case.items() if key != "for_each"}
    expanded: list[JsonValue] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            return [case]
        name = str(rest.get("name", ""))
        shown = _with_values(_IN_NAME, name, row)
        filled: JsonObject = {key: _filled(value, row) for key, value in rest.items()}
        filled["name"] = shown if shown != name else f"{name} [{number}]"
        expanded.append(filled)
    return expanded


def _with_values(pattern: re.Pattern[str], text: str, values: JsonObject) -> str:
    """Return *text* with the values of a row in the places that *pattern* finds."""
    return pattern.sub(
        lambda found: str(values[found[1]]) if found[1] in values else found[0], text
    )


def _filled(value: JsonValue, row: JsonObject) -> JsonValue:
    if isinstance(value, dict):
        return {key: _filled(item, row) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, row) for item in value]
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value)
    if whole is not None and whole[1] in row:
        return row[whole[1]]
    return _with_values(_WHOLE, value, row)


def _invalid(file: Path, message: str) -> UsageError:
    found = _PLACE.match(message)
    reason, place = (found[1], found[2] or "") if found else (message, "")
    unknown = _UNKNOWN.search(reason)
    hint = ""
    if unknown is not None:
        hint = did_you_mean(unknown[1], _known_keys())
        reason = f"expected a key of the schema, found {unknown[1]!r}"
    return UsageError(
        f"{reason[:1].lower()}{reason[1:]}",
        at=f"{file}: {place.lstrip('.') or 'the file'}",
        hint=hint or "See `sluiceway test --schema`.",
    )


def _known_keys() -> set[str]:
    from sluiceway.testing.cases import case_schema  # noqa: PLC0415 - only for a message

    schema = case_schema()
    parts = [schema, *schema["$defs"].values()]
    return {key for part in parts for key in part.get("properties", {})}
