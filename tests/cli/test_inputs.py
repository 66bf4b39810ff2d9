"""What a run is started with: files, JSON in place, single values; and what is wrong with them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sluiceway.cli._inputs import build_input, parse_pairs, read_json_argument
from sluiceway.errors import DefinitionError, SluicewayError, UsageError


def build(*settings: str, context: str | None = None) -> dict[str, object]:
    return build_input(context=context, fields=None, vars_=None, settings=settings).as_json()  # type: ignore[return-value]


def test_values_are_set_over_files(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"user": {"email": "a@x.example", "name": "Ada"}}')

    built = build(
        "context.user.email=b@x.example",
        "fields.age=42",
        "fields.phone=+12025550123",
        'vars.list=["a"]',
        "fields.equation=a=b",
        "fields.empty=",
        context=str(tmp_path / "c.json"),
    )

    assert built == {
        "context": {"user": {"email": "b@x.example", "name": "Ada"}},
        "fields": {"age": 42, "phone": "+12025550123", "equation": "a=b", "empty": ""},
        "vars": {"list": ["a"]},
    }


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("fields.a", "expected PATH=VALUE"),
        ("=1", "expected PATH=VALUE"),
        ("fields..a=1", "expected PATH=VALUE"),
        ("email=1", "expected a path into context, fields, vars"),
        ("fields=1", "expected a path below 'fields'"),
    ],
)
def test_a_wrong_setting_says_what_was_expected(setting: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(setting)


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="'a' holds a number"):
        build("fields.a=1", "fields.a.b=2")


def test_json_comes_from_standard_input_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))

    assert read_json_argument("-") == [1]
    assert read_json_argument('{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("argument", "kind", "words"),
    [
        ("/nowhere.json", UsageError, "cannot read the file: No such file"),
        ("{", DefinitionError, "expected JSON"),
        ("[1]", UsageError, "expected a JSON object after --context, found a list"),
    ],
)
def test_wrong_files_say_so(argument: str, kind: type[SluicewayError], words: str) -> None:
    with pytest.raises(kind, match=words):
        build(context=argument)


def test_pairs() -> None:
    assert parse_pairs(["#CONN-1#=local", "a=b=c"], "--connection") == {
        "#CONN-1#": "local",
        "a": "b=c",
    }
    with pytest.raises(UsageError, match="after --connection, found 'a='"):
        parse_pairs(["a="], "--connection")
