"""``sluiceway render``: one template, and many as JSON lines."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sluiceway.cli.render import COMMAND
from sluiceway.errors import LiquidRenderError, LiquidSyntaxError, UsageError
from sluiceway.expressions.cache import TextCache
from sluiceway.liquid import Template, parse
from sluiceway.liquid import template as template_module


def lines(*requests: object, args: tuple[str, ...] = ()) -> list[Any]:
    text = "\n".join(r if isinstance(r, str) else json.dumps(r) for r in requests)
    result = CliRunner().invoke(COMMAND, ["--jsonl", *args], input=text, catch_exceptions=False)
    return [json.loads(line) for line in result.output.splitlines()]


def render(*args: str, stdin: str = "") -> str:
    result = CliRunner().invoke(COMMAND, args, input=stdin, catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_text_on_the_command_line_is_a_template() -> None:
    assert render("Hi {{ name }}", "--data", '{"name": "Ana"}') == "Hi Ana"


def test_a_file_or_standard_input_is_a_template(tmp_path: Path) -> None:
    path = tmp_path / "mail.liquid"
    path.write_text("1 + 1 = {{ 1 | plus: 1 }}")

    assert render(str(path)) == "1 + 1 = 2"
    assert render("-", stdin="{{ 'a' | upcase }}") == "A"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((), UsageError),
        (("x", "--jsonl"), UsageError),
        (("--jsonl", "--data", "-"), UsageError),
        (("{{ a }}", "--data", "[]"), UsageError),
        (("/no/such/file",), UsageError),
        (("{% if %}",), LiquidSyntaxError),
        (("{{ a }}", "--strict-variables"), LiquidRenderError),
        (("{{ 'a' | nothing }}", "--strict-filters"), LiquidSyntaxError),
    ],
)
def test_what_cannot_be_used_is_refused(args: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        render(*args)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mail.liquid"
    path.write_bytes(b"\xff")

    with pytest.raises(UsageError, match="UTF-8"):
        render(str(path))


def test_lines_give_lines_in_order() -> None:
    assert lines(
        {"id": 1, "template": "{{ a }}", "data": {"a": "own"}},
        "",
        {"id": "2", "template": "{{ a }}"},
        {"id": 3, "template": "{% include 'p' %}", "templates": {"p": "[{{ a }}]"}},
        args=("--data", '{"a": "shared"}'),
    ) == [
        {"id": 1, "output": "own"},
        {"id": "2", "output": "shared"},
        {"id": 3, "output": "[shared]"},
    ]


def test_errors_name_phase_and_place() -> None:
    rows = [
        {"id": 1, "template": "a\n {% nothing %}"},
        {"id": 2, "template": "{{ a }}", "strict_variables": True},
        {"id": 3, "template": "{{ 1 | no }}", "options": {"strictFilters": True}},
    ]

    found = [answer["error"] for answer in lines(*rows)]

    assert (found[0]["phase"], found[0]["line"], found[0]["column"]) == ("parse", 2, 2)
    assert [e["phase"] for e in found] == ["parse", "render", "parse"]


def test_a_bad_line_does_not_stop_the_next() -> None:
    found = lines("{", "[]", {"id": 7}, {"id": 8, "template": "x"})

    assert [answer["id"] for answer in found] == [None, None, 7, 8]
    assert [answer["error"]["phase"] for answer in found[:3]] == ["input"] * 3
    assert found[3] == {"id": 8, "output": "x"}


def test_lines_with_the_same_template_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def count(source: str) -> Template:
        parsed.append(source)
        return parse(source)

    monkeypatch.setattr(template_module, "_lenient", TextCache(count, 1_000))

    answers = lines(*({"id": n, "template": "{{ a }}!", "data": {"a": n}} for n in range(5)))

    assert [answer["output"] for answer in answers] == ["0!", "1!", "2!", "3!", "4!"]
    assert parsed == ["{{ a }}!"]


def test_errors_of_lines_have_their_hint() -> None:
    (answer,) = lines({"id": 1, "template": "{% include 'p' %}", "templates": {"q": ""}})

    assert answer["error"]["hint"] == "There are: q."


def test_a_terminal_s_prompt_starts_on_a_line_of_its_own() -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "sluiceway", "render", "{{ 1 }}"], check=True, stdout=theirs
    )
    os.close(theirs)

    assert os.read(ours, 100) == b"1\r\n"


def test_half_a_character_is_shown_as_one_sign() -> None:
    assert render("{{ '\\ud83d' }}!") == "\ufffd!"
