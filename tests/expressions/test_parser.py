"""The grammar, what is refused, and what the author is told instead."""

from __future__ import annotations

import math
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions import UNDEFINED, limits
from sluiceway.expressions.hints import RESERVED
from sluiceway.expressions.nodes import (
    Access,
    Array,
    BadCall,
    Call,
    Coalesce,
    Literal,
    Node,
    Root,
)
from sluiceway.expressions.parser import parse
from sluiceway.expressions.printer import print_expression


def refused(source: str) -> ExpressionSyntaxError:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse(source)
    return caught.value


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("fields.a", "fields.a"),
        (" fields . a\n[ 'b' ] ", "fields.a.b"),
        ("fields['with space']", "fields['with space']"),
        ("fields.list.0", "fields.list[0]"),
        ("fields.1a", "fields['1a']"),
        ("fields.dash-key.x", "fields['dash-key'].x"),
        ("fields.a-b-c", "fields['a-b-c']"),
        ("fields[1.0]", "fields[1]"),
        ("fields[-0]", "fields[0]"),
        ("fields[1e21]", "fields['1e+21']"),
        ("fields[null]", "fields.null"),
        ("fields[['a']]", "fields[['a']]"),
        ("(fields.a).b", "fields.a.b"),
        ("((1))", "1"),
        ("(1).x", "(1).x"),
        ("'a'.length", "('a').length"),
        ("a ?? b??c", "a ?? b ?? c"),
        ("a ?? (b ?? c)", "a ?? (b ?? c)"),
        ("(a ?? b) ?? c", "(a ?? b) ?? c"),
        ("(a ?? b).c", "(a ?? b).c"),
        ("[1, [2,], ]", "[1, [2]]"),
        ("functions.f( )", "functions.f()"),
        ("functions['f'](1,)", "functions.f(1)"),
        ("functions.f(1)[0](2)", "functions.f(1)[0](2)"),
        ("f(1)", "f(1)"),
        ("functions.a.b(1)", "functions.a.b(1)"),
        ('"it\'s"', "'it\\'s'"),
        ("'\\u{1F600}'", "'😀'"),
        ("'\\ud83d\\ude00'", "'😀'"),
        ("'\\ud83d'", "'\\ud83d'"),
        ("'a\\\r\nb'", "'ab'"),
        ("'\\0\\x41\\q'", "'\\u0000Aq'"),
        ("- 1", "-1"),
        ("-0", "-0"),
        ("-Infinity", "-Infinity"),
        (".5e1", "5"),
        ("0b101", "5"),
        ("1_000.5", "1000.5"),
        ("1e999", "Infinity"),
        ("0x" + "f" * 300, "Infinity"),
        ("नाम.a\u0301", "नाम.a\u0301"),
        ("$a._", "$a._"),
        ("a\u200db", "a\u200db"),
    ],
)
def test_reads_and_prints_the_usual_spelling(source: str, printed: str) -> None:
    assert print_expression(parse(source)) == printed


@pytest.mark.parametrize(
    ("source", "value"),
    [("true", True), ("null", None), ("undefined", UNDEFINED), ("NaN", math.nan), ("0x1F", 31)],
)
def test_reads_constants(source: str, value: Any) -> None:
    node = parse(source)

    assert isinstance(node, Literal)
    assert repr(node.value) == repr(value)


