"""What a run is started with: JSON files, and single values set on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sluiceway.errors import DefinitionError, UsageError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.json_text import did_you_mean, parse_json, type_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["build_input", "parse_pairs", "read_json_argument"]

_ROOTS: Final = ("context", "fields", "vars")


def build_input(
    *, context: str | None, fields: str | None, vars_: str | None, settings: Sequence[str]
) -> ExecutionInput:
    """Read the three roots, then put each ``PATH=VALUE`` of *settings* in its place.

    Raises:
        UsageError: a file is no JSON object, or a path does not start with a root.
        DefinitionError: a file is not JSON.
    """
    start = ExecutionInput(
        context=_read_object(context, "--context"),
        fields=_read_object(fields, "--fields"),
        vars=_read_object(vars_, "--vars"),
    )
    for setting in settings:
        _set(start.as_json(), setting)
    return start


def read_json_argument(argument: str) -> JsonValue:
    """Read a file, standard input (``-``), or JSON written in place (``{…}`` or ``[…]``).

    Raises:
        UsageError: the file cannot be read.
        DefinitionError: it is not JSON.
    """
    if argument.lstrip()[:1] in {"{", "["}:
        return parse_json(argument.encode(), name="the command line")
    if not argument:
        raise UsageError("expected a file or JSON, found an empty argument")
    if argument == "-":
        return parse_json(sys.stdin.buffer.read(), name="standard input")
    try:
        data = Path(argument).read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot read the file: {reason}", at=argument) from error
    return parse_json(data, name=argument)


def parse_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """Return ``NAME=VALUE`` pairs as a mapping.

    Raises:
        UsageError: one has no ``=``.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals and value):
            raise UsageError(f"expected NAME=VALUE after {option}, found {pair!r}")
        found[name] = value
    return found


def _read_object(argument: str | None, option: str) -> JsonObject:
    if argument is None:
        return {}
    value = read_json_argument(argument)
    if not isinstance(value, dict):
        raise UsageError(f"expected a JSON object after {option}, found {type_name(value)}")
    return value


def _set(roots: JsonObject, setting: str) -> None:
    path, equals, text = setting.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise UsageError(f"expected PATH=VALUE after --set, found {setting!r}")
    if keys[0] not in _ROOTS:
        raise UsageError(
            f"expected a path into {', '.join(_ROOTS)} after --set, found {path!r}",
            hint=did_you_mean(keys[0], _ROOTS) or f"Write --set fields.{path}=…",
        )
    if len(keys) == 1:
        raise UsageError(f"expected a path below {path!r} after --set, like {path}.name=value")
    here = roots
    for key in keys[:-1]:
        below = here.setdefault(key, {})
        if not isinstance(below, dict):
            raise UsageError(f"--set {path}: {key!r} holds {type_name(below)}, not an object")
        here = below
    here[keys[-1]] = _value_of(text)


def _value_of(text: str) -> JsonValue:
    """Read *text* as JSON; what is not JSON is a text. So ``7`` is a number and ``+12`` is not."""
    try:
        return parse_json(text.encode())
    except DefinitionError:
        return text
