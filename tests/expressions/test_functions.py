"""Each helper function by itself, where JavaScript's own rules are easy to miss."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sluiceway.errors import ExpressionEvaluationError
from sluiceway.expressions import (
    UNDEFINED,
    Scope,
    Value,
    compile_expression,
    functions,
    library,
)
from sluiceway.expressions.functions.base import Example, TemplateFunction
from sluiceway.expressions.functions.encode_uri_component import encode_uri_component
from sluiceway.expressions.library import function_names, iter_functions, load_function

FUNCTIONS = [*iter_functions()]
UNDEFINED_OF_NOTHING = (
    "slice substring toLowerCase toUpperCase replace replaceAll split md5 sha1 sha256 sha512"
).split()

FIELDS: dict[str, Any] = {
    "nothing": None,
    "emoji": "a😀é",
    "list": [1, 2, 2, 3],
    "words": ["x", "y"],
    "mixed": [1, "1", True, None, [2]],
    "object": {"a": 1, "b": {"c": 2}},
    "numbered": {"10": "ten", "2": "two", "b": 1},
    "half": "x\ud83d",
    "big": 12345678901234567890,
}

CASES: dict[str, list[tuple[str, Value]]] = {
    "encodeURIComponent": [
        ("'é😀'", "%C3%A9%F0%9F%98%80"),
        ('"!\'()*-._~"', "!'()*-._~"),
        ("'a b&c=d/e?f#g+h'", "a%20b%26c%3Dd%2Fe%3Ff%23g%2Bh"),
        ("fields.missing", "undefined"),
        ("fields.nothing", "null"),
        ("fields.list", "1%2C2%2C2%2C3"),
    ],
    "includes": [
        ("fields.list, 2", True),
        ("fields.list, '2'", False),
        ("fields.list, 2, 3", False),
        ("fields.list, 2, -2", True),
        ("fields.list, 2, -99", True),
        ("fields.list, 1, Infinity", False),
        ("[NaN], NaN", True),
        ("[0], -0", True),
        ("[true], 1", False),
        ("[1], true", False),
        ("[null], undefined", False),
        ("fields.mixed, [2]", False),
        ("fields.mixed, fields.mixed[4]", True),
        ("'hello', 'h', 1", False),
        ("'hello', ''", True),
        ("'undefined'", True),
        ("'a null b', null", True),
        ("12345, 34", True),
        ("fields.emoji, '\\ude00'", True),
        ("fields.object, 1", True),
        ("fields.nothing, 'x'", False),
        ("fields.missing, undefined", False),
    ],
    "indexOf": [
        ("fields.list, 2, 2", 2),
        ("fields.list, 3, -1", 3),
        ("fields.list, '2'", -1),
        ("[NaN], NaN", -1),
        ("[9007199254740993], 9007199254740992", 0),
        ("fields.emoji, 'é'", 3),
        ("fields.emoji, 'é', 9", -1),
        ("fields.emoji, '\\ude00'", 2),
        ("fields.emoji, '\\ude00', 3", -1),
        ("fields.emoji, '😀', 2", -1),
        ("'hello', 'l', -9", 2),
        ("'abc', '', 99", 3),
        ("'abc', 'c', NaN", 2),
        ("fields.object, 1", -1),
        ("fields.nothing, 'x'", -1),
    ],
    "length": [
        ("fields.emoji", 4),
        ("123", 3),
        ("-0", 1),
        ("true", 4),
        ("[]", 0),
        ("fields.object", 2),
        ("fields.nothing", 0),
        ("fields.missing", 0),
    ],
    "mask": [("'s3cret'", "s3cret"), ("fields.missing", UNDEFINED), ("[1]", [1])],
    "md5": [
        ("''", "d41d8cd98f00b204e9800998ecf8427e"),
        ("'é😀'", "62b3afe3b01f6f80152b567d9b216cde"),
        ("123", "202cb962ac59075b964b07152d234b70"),
        ("'123'", "202cb962ac59075b964b07152d234b70"),
        ("fields.half", "3243f8057a866360243de691213276c9"),
    ],
    "merge": [
        ("['a'], 'b'", ["a", "b"]),
        ("[1], [2, [3]]", [1, 2, [3]]),
        ("[], fields.missing", [UNDEFINED]),
        ("fields.object, fields.numbered", {**FIELDS["object"], **FIELDS["numbered"]}),
        ("fields.object, 'x'", FIELDS["object"]),
        ("'n', 1", "n1"),
        ("'a', null", "anull"),
        ("1, 2", "12"),
        ("'x', fields.list", "x1,2,2,3"),
        ("'\\ud83d', '\\ude00'", "😀"),
        ("fields.nothing, 'x'", "x"),
        ("fields.missing, [1]", [1]),
    ],
    "now": [("", "2021-04-30T10:31:28.576Z")],
    "random": [("5, 5", 5), ("'x', 2", math.nan), ("0, Infinity", math.nan)],
    "replace": [
        ("'aaa', 'a', 'b'", "baa"),
        ("'abc', 'x', 'y'", "abc"),
        ("'abc', '', '-'", "-abc"),
        ("'a.b', '.', '!'", "a!b"),
        ("'abc', 'b', '[$&]'", "a[b]c"),
        ("'abc', 'b', '[$`|$\\']'", "a[a|c]c"),
        ("'abc', 'b', '$$'", "a$c"),
        ("'abc', 'b', '$1$0$<x>$'", "a$1$0$<x>$c"),
        ("'abc', 'b'", "aundefinedc"),
        ("'undefined', undefined, 'x'", "x"),
        ("fields.emoji, '\\ude00', '!'", "a\ud83d!é"),
        ("101, 0, '-'", "1-1"),
    ],
    "replaceAll": [
        ("'2021-04-30', '-', '/'", "2021/04/30"),
        ("'aaa', 'aa', 'b'", "ba"),
        ("'abc', '', '-'", "-a-b-c-"),
        ("'', '', '-'", "-"),
        ("'abab', 'a', '<$&$`>'", "<a>b<aab>b"),
        ("'aXbX', 'X', \"$'\"", "abXb"),
        ("'a😀', '', '.'", ".a.\ud83d.\ude00."),
        ("'$1.00', '$', '$$'", "$1.00"),
        ("'a', 'a', '\\ud83d'", "\ud83d"),
        ("'a\\ude00', 'a', '\\ud83d'", "😀"),
    ],
    "sha1": [("'abc'", "a9993e364706816aba3e25717850c26c9cd0d89d")],
    "sha256": [("''", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")],
    "sha512": [
        (
            "'abc'",
            (
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        )
    ],
    "slice": [
        ("'example', 2", "ample"),
        ("'example', -4, -1", "mpl"),
        ("'abc', 2, 1", ""),
        ("'abc', 1.9", "bc"),
        ("'abc', '1'", "bc"),
        ("'abc', NaN", "abc"),
        ("'abc', -Infinity, Infinity", "abc"),
        ("'abc', 1, null", ""),
        ("'abc', 1, undefined", "bc"),
        ("fields.emoji, 1, 3", "😀"),
        ("fields.emoji, 1, 2", "\ud83d"),
        ("fields.list, 1, -1", [2, 2]),
        ("fields.list", [1, 2, 2, 3]),
        ("12345, -2", "45"),
    ],
    "split": [
        ("'a,b,,c', ','", ["a", "b", "", "c"]),
        ("'abc', ''", ["a", "b", "c"]),
        ("'a😀', ''", ["a", "\ud83d", "\ude00"]),
        ("'abc'", ["abc"]),
        ("'', ''", []),
        ("'', ','", [""]),
        ("'a,b,c', ',', 2", ["a", "b"]),
        ("'a,b,c', ',', 0", []),
        ("'a,b,c', ',', -1", ["a", "b", "c"]),
        ("'a,b', ',', 4294967297", ["a"]),
        ("'anullb', null", ["a", "b"]),
        ("'a😀b', '\\ude00'", ["a\ud83d", "b"]),
        ("120, 2", ["1", "0"]),
    ],
    "substring": [
        ("'example', 3, 1", "xa"),
        ("'example', -5, 2", "ex"),
        ("'example', NaN, 2", "ex"),
        ("'example', 2, undefined", "ample"),
        ("'abc', 0, 100", "abc"),
        ("'abc', Infinity, 1", "bc"),
        ("12345, 1, 3", "23"),
        ("fields.emoji, 2", "\ude00é"),
    ],
    "toArray": [
        ("'abc'", ["abc"]),
        ("[1]", [1]),
        ("0", [0]),
        ("fields.object", [FIELDS["object"]]),
        ("fields.nothing", []),
        ("fields.missing", []),
    ],
    "toBoolean": [
        ("'false'", True),
        ("''", False),
        ("0", False),
        ("-0", False),
        ("NaN", False),
        ("[]", True),
        ("fields.object", True),
        ("fields.nothing", False),
        ("fields.missing", False),
    ],
    "toLowerCase": [
        ("'Ana@Travel0.COM'", "ana@travel0.com"),
        ("'İ'", "i̇"),
        ("'ΑΣ ΑΣ'", "ας ας"),
        ("true", "true"),
        ("['A', 'B']", "a,b"),
    ],
    "toNumber": [
        ("'12.50'", 12.5),
        ("' \\n42\\t'", 42),
        ("''", 0),
        ("'0x1F'", 31),
        ("'0b11'", 3),
        ("'0o17'", 15),
        ("'-0x1'", math.nan),
        ("'1_000'", math.nan),
        ("'1e1000'", math.inf),
        ("'-Infinity'", -math.inf),
        ("'infinity'", math.nan),
        ("'12px'", math.nan),
        ("'٣'", math.nan),
        ("'.5'", 0.5),
        ("'5.'", 5),
        ("'.'", math.nan),
        ("true", 1),
        ("null", 0),
        ("undefined", math.nan),
        ("[]", 0),
        ("['5']", 5),
        ("[1, 2]", math.nan),
        ("fields.object", math.nan),
    ],
    "toString": [
        ("1.0", "1"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("123456789012345680000", "123456789012345680000"),
        ("0.000001", "0.000001"),
        ("-1.5e-10", "-1.5e-10"),
        ("-0", "0"),
        ("fields.big", "12345678901234567000"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("true", "true"),
        ("null", "null"),
        ("fields.missing", "undefined"),
        ("[1, [2, null, undefined], 'x']", "1,2,,,x"),
        ("fields.object", "[object Object]"),
        ("[fields.object]", "[object Object]"),
    ],
    "toTimestamp": [
        ("", 1619778688),
        ("'1969-12-31T23:59:59.500Z'", -1),
        ("'2021-04-30'", 1619740800),
        ("'Fri, 30 Apr 2021 10:02:50 GMT'", 1619776970),
        ("'2021-04-30T10:02:50+02:00'", 1619769770),
        ("'garbage'", math.nan),
        ("1619776970876", 1619776970),
        ("-0.5", 0),
        ("8.64e15", 8640000000000),
        ("8.64e15, 1", 8640000000000),
        ("8640000000000001", math.nan),
        ("null", 0),
        ("true", 0),
        ("fields.missing", math.nan),
        ("['2021-04-30']", 1619740800),
        ("fields.object", math.nan),
    ],
    "toUpperCase": [("'straße'", "STRASSE"), ("'ŉ'", "ʼN"), ("1e21", "1E+21")],
    "uuid": [("", "00000000-0000-4000-8000-000000000000")],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param(f"functions.{name}({arguments})", value, id=f"{name}({arguments})")
        for name, cases in CASES.items()
        for arguments, value in cases
    ],
)
def test_gives(expression: str, expected: Value, evaluate: Callable[..., Value]) -> None:
    found = evaluate(expression, fields=FIELDS)

    # repr tells -0, NaN, true and 1 apart.
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("name", UNDEFINED_OF_NOTHING)
@pytest.mark.parametrize("nothing", ["null", "undefined", "fields.missing.deep", ""])
def test_nothing_in_gives_undefined(
    name: str, nothing: str, evaluate: Callable[..., Value]
) -> None:
    assert evaluate(f"functions.{name}({nothing})") is UNDEFINED


def test_every_documented_function_is_there_and_tested() -> None:
    documented = (
        "toArray toBoolean toNumber toString length mask random slice substring toTimestamp "
        "toLowerCase toUpperCase replace replaceAll split now includes indexOf merge md5 sha1 "
        "sha256 sha512 uuid encodeURIComponent"
    ).split()

    assert sorted(documented) == list(function_names()) == sorted(CASES)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_a_function_says_what_it_is(function: TemplateFunction) -> None:
    optional = [parameter.optional for parameter in function.parameters]

    assert function.examples
    assert optional == sorted(optional)
    assert function.signature.startswith(f"{function.name}(")
    assert function.summary.endswith(".")
    assert load_function(function.name) is function


@pytest.mark.parametrize(
    "example", [e for f in FUNCTIONS for e in f.examples], ids=lambda e: e.expression
)
def test_its_examples_hold(example: Example, evaluate: Callable[..., Value]) -> None:
    assert evaluate(example.expression) == example.value


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
@given(
    st.recursive(
        st.sampled_from([None, True, 0, -0.0, math.nan, math.inf, 1.5, "", "a", "😀", "x\ud83d"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    ),
    st.lists(
        st.sampled_from(["undefined", "-1", "0", "2", "'a'", "NaN", "[]", "null"]), max_size=2
    ),
)
def test_whatever_it_is_given_it_answers_or_refuses(
    make_scope: Callable[..., Scope], function: TemplateFunction, value: Any, rest: list[str]
) -> None:
    call = compile_expression(f"functions.{function.name}({', '.join(['fields', *rest])})")
    try:
        call.resolve(make_scope(fields=value))
    except ExpressionEvaluationError as error:
        place = error.line, error.column, bool(error.hint)
    else:
        place = 1, 1, True

    assert place == (1, 1, True)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_decoding_gives_the_text_back(text: str) -> None:
    encoded = encode_uri_component(text)

    assert isinstance(encoded, str)
    assert encoded.isascii()
    assert unquote(encoded) == text


def test_half_a_character_cannot_be_encoded(evaluate: Callable[..., Value]) -> None:
    with pytest.raises(ExpressionEvaluationError, match="half a character"):
        evaluate("functions.encodeURIComponent(fields.half)", fields=FIELDS)


@pytest.mark.parametrize(
    ("arguments", "low", "high", "is_whole"),
    [
        ("", 0, 1, True),
        ("3, 9", 3, 9, True),
        ("9, 3", 3, 9, True),
        ("-2, 2", -2, 2, True),
        ("1, 2, true", 1, 2, False),
        ("0.5, 3", 0.5, 3, False),
    ],
)
def test_random_keeps_its_bounds(
    make_scope: Callable[..., Scope],
    arguments: str,
    low: float,
    high: float,
    is_whole: bool,  # noqa: FBT001
) -> None:
    call, scope = compile_expression(f"functions.random({arguments})"), make_scope()

    numbers: list[Any] = [call.evaluate(scope) for _ in range(200)]

    assert low <= min(numbers) <= max(numbers) <= high
    assert all(isinstance(number, int) for number in numbers) is is_whole
    if is_whole:
        assert {low, high} <= {*numbers}


def test_one_clock_reading_for_all_steps(make_scope: Callable[..., Scope]) -> None:
    scope = make_scope()
    expression = compile_expression("[functions.now(), functions.toTimestamp()]")

    assert expression.evaluate(scope) == expression.evaluate(scope)


def test_the_same_sources_give_the_same_values(make_scope: Callable[..., Scope]) -> None:
    expression = compile_expression(
        "[functions.uuid(), functions.random(0, 1, true), functions.uuid(), functions.random(1, 9)]"
    )
    first, other = make_scope(), make_scope()

    values = [expression.evaluate(first) for _ in range(3)]

    assert values == [expression.evaluate(other) for _ in range(3)]
    assert len({str(value) for value in values}) == 3


def test_a_clock_of_another_zone_is_shown_in_utc(make_scope: Callable[..., Scope]) -> None:
    scope = make_scope()
    zone = timezone(timedelta(hours=5, minutes=30))
    scope.sources = replace(scope.sources, now=datetime(2024, 1, 1, 1, 0, tzinfo=zone))

    value = compile_expression("[functions.now(), functions.toTimestamp()]").evaluate(scope)

    assert value == ["2023-12-31T19:30:00.000Z", 1704051000]


def test_masked_values_are_told_as_json(make_scope: Callable[..., Scope]) -> None:
    told: list[Any] = []
    scope = make_scope(fields={"a": {"b": "s3cret"}})
    scope.masked = told.append

    compile_expression("[functions.mask(fields.a), functions.mask([undefined])]").evaluate(scope)

    assert told == [{"b": "s3cret"}, [None]]


@pytest.mark.parametrize(
    "name", ["nope", "ToString", "to_string", "base", "__init__", "", "a.b", "x" * 99, "tostring"]
)
def test_other_names_are_no_functions(name: str) -> None:
    assert load_function(name) is None


def test_a_broken_module_is_not_taken_for_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_one.py").write_text("import no_such_module_anywhere")
    monkeypatch.setattr(functions, "__path__", [str(tmp_path)])

    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        load_function("brokenOne")


def test_other_distributions_add_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluate: Callable[..., Value]
) -> None:
    (tmp_path / "shouting.py").write_text(ADDED)
    info = tmp_path / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sluiceway.functions]\nshout = shouting:SHOUT\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    caches = library.load_function, library.function_names, library._added
    for cache in caches:
        cache.cache_clear()
    try:
        assert evaluate("functions.shout('hey')") == "hey!"
        assert "shout" in function_names()
    finally:
        for cache in caches:
            cache.cache_clear()


ADDED = """
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction

SHOUT = TemplateFunction(
    name="shout",
    call=lambda value: f"{value}!",
    parameters=(Parameter("value", "text"),),
    summary="Adds a mark.",
    examples=(Example("functions.shout('a')", "a!"),),
    source="",
)
"""