@pytest.mark.parametrize(
    ("source", "column", "found", "hint"),
    [
        ("fields.a || 'x'", 10, "`||`", "write `??`"),
        ("fields.a && fields.b", 10, "`&&`", "condition"),
        ("fields.a == 1", 10, "`==`", "condition"),
        ("fields.a === 1", 10, "`===`", "condition"),
        ("fields.age > 18", 12, "`>`", "condition"),
        ("fields.a ? 1 : 2", 10, "`?`", "condition"),
        ("!fields.a", 1, "`!`", "condition"),
        ("fields?.a", 7, "`?.`", "write `.`"),
        ("fields.a ??= 1", 10, "`??=`", "write `??`"),
        ("1 + 2", 3, "`+`", "functions.merge"),
        ("vars.count - 1", 12, "`-`", "do not calculate"),
        ("vars.count-1", 11, "`-`", "do not calculate"),
        ("vars.a-vars.b", 7, "`-`", "do not calculate"),
        ("-vars.count", 1, "`-`", "do not calculate"),
        ("fields.zero++", 12, "`++`", "do not calculate"),
        ("fields.a | upcase", 10, "`|`", "Liquid"),
        ("fields.a = 1", 10, "`=`", "Store shared variable"),
        ("fields.bar;", 11, "`;`", "without `;`"),
        ("{a: 1}", 1, "`{`", "no objects"),
        ("{...fields.a}", 1, "`{`", "no objects"),
        ("[...fields.a]", 2, "`...`", "functions.merge"),
        ("x => 1", 3, "`=>`", "not JavaScript"),
        ("`a`", 1, "```", "use ' or \""),
        ("\u2018a\u2019", 1, "`\u2018`", "straight quotes"),
        ("fields.a // why", 10, "`//`", "comments"),
        ("new Date(0)", 1, "`new`", "not JavaScript"),
        ("typeof fields.a", 1, "`typeof`", "not JavaScript"),
        ("@", 1, "`@`", "not JavaScript"),
        ("fields.a }", 10, "`}`", "}}"),
        ("1 2", 3, "`2`", ""),
        ("½", 1, "`½`", ""),
        ("\\", 1, "`\\`", ""),
        ("", 1, "the end", ""),
        ("  ", 3, "the end", ""),
        ("fields.", 8, "the end", ""),
        ("fields..a", 8, "`.`", ""),
        ("'a'.0", 5, "`0`", ""),
        ("[1].0", 5, "`0`", ""),
        ("1.2.3", 5, "`3`", ""),
        ("fields.½", 8, "`½`", ""),
        ("fields.\u0301", 8, "`\u0301`", ""),
        ("fields.\u00e9\u2019", 9, "`\u2019`", "straight quotes"),
        ("fields[", 8, "the end", ""),
        ("fields[]", 8, "`]`", ""),
        ("fields[0", 9, "the end", ""),
        ("functions.f(1 2)", 15, "`2`", ""),
        ("functions.f(1,,2)", 15, "`,`", ""),
        ("[1,,2]", 4, "`,`", ""),
        ("(1", 3, "the end", ""),
        ("(1]", 3, "`]`", ""),
        (")", 1, "`)`", ""),
        ("?? 1", 1, "`?`", ""),
        ("1 ?? ", 6, "the end", ""),
        ("-", 1, "`-`", "do not calculate"),
        ("-'1'", 1, "`-`", "do not calculate"),
    ],
)
def test_refuses_with_a_place_and_a_hint(source: str, column: int, found: str, hint: str) -> None:
    error = refused(source)

    assert (error.line, error.column) == (1, column)
    assert error.message.endswith(f"found {found}") or found in {"`.`", "`?`"}
    assert hint in error.hint
    assert error.excerpt() == (f"{source}\n{' ' * (column - 1)}^" if source else "")


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ("'abc", 1, "a closing '"),
        ("'a\nb'", 1, "a closing '"),
        ("'\\", 1, "a closing '"),
        ("'\\u00g0'", 2, "an escape"),
        ("'x\\u{110000}'", 3, "an escape"),
        ("'\\xg'", 2, "an escape"),
        ("'\\1'", 2, "an escape"),
        ("'\\00'", 2, "an escape"),
        ("1a", 2, "the end of the number"),
        ("1_", 2, "the end of the number"),
        ("010", 2, "the end of the number"),
        ("1n", 2, "the end of the number"),
        ("0x", 2, "the end of the number"),
    ],
)
def test_refuses_texts_and_numbers_that_do_not_end(source: str, column: int, message: str) -> None:
    error = refused(source)

    assert (error.column, message in error.message) == (column, True)


def test_the_place_counts_lines() -> None:
    error = refused("fields.a\n  ?? 1\n  || 2")

    assert (error.line, error.column) == (3, 3)
    assert error.excerpt() == "  || 2\n  ^"


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_javascripts_words_start_nothing_but_may_name_members(word: str) -> None:
    assert f"`{word}`" in refused(word).message
    assert parse(f"fields.{word}") == Access(Root("fields", 0), (word,), 0)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(" * 65 + "1" + ")" * 65, "nested deeper"),
        ("[" * 9_000, "nested deeper"),
        ("fields" + ".a" * 201, "steps in one path"),
        ("fields" + "[0]" * 3_000, "steps in one path"),
        (" ?? ".join(["a"] * 201), "parts in one `??` chain"),
        ("[" + "1," * 201 + "]", "items in one list"),
        ("functions.f(" + "1," * 201 + ")", "items in one list"),
        (" " * 10_001 + "a", "characters allowed"),
    ],
)
def test_limits_are_told(source: str, message: str) -> None:
    assert message in refused(source).message


