"""Evaluate a flow expression, or many as JSON lines."""

from __future__ import annotations

import json
import math
import random
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from sluiceway.errors import ExpressionEvaluationError, LanguageError, UsageError
from sluiceway.expressions import (
    ROOTS,
    Scope,
    Sources,
    Undefined,
    compile_expression,
    compile_template,
)
from sluiceway.expressions.javascript import json_number, number_text
from sluiceway.expressions.limits import MAX_NESTING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sluiceway.expressions import Value
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["COMMAND", "evaluate_lines"]


@click.command()
@click.argument("expression", required=False)
@click.option(
    "--context",
    "context_path",
    metavar="FILE",
    help="JSON with the data: {context, fields, vars, actions}; a file, the JSON itself, or -.",
)
@click.option("--json", "as_json", is_flag=True, help='Print {"value": …} as JSON.')
@click.option(
    "--jsonl",
    "as_lines",
    is_flag=True,
    help='Read {"id", "expr"} or {"id", "template"} a line, write {"id", "value"} a line.',
)
def COMMAND(  # noqa: N802 - a constant, found by its name
    expression: str | None, context_path: str | None, *, as_json: bool, as_lines: bool
) -> None:
    """Evaluate EXPRESSION, with or without {{ }}, against the data of --context."""
    if as_lines == (expression is not None):
        raise UsageError(
            "expected either an EXPRESSION or --jsonl",
            hint="try: sluiceway eval \"fields.email ?? 'none'\" --context data.json",
        )
    if as_lines and context_path == "-":
        raise UsageError("--jsonl reads standard input, so --context must be a file")
    data = _load_data(context_path)
    if expression is None:
        for line in evaluate_lines(sys.stdin.buffer, data):
            click.echo(line)
            sys.stdout.flush()
        return
    value = _evaluate("template" if "{{" in expression else "expr", expression, data)
    if as_json:
        click.echo(json.dumps({"value": _encode(value)}))
    elif isinstance(value, (str, Undefined)):
        click.echo(str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    else:
        click.echo(json.dumps(_encode(value), indent=2))


def _load_data(path: str | None) -> JsonObject:
    if path is None:
        return {}
    try:
        if path.lstrip()[:1] in {"{", "["}:
            text = path.encode()
            path = "the command line"
        else:
            text = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        # Python's reader, as with --jsonl: NaN and half characters are values of the language.
        data: JsonValue = json.loads(text)
    except OSError as error:
        raise UsageError(
            f"the data cannot be read: {error.strerror}", at=path, hint="check --context"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"expected JSON, found something else: {error}", at=path) from error
    if not isinstance(data, dict):
        raise UsageError("expected an object {context, fields, vars, actions}", at=path)
    unknown = [key for key in data if key not in ROOTS]
    if unknown:
        click.echo(f"note: {path}: unused: {', '.join(unknown)}", err=True)
    return data


def _evaluate(kind: str, text: str, data: JsonObject) -> Value:
    """Evaluate *text* with this moment's clock reading and new chance and ids."""
    scope = Scope(
        sources=Sources(
            now=datetime.now(UTC), random=random.SystemRandom(), new_uuid=lambda: str(uuid.uuid4())
        ),
        context=data.get("context", {}),
        fields=data.get("fields", {}),
        vars=data.get("vars", {}),
        actions=data.get("actions", {}),
    )
    compiled = compile_template(text) if kind == "template" else compile_expression(text)
    return compiled.evaluate(scope)


def evaluate_lines(lines: Iterable[bytes] | BinaryIO, data: JsonObject) -> Iterator[str]:
    """Yield one line of JSON for each of *lines* that is not blank, in order.

    Each is ``{id, value}`` or ``{id, error: {phase, code, message, column[, line][, hint]}}``;
    *phase* is ``syntax``, ``evaluation``, or ``input`` for a line that asks for neither. Undefined
    is written ``{"$undefined": true}``, a number that JSON lacks ``{"$number": "NaN"}``.
    """
    for line in lines:
        if line.strip():
            yield json.dumps(_answer(line, data))


def _answer(line: bytes, data: JsonObject) -> JsonObject:
    try:
        request: JsonValue = json.loads(line)
    except (ValueError, RecursionError) as error:
        return _refuse(None, f"expected a line of JSON: {error}")
    if not isinstance(request, dict):
        return _refuse(None, "expected an object in each line")
    kinds = [kind for kind in ("expr", "template") if isinstance(request.get(kind), str)]
    if len(kinds) != 1:
        return _refuse(request.get("id"), "expected one text, `expr` or `template`")
    answer: JsonObject = {"id": request.get("id")}
    try:
        answer["value"] = _encode(_evaluate(kinds[0], cast("str", request[kinds[0]]), data))
    except LanguageError as error:
        answer["error"] = _language_error(error)
    return answer


def _refuse(line_id: JsonValue, message: str) -> JsonObject:
    error: JsonObject = {
        "phase": "input",
        "code": UsageError.code,
        "message": message,
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


def _encode(value: Value, depth: int = 0) -> JsonValue:
    """Return *value* as JSON, with the notation above for what JSON has none for."""
    if isinstance(value, Undefined):
        return {"$undefined": True}
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"$number": number_text(value)}
        return json_number(value) if value or math.copysign(1, value) > 0 else {"$number": "-0"}
    if depth > MAX_NESTING:
        raise ExpressionEvaluationError(f"the value nests deeper than {MAX_NESTING} levels")
    if isinstance(value, list):
        return [_encode(item, depth + 1) for item in value]
    return (
        {key: _encode(item, depth + 1) for key, item in value.items()}
        if isinstance(value, dict)
        else value
    )
