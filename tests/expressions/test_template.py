"""Texts with expressions in them: whole values keep their type, the rest becomes text."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import ExpressionEvaluationError, ExpressionSyntaxError
from sluiceway.expressions import UNDEFINED, Scope, compile_expression, compile_template
from sluiceway.expressions.cache import TextCache

FIELDS: dict[str, Any] = {
    "nothing": None,
    "yes": True,
    "zero": 0,
    "half": 0.5,
    "name": "Ana",
    "list": [1, None, {"b": 1, "a": "x"}],
    "object": {"b": [1.0, 2.5], "10": 0, "9": "é"},
    "deep": {"a": [{"b": "found"}]},
    "big": 12345678901234567890,
}


@pytest.fixture(scope="module")
def resolve(make_scope: Callable[..., Scope]) -> Callable[[str], Any]:
    return lambda text: compile_template(text).resolve(make_scope(fields=FIELDS))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ fields.zero }}", 0),
        ("{{fields.yes}}", True),
        ("{{ fields.nothing }}", None),
        (" {{ fields.list }}\n\u00a0", FIELDS["list"]),
        ("{{ fields }}", FIELDS),
        ("{{ fields.big }}", 12345678901234567890),
        ("{{ fields.missing }}", UNDEFINED),
        ("{{ functions.toNumber('x') }}", None),
        ("{{ [undefined, NaN, -0, [Infinity]] }}", [None, None, 0, [None]]),
        ("{{ functions.merge(fields.deep, fields.missing) }}", FIELDS["deep"]),
        ("{{ fields.deep.a[0]['b'] }}", "found"),
        ("{{ fields[fields.missing ?? 'name'] }}", "Ana"),
        ("{{ fields.name[0] }}", "A"),
        ("{{ '}}' }}", "}}"),
        ('{{ "{{" }}', "{{"),
    ],
)
def test_a_whole_value_keeps_its_type(
    template: str, value: Any, resolve: Callable[[str], Any]
) -> None:
    found = resolve(template)

    assert repr(found) == repr(value)
    assert compile_template(template).is_whole


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("no braces }}", "no braces }}"),
        ("Hi {{ fields.name }}!", "Hi Ana!"),
        ("{{ fields.name }}{{ fields.zero }}", "Ana0"),
        ("x{{ fields.nothing }}{{ fields.missing }}y", "xy"),
        ("{{ fields.yes }} {{ fields.half }}", "true 0.5"),
        ("n={{ functions.toNumber('x') }} {{ -1e999 }} {{ -0 }}", "n=NaN -Infinity 0"),
        ("l={{ fields.list }}", 'l=[1,null,{"b":1,"a":"x"}]'),
        ("o={{ fields.object }}", 'o={"9":"é","10":0,"b":[1,2.5]}'),
        ("a={{ [undefined, NaN, '\\ud83d'] }}", 'a=[null,null,"\\ud83d"]'),
        ("{{ fields.big }}.", "12345678901234567000."),
        ("\n {{ '{' }} {", "\n { {"),
        ("{{ '\\ud83d' }}{{ '\\ude00' }}", "😀"),
        ("$&{{ fields.name }}$1", "$&Ana$1"),
    ],
)
def test_any_other_text_stays_text(template: str, text: str, resolve: Callable[[str], Any]) -> None:
    assert resolve(template) == text
    assert not compile_template(template).is_whole


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("{{ fields.a", 1, 1, "found the end of the text"),
        ("a\nb {{ fields.a }", 2, 15, "found `}`"),
        ("a {{}}", 1, 5, "found `}`"),
        ("{{ {{ a }} }}", 1, 4, "found `{`"),
        ("{{ a }} {{ 'x }}", 1, 12, "closing '"),
        ("{{{ a }}}", 1, 3, "found `{`"),
        ("{{ a || b }}", 1, 6, "found `||`"),
        ("{{ a b }}", 1, 6, "`??` or `}}`"),
        ("{{ a }}" * 1_500, 1, 9_997, "characters allowed"),
        ("{{ a }}" + "x" * 1_000_001, 1, 1, "characters, more than"),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(
    template: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(ExpressionSyntaxError, match=message.replace("?", r"\?")) as caught:
        compile_template(template)

    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("template", "place", "message", "hint"),
    [
        ("{{ toString(fields.a) }}", (1, 4), "`toString` is", "functions.toString(fields.a)"),
        ("a\n{{ fields.a.slice(1) }}", (2, 4), "not a", "write functions.slice(fields.a, 1)"),
        ("{{ functions.lower(1) }}", (1, 4), "function `lower`", "did you mean `toLowerCase`?"),
        ("{{ functions.qqq(1) }}", (1, 4), "no function `qqq`", "the functions are encodeURI"),
        ("{{ t('x') }}", (1, 4), "`t` is", "texts of forms"),
        ("{{ nope() }}", (1, 4), "`nope` is", "only functions.name(...)"),
        ("{{ 'a'('b') }}", (1, 4), "`'a'` is", "only functions.name(...)"),
        (f"{{{{ {'abcd.' * 10}slice('{'x' * 99}') }}}}", (1, 4), "….? is", "slice(...)"),
        ("{{ functions.a.b() }}", (1, 4), "`functions.a.b` is", ""),
        ("{{ functions.split('a', functions.nope()) }}", (1, 25), "no function", ""),
    ],
)
def test_calls_of_no_function_fail_with_a_hint(
    template: str,
    place: tuple[int, int],
    message: str,
    hint: str,
    resolve: Callable[[str], Any],
) -> None:
    with pytest.raises(ExpressionEvaluationError, match=message) as caught:
        resolve(template)

    assert (caught.value.line, caught.value.column) == place
    assert caught.value.source == template
    assert hint in caught.value.hint


def test_the_right_side_is_evaluated_only_if_needed(resolve: Callable[[str], Any]) -> None:
    assert resolve("{{ fields.name ?? nope() }}") == "Ana"
    assert resolve("{{ fields.nothing ?? fields.missing ?? 0 ?? nope() }}") == 0


def test_own_data_only(resolve: Callable[[str], Any]) -> None:
    for path in ("__class__", "constructor.constructor", "toString", "__proto__", "keys", "get"):
        for base in ("fields", "fields.name", "fields.list", "fields.zero", "functions", "nothing"):
            assert resolve(f"{{{{ {base}.{path} }}}}") is UNDEFINED
    assert resolve("{{ fields.list[-1] ?? fields.list[9] ?? fields.list['00'] }}") is UNDEFINED
    assert resolve("{{ fields.list.length }}") == 3
    assert resolve("{{ fields.zero.length }}") is UNDEFINED


def test_what_a_path_finds_is_not_copied(make_scope: Callable[..., Scope]) -> None:
    value = compile_template("{{ fields.object }}").resolve(make_scope(fields=FIELDS))

    assert value is FIELDS["object"]


def test_roots_may_be_anything(make_scope: Callable[..., Scope]) -> None:
    scope = make_scope(fields=None, vars=[1], actions="text", context=5)

    text = compile_template("{{ fields.a }}|{{ vars[0] }}|{{ actions.length }}|{{ context }}")

    assert text.resolve(scope) == "|1|4|5"


def test_compiled_once() -> None:
    assert compile_template("{{ a.b }}") is compile_template("{{ a.b }}")
    assert compile_expression("a.b") is compile_expression("a.b")
    long = f"{{{{ a }}}}{'x' * 30_000}"
    assert compile_template(long) is not compile_template(long)


def test_what_is_kept_has_a_limit_in_characters() -> None:
    made: list[str] = []

    def make(text: str) -> str:
        made.append(text)
        return text.upper()

    cache = TextCache(make, 100)

    for text in ("a", "b" * 10, "c" * 11, "a", "b" * 10, "c" * 11):
        assert cache(text) == text.upper()
    assert [len(text) for text in made] == [1, 10, 11, 11]

    for number in range(10):
        cache(f"{number:010}")
    assert len(cache._kept) == 2
    assert cache._characters == 20


def test_a_long_expression_is_refused() -> None:
    with pytest.raises(ExpressionSyntaxError, match="10,001 characters"):
        compile_expression("a" * 10_001)


def test_a_literal_text_says_so() -> None:
    assert compile_template("{% if %}").is_literal
    assert not compile_template("{{ 'a' }}").is_literal
    assert not compile_template("x{{ 'a' }}").is_literal


def test_undefined_is_one_and_false() -> None:
    assert not UNDEFINED
    assert repr(UNDEFINED) == "undefined"
    assert pickle.loads(pickle.dumps(UNDEFINED)) is UNDEFINED  # noqa: S301 - our own bytes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
PIECES = st.sampled_from(
    [
        *"{{ }} fields vars .a ['a'] [0] ?? ( ) , 'x' 1 -0 null .length [fields]".split(),
        *("functions.slice(", "functions.merge(", "functions.replaceAll(", "functions.toNumber("),
        *("functions.split(", "functions.includes(", "functions.length(", " "),
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join), JSON)
def test_evaluating_raises_nothing_but_its_own_errors(
    make_scope: Callable[..., Scope], text: str, data: Any
) -> None:
    scope = make_scope(fields=data, vars={"a": data})
    try:
        template = compile_template(text)
    except ExpressionSyntaxError:
        return
    try:
        value = template.resolve(scope)
    except ExpressionEvaluationError as error:
        has_place = error.line >= 1
        has_source = error.source == text
    else:
        has_place = has_source = True
        # NaN and undefined do not leave the language, but in what the data brought itself.
        assert template.is_whole or isinstance(value, str)

    assert has_place
    assert has_source


@given(JSON)
def test_a_value_made_of_paths_is_json(make_scope: Callable[..., Scope], data: Any) -> None:
    made = compile_template("{{ [fields, fields.a] }}").resolve(make_scope(fields=data))

    def is_json(value: Any) -> bool:
        if isinstance(value, list | dict):
            return all(map(is_json, value.values() if isinstance(value, dict) else value))
        return value is not UNDEFINED and not (
            isinstance(value, float) and not math.isfinite(value)
        )

    assert is_json(made)
