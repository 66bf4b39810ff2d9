"""``include``, ``render``, ``layout`` and ``block``, from the templates that are given.

Source: LiquidJS 10.30.1, ``tags/*``. There is no file system here: a name is looked up among the
given templates and nowhere else (CVE-2026-35525 read through a link).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import LiquidRenderError
from sluiceway.liquid.nodes import Text
from sluiceway.liquid.tags.base import Arguments, TagFamily
from sluiceway.liquid.values import BlockDrop, ForLoop, plain, stringify, to_enumerable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluiceway.liquid.expressions import Read, Reader
    from sluiceway.liquid.nodes import Node
    from sluiceway.liquid.parser import Parser
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.scanner import Token
    from sluiceway.liquid.values import LiquidValue

__all__ = ["TAGS"]

_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_OUTPUT, _STORE = "output", "store"


class _File(msgspec.Struct, frozen=True):
    """The name of a template: a text, itself a template where it holds one, or a value."""

    read: Read
    nodes: list[Node] | None

    def name(self, rendering: Rendering) -> str:
        if self.nodes is not None:
            name = rendering.capture(self.nodes)
        else:
            name = stringify(plain(self.read.evaluate(rendering)))
        if not name:
            raise LiquidRenderError("expected the name of a template, found nothing")
        return name


def _name_of(file: _File | None, rendering: Rendering) -> str:
    if file is None:
        raise LiquidRenderError("expected the name of a template, found none")
    return file.name(rendering)


def _load(rendering: Rendering, name: str) -> Any:
    return rendering.load(name)


class _Include(msgspec.Struct, frozen=True):
    file: _File | None
    with_value: Read | None
    arguments: Arguments

    def render(self, rendering: Rendering) -> None:
        name = _name_of(self.file, rendering)
        registers = rendering.registers
        saved = registers.get("blocks"), registers.get("blockMode")
        registers["blocks"], registers["blockMode"] = {}, _OUTPUT
        scope = self.arguments.evaluate(rendering)
        if self.with_value is not None:
            scope[name] = self.with_value.evaluate(rendering)
        nodes = _load(rendering, name)
        rendering.scopes.append(scope)
        rendering.render_loaded(nodes)
        rendering.scopes.pop()
        registers["blocks"], registers["blockMode"] = saved


class _Binding(msgspec.Struct, frozen=True):
    value: Read
    alias: str


class _Render(msgspec.Struct, frozen=True):
    """``render``: like ``include``, but the template sees nothing of the outside."""

    file: _File | None
    with_value: _Binding | None
    for_each: _Binding | None
    arguments: Arguments

    def render(self, rendering: Rendering) -> None:
        name = _name_of(self.file, rendering)
        scope = self.arguments.evaluate(rendering)
        if self.with_value is not None:
            alias = self.with_value.alias or name
            scope[alias] = self.with_value.value.evaluate(rendering)
        items: list[LiquidValue] | None = None
        if self.for_each is not None:
            items = to_enumerable(self.for_each.value.evaluate(rendering))
        outside = rendering.scopes, rendering.environment, rendering.registers
        rendering.scopes, rendering.environment, rendering.registers = [scope], {}, {}
        rendering.budget.enter()
        if items is None or self.for_each is None:
            rendering.render_loaded(_load(rendering, name))
        elif items:
            # A template that is not there is only missed if there is an item to show.
            nodes = _load(rendering, name)
            loop = ForLoop(len(items), f"{self.for_each.alias}-{self.for_each.value.text}")
            scope["forloop"] = loop
            for item in items:
                scope[self.for_each.alias or "undefined"] = item
                rendering.render_loaded(nodes)
                loop.i += 1
        rendering.budget.leave()
        rendering.scopes, rendering.environment, rendering.registers = outside
        # A break in there ends nothing out here.
        rendering.breaks = rendering.continues = False


class _Layout(msgspec.Struct, frozen=True):
    file: _File | None
    arguments: Arguments
    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        registers = rendering.registers
        if self.file is None:
            registers["blockMode"] = _OUTPUT
            rendering.render(self.nodes)
            return
        layout = _load(rendering, self.file.name(rendering))
        registers["blockMode"] = _STORE
        text = rendering.capture(self.nodes)
        blocks: dict[str, _RenderBlock] = rendering.register("blocks", dict[str, "_RenderBlock"])
        if "" not in blocks:
            blocks[""] = lambda _: rendering.write(text)
        registers["blockMode"] = _OUTPUT
        rendering.scopes.append(self.arguments.evaluate(rendering))
        rendering.render_loaded(layout)
        rendering.scopes.pop()


if TYPE_CHECKING:
    _RenderBlock = Callable[[BlockDrop], None]


class _Block(Discreet, msgspec.Struct, frozen=True, eq=False):
    withheld = frozenset({"nodes"})
    name: str
    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        render = self._renderer(rendering)
        if rendering.registers.get("blockMode") == _STORE:
            rendering.register("blocks", dict[str, "_RenderBlock"])[self.name] = render
        else:
            render(BlockDrop(lambda: ""))

    def _renderer(self, rendering: Rendering) -> _RenderBlock:
        blocks: dict[str, _RenderBlock] = rendering.register("blocks", dict[str, "_RenderBlock"])
        child = blocks.get(self.name)
        own = self, rendering.template

        def render_own(above: BlockDrop) -> None:
            stack: list[tuple[_Block, int]] = rendering.register("blockStack", list[Any])
            if own in stack:
                raise LiquidRenderError("block tag cannot be nested")
            stack.append(own)
            rendering.scopes.append({"block": above})
            rendering.budget.enter()
            rendering.render(self.nodes)
            rendering.budget.leave()
            rendering.scopes.pop()
            stack.pop()

        if child is None:
            return render_own
        replaced = child

        def render_child(above: BlockDrop) -> None:
            replaced(BlockDrop(lambda: _aside(rendering, lambda: render_own(above))))

        return render_child


def _aside(rendering: Rendering, render: Callable[[], None]) -> str:
    outside, rendering.out = rendering.out, []
    try:
        render()
        return "".join(rendering.out)
    finally:
        rendering.out = outside


def _read_file(parser: Parser, reader: Reader, token: Token) -> _File | None:
    read = reader.read_value()
    if read is None:
        raise parser.error(token, "illegal file path: expected the name of a template")
    if read.text == "none":
        return None
    nodes: list[Node] | None = None
    if read.is_quoted:
        text = str(read.constant)
        is_template = "{{" in text or "{%" in text
        nodes = parser.parse_text(text) if is_template else [Text(text)]
    return _File(read, nodes)


def _read_include(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    file = _read_file(parser, reader, token)
    begin, with_value = reader.position, None
    if reader.read_name() == "with":
        reader.skip_blank()
        if reader.peek() == ":":
            reader.position = begin
        else:
            with_value = reader.read_value()
    else:
        reader.position = begin
    arguments = Arguments.read(reader)
    parser.note_paths(reader)
    return _Include(file, with_value, arguments)


def _read_render(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    file = _read_file(parser, reader, token)
    bindings = dict(_read_bindings(reader))
    arguments = Arguments.read(reader)
    parser.note_paths(reader)
    return _Render(file, bindings.get("with"), bindings.get("for"), arguments)


def _read_bindings(reader: Reader) -> Iterator[tuple[str, _Binding]]:
    while not reader.at_end():
        begin = reader.position
        word = reader.read_name()
        reader.skip_blank()
        value = None
        if word in {"with", "for"} and reader.peek() != ":":
            value = reader.read_value()
        if value is None:
            reader.position = begin
            return
        before, alias = reader.position, ""
        if reader.read_name() == "as":
            alias = reader.read_name()
        else:
            reader.position = before
        yield word, _Binding(value, alias)
        reader.skip_blank()
        if reader.peek() == ",":
            reader.position += 1


def _read_layout(parser: Parser, token: Token) -> Node:
    reader = parser.reader(token)
    file = _read_file(parser, reader, token)
    arguments = Arguments.read(reader)
    parser.note_paths(reader)
    return _Layout(file, arguments, parser.rest())


def _read_block(parser: Parser, token: Token) -> Node:
    found = _NAME.search(token.args)
    parser.inventory.set_name("block")
    nodes, _ = parser.parse_until(token, ("endblock",))
    return _Block(found[0] if found else "", nodes)


TAGS: Final = TagFamily(
    {
        "block": _read_block,
        "include": _read_include,
        "layout": _read_layout,
        "render": _read_render,
    }
)