def test_what_is_just_within_the_limits_is_read() -> None:
    deep = limits.MAX_DEPTH - 1

    assert parse("(" * deep + "1" + ")" * deep) == Literal(1, 0)
    assert isinstance(parse("fields" + ".a" * limits.MAX_CHAIN), Access)
    assert isinstance(parse(" ?? ".join(["a"] * limits.MAX_CHAIN)), Coalesce)
    assert isinstance(parse("[" + "1," * limits.MAX_ARGUMENTS + "]"), Array)


NAMES = st.one_of(
    st.sampled_from(["a", "fields", "functions", "toString", "_", "$x", "é", "नाम"]),
    st.text(string.ascii_letters + string.digits + "_$", min_size=1, max_size=5),
).filter(lambda name: name.isidentifier() and name not in RESERVED)
ROOTS = NAMES.filter(lambda name: name not in {"true", "false", "null", "undefined", "NaN"})
LITERALS = st.one_of(
    st.none(),
    st.just(UNDEFINED),
    st.booleans(),
    st.integers(-(10**20), 10**20).filter(lambda n: int(float(n)) == n and abs(n) < 2**53),
    st.floats(allow_nan=False).filter(lambda x: not x.is_integer()),
    st.sampled_from([-0.0, math.inf, -math.inf]),
    st.text(max_size=8),
)


def _access(base: Node, steps: tuple[Any, ...]) -> Node:
    # The parser joins the steps of a path, and takes a constant key for its text.
    if isinstance(base, Access):
        return Access(base.base, (*base.steps, *steps), 0)
    return Access(base, steps, 0)


def _call(callee: Node, arguments: list[Node]) -> Node:
    match callee:
        case Access(base=Root(name="functions"), steps=(str(name),)):
            return Call(name, tuple(arguments), 0)
        case _:
            return BadCall(callee, tuple(arguments), 0)


def _larger(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    computed = inner.filter(lambda node: not isinstance(node, Literal))
    steps = st.lists(st.one_of(st.text(max_size=6), NAMES, computed), min_size=1, max_size=3)
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: Array(tuple(items), 0)),
        st.builds(_access, inner, steps.map(tuple)),
        st.builds(
            lambda name, given: Call(name, tuple(given), 0), NAMES, st.lists(inner, max_size=3)
        ),
        st.builds(_call, inner, st.lists(inner, max_size=3)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Coalesce(tuple(parts), 0)),
    )


NODES = st.recursive(
    st.one_of(LITERALS.map(lambda value: Literal(value, 0)), ROOTS.map(lambda name: Root(name, 0))),
    _larger,
    max_leaves=12,
)


@given(NODES)
@example(Access(Literal("a", 0), ("b",), 0))
@example(Access(Coalesce((Root("a", 0), Root("b", 0)), 0), ("0",), 0))
@example(Array((Literal(-0.0, 0), Literal("\ud83d'\\\n\u2028", 0)), 0))
def test_printing_and_reading_gives_the_tree_back(node: Node) -> None:
    printed = print_expression(node)

    again = parse(printed)

    # The second look tells true from 1, and -0 from 0, which == does not.
    assert again == node
    assert print_expression(again) == printed


PIECES = st.sampled_from(
    [*"fields vars a 0 1.5 ' \" \\ . ( ) [ ] , ?? ?. || - null functions.f( 'x'".split(), " "]
)


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=14).map("".join)))
def test_reading_raises_nothing_but_its_own_error(source: str) -> None:
    try:
        node = parse(source)
    except ExpressionSyntaxError as error:
        lines = source.split("\n")
        place = error.line, error.column
        assert (1, 1) <= place <= (len(lines), len(lines[error.line - 1]) + 1)  # noqa: PT017
        return

    assert parse(print_expression(node)) == node
