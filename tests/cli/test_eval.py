"""``sluiceway eval``: one expression, and many as JSON lines."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sluiceway.cli.eval import COMMAND, evaluate_lines
from sluiceway.errors import (
    ExpressionEvaluationError,
    ExpressionSyntaxError,
    UsageError,
)

DATA = json.dumps(
    {"fields": {"a": "Ana", "n": 1.0, "list": [1, {"b": None}]}, "context": {"user": {"id": 7}}}
)


def evaluate(*args: str, stdin: str = "") -> str:
    result = CliRunner().invoke(COMMAND, args, input=stdin, catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def lines(*requests: object, data: Any = None) -> list[Any]:
    raw = [r.encode() if isinstance(r, str) else json.dumps(r).encode() for r in requests]
    return [json.loads(line) for line in evaluate_lines(raw, data or json.loads(DATA))]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("fields.a", "Ana\n"),
        ("{{ fields.a }}!", "Ana!\n"),
        ("fields.list", '[\n  1,\n  {\n    "b": null\n  }\n]\n'),
        ("{{ context.user.id }}", "7\n"),
        ("fields.n", "1\n"),
        ("fields.missing", "undefined\n"),
        ("functions.toNumber('x')", '{\n  "$number": "NaN"\n}\n'),
        ("'\\ud83d'", "\ufffd\n"),
    ],
)
def test_shows_text_as_it_is_and_the_rest_as_json(expression: str, shown: str) -> None:
    assert evaluate(expression, "--context", DATA) == shown


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("fields.a", "Ana"),
        ("fields.missing", {"$undefined": True}),
        ("[undefined, -0, 1e21, -1e999]", [{"$undefined": True}, {"$number": "-0"}, 1e21, None]),
    ],
)
def test_json_tells_the_types_apart(expression: str, value: Any) -> None:
    if isinstance(value, list):
        value[-1] = {"$number": "-Infinity"}

    assert json.loads(evaluate(expression, "--json", "--context", DATA)) == {"value": value}


def test_data_comes_from_a_file_or_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(DATA)

    assert evaluate("fields.a", "--context", str(path)) == "Ana\n"
    assert evaluate("fields.a", "--context", "-", stdin=DATA) == "Ana\n"
    assert evaluate("fields.a ?? 'none'") == "none\n"


def test_what_the_data_has_too_much_is_noted() -> None:
    result = CliRunner().invoke(COMMAND, ["1", "--context", '{"field": {}, "user": {}}'])

    assert (result.stdout, "unused: field, user" in result.stderr) == ("1\n", True)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((), UsageError),
        (("1", "--jsonl"), UsageError),
        (("--jsonl", "--context", "-"), UsageError),
        (("1", "--context", "[]"), UsageError),
        (("1", "--context", "/no/such/file"), UsageError),
        (("1", "--context", "{"), UsageError),
        (("1 ||",), ExpressionSyntaxError),
        (("{{ fields.a",), ExpressionSyntaxError),
        (("nope()",), ExpressionEvaluationError),
    ],
)
def test_what_cannot_be_used_is_refused(args: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        evaluate(*args)


def test_lines_give_lines_in_order() -> None:
    assert lines(
        {"id": 1, "expr": "fields.a"},
        " ",
        {"id": "2", "template": "{{ fields.list[1] }}"},
        {"id": None, "template": "a {{ fields.n }}"},
        {"id": 4, "expr": "fields.missing"},
        {"id": 5, "expr": "[-0, NaN, 1.50]"},
    ) == [
        {"id": 1, "value": "Ana"},
        {"id": "2", "value": {"b": None}},
        {"id": None, "value": "a 1"},
        {"id": 4, "value": {"$undefined": True}},
        {"id": 5, "value": [{"$number": "-0"}, {"$number": "NaN"}, 1.5]},
    ]


@pytest.mark.parametrize(
    ("request_", "phase", "code", "place", "hint"),
    [
        ({"expr": "a\n || b"}, "syntax", "ERR_EXPRESSION_SYNTAX", (2, 2), "write `??`"),
        ({"template": "{{ a"}, "syntax", "ERR_EXPRESSION_SYNTAX", (1, 1), "}}"),
        ({"expr": "toString(1)"}, "evaluation", "ERR_EXPRESSION", (1, 1), "functions.toString(1)"),
    ],
)
def test_errors_say_phase_code_and_place(
    request_: Any, phase: str, code: str, place: tuple[int, int], hint: str
) -> None:
    (answer,) = lines({"id": "x", **request_})

    error = answer["error"]
    assert answer["id"] == "x"
    assert "value" not in answer
    assert (error["phase"], error["code"]) == (phase, code)
    assert (error["line"], error["column"]) == place
    assert error["message"]
    assert hint in error["hint"]


@pytest.mark.parametrize(
    "request_",
    [
        "{",
        "[1]",
        "3",
        "[" * 100_000,
        {"id": 1},
        {"id": 1, "expr": 5},
        {"expr": "1", "template": ""},
    ],
)
def test_lines_that_ask_for_nothing_are_answered_too(request_: Any) -> None:
    (answer,) = lines(request_)

    assert answer["error"]["phase"] == "input"
    assert answer["error"]["code"] == "ERR_USAGE"


def test_deep_data_is_refused_not_a_crash() -> None:
    deep: Any = 1
    for _ in range(700):
        deep = [deep]
    (answer,) = lines({"id": 1, "expr": "fields.deep"}, data={"fields": {"deep": deep}})

    assert "nests deeper" in answer["error"]["message"]


def test_lines_are_read_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    output = evaluate("--jsonl", "--context", DATA, stdin='{"id": 1, "expr": "fields.a"}\n')

    assert json.loads(output) == {"id": 1, "value": "Ana"}
    assert not [*evaluate_lines(io.BytesIO(b"\n\n"), {})]


def test_time_chance_and_ids_are_real() -> None:
    first, second = lines({"expr": "functions.uuid()"}, {"expr": "functions.uuid()"})
    (now,) = lines({"expr": "functions.now()"})

    assert first["value"] != second["value"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:]{8}\.\d{3}Z", now["value"])
