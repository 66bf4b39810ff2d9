"""The secrets of a vault connection as people give them: from a file, standard input, a prompt.

Never as plain words on the command line: other people on the machine can read those, and shells
keep them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._provider_values import read_text_argument
from sluiceway.errors import UsageError
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["read_setup"]

_HOW: Final = "Write NAME=@FILE or NAME=@- (a line of standard input), or use --setup FILE."


def read_setup(
    app_id: str,
    values: Sequence[str],
    *,
    kinds: Sequence[dict[str, Any]],
    setup_file: str | None,
    type_: str | None,
) -> JsonObject:
    """Return the setup that was given; what is missing is asked for on a terminal.

    Args:
        app_id: the app, for messages.
        values: ``name=value`` each; a secret's value is ``@FILE`` or ``@-``.
        kinds: what the app can be set up with, as the API tells.
        setup_file: a JSON file with the whole setup; ``-`` is standard input.
        type_: which kind, where there are several.

    Raises:
        UsageError: a name or a value cannot be used, or one is missing.
    """
    if setup_file is not None:
        if values:
            raise UsageError("expected --setup or NAME=VALUE, found both")
        return _read_file(setup_file)
    names = [text.partition("=")[0] for text in values]
    kind = _choose(app_id, kinds, type_, names)
    fields = {field["name"]: field for field in kind["fields"]}
    setup: JsonObject = {"type": kind["type"]}
    for text in values:
        name, equals, value = text.partition("=")
        if name not in fields:
            raise UsageError(
                f"expected a value of {app_id} {kind['type']}, found {name!r}",
                hint=did_you_mean(name, fields) or f"There are: {', '.join(fields)}.",
            )
        if not equals:
            raise UsageError(f"expected NAME=VALUE, found {name!r}")
        if fields[name]["secret"] and not value.startswith("@"):
            raise UsageError(
                f"expected {name} from a file or standard input: others can read a command line",
                hint=_HOW,
            )
        setup[name] = read_text_argument(name, value)
    _ask_for_missing(setup, kind)
    return setup


def _read_file(path: str) -> JsonObject:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "not UTF-8"
        raise UsageError(f"cannot read the setup: {reason}", at=path) from error
    try:
        document: JsonValue = json.loads(text)
    except ValueError as error:
        # Without the parser's words: they would quote a secret.
        raise UsageError("expected a JSON object, found no JSON", at=path) from error
    if not isinstance(document, dict):
        raise UsageError("expected a JSON object, found another value", at=path)
    inner = document.get("setup")
    return inner if isinstance(inner, dict) else document


def _choose(
    app_id: str, kinds: Sequence[dict[str, Any]], type_: str | None, names: Sequence[str]
) -> dict[str, Any]:
    types: list[str] = [kind["type"] for kind in kinds]
    if type_ is not None:
        found = next((kind for kind in kinds if kind["type"] == type_), None)
        if found is None:
            raise UsageError(
                f"expected a kind of setup of {app_id}, found {type_!r}",
                hint=f"There are: {', '.join(types)}.",
            )
        return found
    if len(kinds) == 1:
        return kinds[0]
    if names:
        for kind in kinds:
            if set(names) <= {field["name"] for field in kind["fields"]}:
                return kind
    if sys.stdin.isatty() and not names:
        chosen = click.prompt("Kind of setup", type=click.Choice(types), err=True)
        return next(kind for kind in kinds if kind["type"] == chosen)
    raise UsageError(
        f"expected the kind of setup of {app_id}",
        hint=f"Say one with --type: {', '.join(types)}.",
    )


def _ask_for_missing(setup: JsonObject, kind: dict[str, Any]) -> None:
    missing = [
        field for field in kind["fields"] if field["required"] and field["name"] not in setup
    ]
    # Of a signing key, exactly one of several fields is needed, which no schema says.
    if kind["type"] == "JWT" and not {"secret", "private_key", "public_key"} & set(setup):
        algorithm = str(setup.get("algorithm", "HS256"))
        wanted = "secret" if algorithm.startswith("HS") else "private_key"
        missing += [field for field in kind["fields"] if field["name"] == wanted]
    if missing and not sys.stdin.isatty():
        raise UsageError(
            f"expected {', '.join(field['name'] for field in missing)}, found none", hint=_HOW
        )
    for field in missing:
        choices = field.get("choices")
        setup[field["name"]] = click.prompt(
            field["name"],
            hide_input=field["secret"],
            type=click.Choice(choices) if choices else str,
            err=True,
        )
