"""``assign``, ``capture``, ``increment``, ``decrement``, ``echo`` and ``debug``.

Source: LiquidJS 10.30.1, ``tags/*``; ``debug`` is Auth0's own (docs/differences.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.nodes import Output
from sluiceway.liquid.strings import read_string
from sluiceway.liquid.tags.base import TagFamily
from sluiceway.liquid.values import Drop, is_list, is_object, plain, stringify

if TYPE_CHECKING:
    from sluiceway.liquid.nodes import Node, Value
    from sluiceway.liquid.parser import Parser
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.scanner import Token

__all__ = ["TAGS"]


class _Assign(msgspec.Struct, frozen=True):
    name: str
    value: Value

    def render(self, rendering: Rendering) -> None:
        rendering.scopes[0][self.name] = self.value.evaluate(rendering)


class _Capture(msgspec.Struct, frozen=True):
    name: str
    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        rendering.scopes[0][self.name] = rendering.capture(self.nodes)


class _Count(msgspec.Struct, frozen=True):
    """Counters live beside the data, below what ``assign`` makes."""

    name: str
    step: int

    def render(self, rendering: Rendering) -> None:
        value = rendering.environment.get(self.name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            value = 0
        rendering.environment[self.name] = value + self.step
        rendering.write(stringify(value if self.step > 0 else value + self.step))


class _Nothing(msgspec.Struct, frozen=True):
    def render(self, rendering: Rendering) -> None:
        del rendering


class _Debug(msgspec.Struct, frozen=True):
    """Shows what the template can read here, as Auth0's page promises; the form is ours."""

    def render(self, rendering: Rendering) -> None:
        import html  # noqa: PLC0415 - seldom used
        import json  # noqa: PLC0415

        shown = json.dumps(
            _jsonable(rendering.all_variables()), ensure_ascii=False, indent=2, sort_keys=True
        )
        rendering.write(f"<pre>{html.escape(shown)}</pre>")


def _jsonable(value: Any) -> Any:
    value = plain(value)
    if is_object(value):
        return {str(key): _jsonable(item) for key, item in value.items() if item is not UNDEFINED}
    if is_list(value):
        return [_jsonable(item) for item in value]
    return None if value is UNDEFINED or isinstance(value, Drop) else value


def _read_assign(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    name = reader.read_name()
    if not name:
        raise reader.error("expected the name of a variable")
    reader.skip_blank()
    if reader.peek() != "=":
        raise reader.error('expected "="')
    reader.position += 1
    found, value = parser.filtered(reader)
    # An escaped value is safe to print, whatever it was made of.
    is_escaped = any(call.name in {"escape", "escape_once"} for call in found.filters)
    parser.inventory.set_name(name, () if is_escaped else found.paths)
    return _Assign(name, value)


def _read_capture(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    name = reader.read_name()
    if not name and reader.peek() in {"'", '"'}:
        name, _ = read_string(reader.source, reader.position, reader.end)
    elif not name:
        raise reader.error("invalid capture name")
    parser.inventory.set_name(name)
    nodes, _ = parser.parse_until(token, ("endcapture",))
    return _Capture(name, nodes)


def _read_increment(parser: Parser, token: Token) -> Node:
    return _read_count(parser, token, 1)


def _read_decrement(parser: Parser, token: Token) -> Node:
    return _read_count(parser, token, -1)


def _read_count(parser: Parser, token: Token, step: int) -> Node:
    name = parser.reader(token).read_name()
    parser.inventory.set_name(name)
    return _Count(name, step)


def _read_echo(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    return _Nothing() if reader.at_end() else Output(parser.value(reader, is_output=True))


def _read_debug(parser: Parser, token: Token) -> Node:
    parser.require_no_args(token)
    return _Debug()


TAGS: Final = TagFamily(
    {
        "assign": _read_assign,
        "capture": _read_capture,
        "debug": _read_debug,
        "decrement": _read_decrement,
        "echo": _read_echo,
        "increment": _read_increment,
    }
)
