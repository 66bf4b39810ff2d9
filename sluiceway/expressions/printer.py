"""Write a syntax tree back as text; reading that text gives the same tree."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from sluiceway.expressions.javascript import array_index, number_text
from sluiceway.expressions.nodes import Access, Array, BadCall, Call, Coalesce, Literal, Root
from sluiceway.expressions.parser import is_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.expressions.nodes import Node
    from sluiceway.expressions.values import Undefined

__all__ = ["print_expression"]

_ESCAPED = re.compile("[\\\\'\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


def print_expression(node: Node) -> str:
    """Write *node* in the shortest usual spelling: single quotes, dots where they can be."""
    match node:
        case Literal(value=value):
            text = _print_literal(value)
        case Array(items=items):
            text = f"[{_print_list(items)}]"
        case Root(name=name):
            text = name
        case Access(base=base, steps=steps):
            text = _print_operand(base) + "".join(map(_print_step, steps))
        case Call(name=name, arguments=arguments):
            text = f"functions.{name}({_print_list(arguments)})"
        case BadCall(callee=callee, arguments=arguments):
            text = f"{_print_operand(callee)}({_print_list(arguments)})"
        case Coalesce(parts=parts):  # pragma: no branch - there is no other kind
            text = " ?? ".join(map(_print_part, parts))
    return text


def _print_part(node: Node) -> str:
    text = print_expression(node)
    return f"({text})" if isinstance(node, Coalesce) else text


def _print_list(nodes: Iterable[Node]) -> str:
    return ", ".join(map(print_expression, nodes))


def _print_operand(node: Node) -> str:
    text = print_expression(node)
    bare = isinstance(node, (Root, Access, Call, BadCall, Array))
    return text if bare else f"({text})"


def _print_step(step: str | Node) -> str:
    if not isinstance(step, str):
        return f"[{print_expression(step)}]"
    if array_index(step) is not None:
        return f"[{step}]"
    return f".{step}" if is_name(step) else f"[{_quote(step)}]"


def _print_literal(value: str | float | Undefined | None) -> str:
    if isinstance(value, str):
        return _quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "-0" if not value and math.copysign(1, value) < 0 else number_text(value)
    return "undefined"


def _quote(text: str) -> str:
    def escape(found: re.Match[str]) -> str:
        return f"\\{found[0]}" if found[0] in "\\'" else f"\\u{ord(found[0]):04x}"

    return f"'{_ESCAPED.sub(escape, text)}'"
