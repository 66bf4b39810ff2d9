"""``for``, ``tablerow``, ``cycle``, ``break`` and ``continue``. Source: LiquidJS 10.30.1, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.tags.base import Arguments, TagFamily
from sluiceway.liquid.values import (
    ForLoop,
    TableRowLoop,
    is_js_true,
    js_number,
    plain,
    stringify,
    to_enumerable,
    to_integer,
    to_text,
)

if TYPE_CHECKING:
    from sluiceway.liquid.expressions import FilteredValue, Read
    from sluiceway.liquid.nodes import Node, Value
    from sluiceway.liquid.parser import Parser
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.scanner import Token
    from sluiceway.liquid.values import LiquidValue

__all__ = ["TAGS"]


class _For(msgspec.Struct, frozen=True):
    variable: str
    collection: Read
    arguments: Arguments
    nodes: list[Node]
    otherwise: list[Node]

    def render(self, rendering: Rendering) -> None:
        items = to_enumerable(self.collection.evaluate(rendering))
        if not items:
            rendering.render(self.otherwise)
            return
        items = self._chosen(items, rendering)
        loop = ForLoop(len(items), f"{self.variable}-{self.collection.text}")
        scope: dict[str, LiquidValue] = {"forloop": loop}
        rendering.scopes.append(scope)
        for item in items:
            rendering.budget.step()
            scope[self.variable] = item
            rendering.breaks = rendering.continues = False
            rendering.render(self.nodes)
            if rendering.breaks:
                break
            loop.i += 1
        rendering.breaks = rendering.continues = False
        rendering.scopes.pop()

    def _chosen(self, items: list[LiquidValue], rendering: Rendering) -> list[LiquidValue]:
        """Return the items from ``offset`` on, ``limit`` of them, ``reversed``; in that order."""
        key = f"continue-{self.variable}-{self.collection.text}"
        rendering.scopes.append({"continue": rendering.register(key, dict[str, Any])})
        given = self.arguments.evaluate(rendering)
        rendering.scopes.pop()
        offset = given.get("offset", UNDEFINED)
        if offset is not UNDEFINED:
            items = _slice(items, to_integer(offset), None)
        limit = given.get("limit", UNDEFINED)
        if limit is not UNDEFINED:
            items = _slice(items, 0, to_integer(limit))
        if given.get("reversed", UNDEFINED) is not UNDEFINED:
            items = items[::-1]
        start = plain(offset)
        rendering.registers[key] = _sum(start if is_js_true(start) else 0, len(items))
        return items


def _slice(items: list[LiquidValue], begin: float, end: float | None) -> list[LiquidValue]:
    size = len(items)
    low = int(max(size + begin, 0) if begin < 0 else min(begin, size))
    if end is None:
        return items[low:]
    return items[low : int(max(size + end, 0) if end < 0 else min(end, size))]


def _sum(one: LiquidValue, other: LiquidValue) -> LiquidValue:
    """Add as JavaScript's ``+`` does: where one is a text or becomes one, the other does, too."""
    one, other = plain(one), plain(other)
    if isinstance(one, str | list | dict) or isinstance(other, str | list | dict):
        return f"{to_text(one)}{to_text(other)}"
    return js_number(one) + js_number(other)


class _TableRow(msgspec.Struct, frozen=True):
    variable: str
    collection: Read
    arguments: Arguments
    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        items = to_enumerable(self.collection.evaluate(rendering))
        given = self.arguments.evaluate(rendering)
        offset = given.get("offset") or 0
        limit = given.get("limit", UNDEFINED)
        end = _sum(offset, len(items) if limit is UNDEFINED else limit)
        items = _slice(items, to_integer(offset), to_integer(end))
        loop = TableRowLoop(
            len(items),
            f"{self.variable}-{self.collection.text}",
            given.get("cols") or len(items),
        )
        scope: dict[str, LiquidValue] = {"tablerowloop": loop}
        rendering.scopes.append(scope)
        for item in items:
            rendering.budget.step()
            scope[self.variable] = item
            row = stringify(loop.read("row"))
            if loop.read("col0") == 0:
                if row != "1":
                    rendering.write("</tr>")
                rendering.write(f'<tr class="row{row}">')
            rendering.write(f'<td class="col{stringify(loop.read("col"))}">')
            rendering.render(self.nodes)
            rendering.write("</td>")
            loop.i += 1
        if items:
            rendering.write("</tr>")
        rendering.scopes.pop()


