"""What to tell an author whose expression is not in the language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sluiceway.expressions.values import ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RESERVED", "explain_unexpected", "hint_for_call", "hint_for_root", "suggest"]

RESERVED = frozenset(
    {
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "export",
        "extends",
        "finally",
        "for",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "let",
        "new",
        "return",
        "super",
        "switch",
        "this",
        "throw",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
    }
)
"""JavaScript's own words: never the start of a path."""

_NO_MATHS = "flow expressions do not calculate; store the result in a variable before this step"
_NO_COMPARISON = "flow expressions do not compare; use an If/Then condition"
_NO_LOGIC = "flow expressions have no logic; use an If/Then condition"
_NO_JAVASCRIPT = "flow expressions are not JavaScript: paths, values, `??` and functions only"
_STRAIGHT_QUOTES = "use straight quotes: ' or \""

_HINTS = {
    "||": "write `??`: it takes the right side if the left one is null or undefined",
    "&&": _NO_LOGIC,
    "===": _NO_COMPARISON,
    "!==": _NO_COMPARISON,
    "==": _NO_COMPARISON,
    "!=": _NO_COMPARISON,
    "<=": _NO_COMPARISON,
    ">=": _NO_COMPARISON,
    "=>": _NO_JAVASCRIPT,
    "??=": "write `??`",
    "?.": "write `.`: a member of a missing value is undefined, never an error",
    "...": "use functions.merge(a, b)",
    "//": "flow expressions have no comments",
    "/*": "flow expressions have no comments",
    "++": _NO_MATHS,
    "--": _NO_MATHS,
    "**": _NO_MATHS,
    "?": "flow expressions have no `a ? b : c`; use an If/Then condition",
    ":": "flow expressions have no `a ? b : c`; use an If/Then condition",
    "!": _NO_LOGIC,
    "|": "that is Liquid, the language of message texts; here write functions.name(value)",
    "&": _NO_LOGIC,
    "+": "to join texts write them side by side, `{{ a }}{{ b }}`, or use functions.merge(a, b)",
    "-": _NO_MATHS,
    "*": _NO_MATHS,
    "/": _NO_MATHS,
    "%": _NO_MATHS,
    "^": _NO_MATHS,
    "~": _NO_MATHS,
    "<": _NO_COMPARISON,
    ">": _NO_COMPARISON,
    "=": "flow expressions change nothing; use the Store shared variable action",
    ";": "write one expression, without `;`",
    "{": "flow expressions have no objects; build the object in the JSON around them",
    "}": "close the expression with }}",
    "`": "use ' or \" around a text",
    "\u2018": _STRAIGHT_QUOTES,
    "\u2019": _STRAIGHT_QUOTES,
    "\u201c": _STRAIGHT_QUOTES,
    "\u201d": _STRAIGHT_QUOTES,
    "#": _NO_JAVASCRIPT,
    "@": _NO_JAVASCRIPT,
}
_OPERATOR = re.compile("|".join(re.escape(o) for o in sorted(_HINTS, key=len, reverse=True)))
_WORD = re.compile(r"[\w$]+")
_SHOWN_ARGUMENTS = 60
_ROOT_HINTS = {
    "state": "older flows wrote `state`; write `vars` or `fields`",
    "user": "write `context.user`",
    "client": "write `context.client`",
    "application": "write `context.client`",
    "organization": "write `context.organization`",
    "tenant": "write `context.tenant`",
    "transaction": "write `context.transaction`",
    "custom_domain": "write `context.custom_domain`",
    "event": "write `context`: `event` belongs to Actions code",
    "custom_vars": "`custom_vars` belongs to the message's own Liquid text",
    "function": "write `functions`",
}


def explain_unexpected(source: str, offset: int) -> tuple[str, str]:
    """Return what stands at *offset* of *source*, for a message, and a hint or ``""``."""
    if offset >= len(source):
        return "the end", ""
    operator = _OPERATOR.match(source, offset)
    if operator:
        return f"`{operator[0]}`", _HINTS[operator[0]]
    word = _WORD.match(source, offset)
    if not word:
        return f"`{source[offset]}`", ""
    return f"`{word[0][:40]}`", _NO_JAVASCRIPT if word[0] in RESERVED else ""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``"did you mean `x`?"`` for the nearest of *known*, or ``""``."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a message needs it

    by_lower = {k.lower(): k for k in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean `{by_lower[near[0]]}`?" if near else ""


def hint_for_root(name: str) -> str:
    """Say what to write in place of the unknown first *name* of a path."""
    return (
        _ROOT_HINTS.get(name.lower())
        or suggest(name, (*ROOTS, "functions"))
        or "paths start with context, fields, vars, actions or functions"
    )


def hint_for_call(callee: str, arguments: Iterable[str], functions: Iterable[str]) -> str:
    """Say what to write in place of a call of *callee*, a path as text, which is no function."""
    receiver, _, name = callee.rpartition(".")
    if callee == "t":
        return "t() is for the texts of forms; flows have no custom messages"
    if name in functions:
        given = ", ".join(filter(None, (receiver, *arguments)))
        return f"write functions.{name}({given if len(given) <= _SHOWN_ARGUMENTS else '...'})"
    return suggest(name, functions) or "only functions.name(...) can be called"
