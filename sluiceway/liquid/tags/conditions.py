"""``if``, ``unless`` and ``case``. Source: LiquidJS 10.30.1, ``tags/*``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import LiquidRenderError
from sluiceway.liquid.nodes import placed
from sluiceway.liquid.tags.base import TagFamily
from sluiceway.liquid.values import equals, is_truthy, plain

if TYPE_CHECKING:
    from sluiceway.liquid.expressions import Read
    from sluiceway.liquid.nodes import Node, Value
    from sluiceway.liquid.parser import Parser
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.scanner import Token
    from sluiceway.liquid.values import LiquidValue

__all__ = ["TAGS"]


class _Branch(msgspec.Struct, frozen=True):
    value: Value
    holds_if: bool
    nodes: list[Node]


class _Conditional(msgspec.Struct, frozen=True):
    branches: list[_Branch]
    otherwise: list[Node]

    def render(self, rendering: Rendering) -> None:
        for branch in self.branches:
            if is_truthy(branch.value.evaluate(rendering)) is branch.holds_if:
                rendering.render(branch.nodes)
                return
        rendering.render(self.otherwise)


class _When(msgspec.Struct, frozen=True):
    values: list[Read]
    nodes: list[Node]
    source: str
    offset: int

    def holds(self, target: LiquidValue, rendering: Rendering) -> bool:
        """Tell whether *target* is one of the values; an error stands at this ``when``."""
        try:
            return any(equals(target, value.evaluate(rendering)) for value in self.values)
        except LiquidRenderError as error:
            raise placed(error, self.source, self.offset) from error


class _Case(msgspec.Struct, frozen=True):
    value: Value
    branches: list[_When]
    otherwise: list[Node]

    def render(self, rendering: Rendering) -> None:
        target = plain(self.value.evaluate(rendering))
        was_hit = False
        for branch in self.branches:
            # Each branch that matches is rendered, not the first alone.
            if branch.holds(target, rendering):
                rendering.render(branch.nodes)
                was_hit = True
        if not was_hit:
            rendering.render(self.otherwise)


def _read_if(parser: Parser, token: Token) -> Node:
    branches: list[_Branch] = []
    otherwise: list[Node] = []
    value, has_else = parser.value(parser.reader(token)), False
    while True:
        nodes, end = parser.parse_until(token, ("elsif", "else", "endif"))
        if has_else:
            otherwise = nodes
        else:
            branches.append(_Branch(value, holds_if=True, nodes=nodes))
        if end.name == "elsif":
            if has_else:
                raise parser.error(end, "unexpected elsif after else")
            value = parser.value(parser.reader(end))
            continue
        parser.require_no_args(end)
        if end.name == "endif":
            return _Conditional(branches, otherwise)
        if has_else:
            raise parser.error(end, "duplicated else")
        has_else = True


def _read_unless(parser: Parser, token: Token) -> Node:
    """Read ``unless``; what follows a second ``else`` counts for nothing, as in LiquidJS."""
    branches: list[_Branch] = []
    otherwise: list[Node] = []
    value: Value | None = parser.value(parser.reader(token))
    elses = 0
    while True:
        nodes, end = parser.parse_until(token, ("elsif", "else", "endunless"))
        if value is not None:
            branches.append(_Branch(value, holds_if=bool(branches), nodes=nodes))
        elif elses == 1 and not otherwise:
            otherwise = nodes
        value = None
        if end.name == "endunless":
            return _Conditional(branches, otherwise)
        if end.name == "else":
            elses += 1
        elif not elses:
            value = parser.value(parser.reader(end))


def _read_case(parser: Parser, token: Token) -> Node:
    """Read ``case``; what is before the first ``when`` or after a second ``else`` is dropped."""
    value = parser.value(parser.reader(token))
    branches: list[_When] = []
    otherwise: list[Node] = []
    when: tuple[list[Read], int] | None = None
    elses = 0
    while True:
        nodes, end = parser.parse_until(token, ("when", "else", "endcase"))
        if when is not None:
            branches.append(_When(when[0], nodes, parser.source, when[1]))
        elif elses == 1:
            otherwise += nodes
        when = None
        if end.name == "endcase":
            return _Case(value, branches, otherwise)
        if end.name == "else":
            elses += 1
        elif not elses:
            when = (_read_when(parser, end), end.begin)


def _read_when(parser: Parser, token: Token) -> list[Read]:
    reader = parser.reader(token)
    values: list[Read] = []
    while not reader.at_end():
        values.append(reader.require_value())
        reader.skip_blank()
        reader.skip_past("," if reader.peek() == "," else "or")
    parser.note_paths(reader)
    return values


TAGS: Final = TagFamily({"case": _read_case, "if": _read_if, "unless": _read_unless})