class _Cycle(msgspec.Struct, frozen=True):
    group: Read | None
    candidates: list[tuple[FilteredValue, Value]]

    def render(self, rendering: Rendering) -> None:
        group = self.group.evaluate(rendering) if self.group else UNDEFINED
        texts = ",".join(found.text for found, _ in self.candidates)
        key = f"cycle:{to_text(group)}:{texts}"
        turns: dict[str, int] = rendering.register("cycle", dict[str, int])
        turn = turns.get(key, 0)
        turns[key] = (turn + 1) % len(self.candidates)
        value = plain(self.candidates[turn][1].evaluate(rendering))
        # False and 0 print nothing here: LiquidJS writes what a tag returns only if it is true.
        rendering.write(stringify(value) if value not in (False, 0) else "")


class _Break(msgspec.Struct, frozen=True):
    def render(self, rendering: Rendering) -> None:
        rendering.breaks = True


class _Continue(msgspec.Struct, frozen=True):
    def render(self, rendering: Rendering) -> None:
        rendering.continues = True


def _read_head(parser: Parser, token: Token) -> tuple[str, Read, Arguments]:
    reader = parser.reader(token)
    variable = reader.read_name()
    word = reader.read_name()
    collection = reader.read_value()
    if word != "in" or collection is None or not (variable or token.name == "tablerow"):
        raise parser.error(
            token, f"illegal tag: {token.whole[:80]}", hint="Write: for item in items"
        )
    parser.inventory.set_name(variable, reader.paths)
    parser.inventory.set_name("forloop" if token.name == "for" else "tablerowloop")
    arguments = Arguments.read(reader)
    parser.note_paths(reader)
    return variable, collection, arguments


def _read_for(parser: Parser, token: Token) -> Node:
    variable, collection, arguments = _read_head(parser, token)
    nodes, end = parser.parse_until(token, ("else", "endfor"))
    otherwise: list[Node] = []
    while end.name == "else":
        parser.require_no_args(end)
        more, end = parser.parse_until(token, ("else", "endfor"))
        otherwise += more
    parser.require_no_args(end)
    return _For(variable, collection, arguments, nodes, otherwise)


def _read_tablerow(parser: Parser, token: Token) -> Node:
    variable, collection, arguments = _read_head(parser, token)
    nodes, _ = parser.parse_until(token, ("endtablerow",))
    return _TableRow(variable, collection, arguments, nodes)


def _read_cycle(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    begin = reader.position
    group = reader.read_value()
    reader.skip_blank()
    if group is not None and reader.peek() == ":":
        reader.position += 1
    else:
        group, reader.position = None, begin
    candidates: list[tuple[FilteredValue, Value]] = []
    while not reader.at_end():
        candidates.append(parser.filtered(reader))
        reader.skip_past(",")
    if not candidates:
        raise parser.error(token, f"empty candidates: {token.whole[:80]}")
    return _Cycle(group, candidates)


def _read_break(parser: Parser, token: Token) -> Node:
    del parser, token
    return _Break()


def _read_continue(parser: Parser, token: Token) -> Node:
    del parser, token
    return _Continue()


TAGS: Final = TagFamily(
    {
        "break": _read_break,
        "continue": _read_continue,
        "cycle": _read_cycle,
        "for": _read_for,
        "tablerow": _read_tablerow,
    }
)
