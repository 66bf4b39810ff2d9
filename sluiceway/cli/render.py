"""Render a Liquid template, or many as JSON lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from sluiceway.errors import LanguageError, UsageError
from sluiceway.liquid import parse, parse_cached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["COMMAND", "render_lines"]


@click.command()
@click.argument("template", required=False)
@click.option("--data", "data_path", metavar="FILE", help="JSON object with the variables.")
@click.option("--strict-variables", is_flag=True, help="Refuse undefined variables.")
@click.option("--strict-filters", is_flag=True, help="Refuse unknown filters.")
@click.option(
    "--jsonl",
    "as_lines",
    is_flag=True,
    help='Read {"id", "template", "data"} a line, write {"id", "output"} a line.',
)
def COMMAND(  # noqa: N802 - a constant, found by its name
    template: str | None,
    data_path: str | None,
    *,
    strict_variables: bool,
    strict_filters: bool,
    as_lines: bool,
) -> None:
    """Render TEMPLATE (a file, - for standard input, or text with {{ }} or {% %})."""
    if as_lines == (template is not None):
        raise UsageError(
            "expected either a TEMPLATE or --jsonl",
            hint="try: sluiceway render 'Hello {{ user.name }}' --data data.json",
        )
    if data_path == "-" and (as_lines or template == "-"):
        raise UsageError("standard input is read already, so --data must be a file")
    data = _load_data(data_path)
    defaults: JsonObject = {
        "strict_variables": strict_variables,
        "strict_filters": strict_filters,
    }
    if template is None:
        for line in render_lines(sys.stdin.buffer, data, defaults):
            click.echo(line)
            sys.stdout.flush()
        return
    parsed = parse(_load_template(template), strict_filters=strict_filters)
    text = parsed.render(data, strict_variables=strict_variables, strict_filters=strict_filters)
    click.echo(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), nl=False)
    if sys.stdout.isatty():
        click.echo()


def _load_data(path: str | None) -> JsonObject:
    if path is None:
        return {}
    from sluiceway.cli._inputs import read_json_argument  # noqa: PLC0415 - only with data

    data = read_json_argument(path)
    if not isinstance(data, dict):
        from sluiceway.models.json_text import type_name  # noqa: PLC0415 - when it is wrong

        raise UsageError(f"expected a JSON object after --data, found {type_name(data)}", at=path)
    return data


def _load_template(argument: str) -> str:
    if "{{" in argument or "{%" in argument:
        return argument
    try:
        data = sys.stdin.buffer.read() if argument == "-" else Path(argument).read_bytes()
        return data.decode()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot read the template: {reason}", at=argument) from error
    except ValueError as error:
        raise UsageError("expected a template in UTF-8", at=argument) from error


def render_lines(
    lines: Iterable[bytes] | BinaryIO, data: JsonObject, defaults: JsonObject
) -> Iterator[str]:
    """Yield one line of JSON for each of *lines* that is not blank, in order.

    Args:
        lines: ``{id, template[, data][, templates][, strict_variables][, strict_filters]}`` each.
        data: the variables of lines that bring none.
        defaults: ``strict_variables`` and ``strict_filters`` of lines that do not say.

    Yields:
        ``{id, output}`` or ``{id, error: {phase, code, message, line, column[, hint]}}``; *phase*
        is ``parse``, ``render``, or ``input`` for a line that cannot be read as above.
    """
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line, data, defaults))


def _answer(line: bytes, data: JsonObject, defaults: JsonObject) -> JsonObject:
    try:
        request: JsonValue = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _refuse(None, f"expected a line of JSON: {error}")
    if not isinstance(request, dict):
        from sluiceway.models.json_text import type_name  # noqa: PLC0415 - when it is wrong

        return _refuse(None, f"expected an object in each line, found {type_name(request)}")
    answer: JsonObject = {"id": request.get("id")}
    template = request.get("template")
    own = request.get("data", data)
    named = request.get("templates") or {}
    if not isinstance(template, str) or not isinstance(own, dict) or not isinstance(named, dict):
        return _refuse(
            answer["id"], "expected a text `template`, and objects as data and templates"
        )
    templates = {name: text for name, text in named.items() if isinstance(text, str)}
    options = _options(request, defaults)
    try:
        answer["output"] = parse_cached(template, strict_filters=options["strict_filters"]).render(
            own,
            templates=templates,
            strict_variables=options["strict_variables"],
            strict_filters=options["strict_filters"],
        )
    except LanguageError as error:
        answer["error"] = _language_error(error)
    return answer


def _options(request: JsonObject, defaults: JsonObject) -> dict[str, bool]:
    """Return the strictness of a line; LiquidJS' own names for it count, too."""
    options = request.get("options")
    said = {**options, **request} if isinstance(options, dict) else request
    return {
        name: bool(said.get(name, said.get(javascript, defaults.get(name, False))))
        for name, javascript in (
            ("strict_variables", "strictVariables"),
            ("strict_filters", "strictFilters"),
        )
    }


def _refuse(line_id: JsonValue, message: str) -> JsonObject:
    error: JsonObject = {
        "phase": "input",
        "code": UsageError.code,
        "message": message,
        "line": 1,
        "column": 1,
    }
    return {"id": line_id, "error": error}


def _language_error(error: LanguageError) -> JsonObject:
    shown: JsonObject = {
        "phase": error.phase,
        "code": error.code,
        "message": error.message,
        "line": error.line,
        "column": error.column,
    }
    if error.hint:
        shown["hint"] = error.hint
    return shown
