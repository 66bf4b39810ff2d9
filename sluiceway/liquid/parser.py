"""Turn tokens into nodes: outputs and text here, tags by their own functions.

Source: LiquidJS 10.30.1, ``parser/parser``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.errors import LiquidSyntaxError
from sluiceway.liquid.expressions import Reader
from sluiceway.liquid.filters import find_filter
from sluiceway.liquid.nodes import Output, Tag, Text, Value
from sluiceway.liquid.scanner import BLANKS, Kind, Token, name_tag, scan, syntax_error
from sluiceway.liquid.tags import all_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sluiceway.liquid.expressions import FilteredValue, Path
    from sluiceway.liquid.limits import Limits
    from sluiceway.liquid.nodes import Node

__all__ = ["Inventory", "Parser", "parse_nodes"]


class Inventory(msgspec.Struct):
    """What a template uses, for checks: values, tags, and names that it sets itself."""

    values: list[tuple[FilteredValue, bool]] = msgspec.field(
        default_factory=list[tuple["FilteredValue", bool]]
    )
    paths: list[Path] = msgspec.field(default_factory=list["Path"])
    tags: list[tuple[str, int]] = msgspec.field(default_factory=list[tuple[str, int]])
    names: set[str] = msgspec.field(default_factory=set[str])
    sources: list[tuple[str, tuple[Path, ...]]] = msgspec.field(
        default_factory=list[tuple[str, "tuple[Path, ...]"]]
    )

    def set_name(self, name: str, paths: Iterable[Path] = ()) -> None:
        """Note that the template sets *name* itself, from what *paths* read."""
        self.names.add(name)
        self.sources.append((name, tuple(paths)))


class Parser:
    """Reads the tokens of one template."""

    def __init__(
        self,
        source: str,
        tokens: list[Token],
        *,
        limits: Limits,
        strict_filters: bool,
        inventory: Inventory,
        depth: int = 0,
    ) -> None:
        self.source = source
        self.limits = limits
        self.strict_filters = strict_filters
        self.inventory = inventory
        self._tokens = tokens
        self._next = 0
        self._depth = depth

    def rest(self) -> list[Node]:
        """Return the nodes of what is left."""
        nodes: list[Node] = []
        while self._next < len(self._tokens):
            nodes.append(self._node(self._take()))
        return nodes

    def parse_until(self, opening: Token, ends: Collection[str]) -> tuple[list[Node], Token]:
        """Return the nodes up to a tag named in *ends*, and that tag.

        Raises:
            LiquidSyntaxError: there is no such tag; the place is *opening*'s.
        """
        self._depth += 1
        if self._depth > self.limits.depth:
            raise self.error(opening, f"expected at most {self.limits.depth} levels of blocks")
        nodes: list[Node] = []
        while self._next < len(self._tokens):
            token = self._take()
            if token.kind is Kind.TAG and token.name in ends:
                self._depth -= 1
                return nodes, token
            nodes.append(self._node(token))
        raise self.error(opening, f"tag {opening.whole[:80]} not closed")

    def skip_until(self, opening: Token, end: str) -> list[Token]:
        """Return the tokens up to the tag *end*, unread.

        Raises:
            LiquidSyntaxError: there is no such tag.
        """
        begin = self._next
        while self._next < len(self._tokens):
            token = self._take()
            if token.kind is Kind.TAG and token.name == end:
                return self._tokens[begin : self._next - 1]
        raise self.error(opening, f"tag {opening.whole[:80]} not closed")

    def reader(self, token: Token) -> Reader:
        """Return a reader of what follows the tag's name."""
        return Reader(self.source, token.inner_begin, token.inner_end)

    def value(self, reader: Reader, *, is_output: bool = False) -> Value:
        """Read a value with its filters."""
        return self.filtered(reader, is_output=is_output)[1]

    def filtered(self, reader: Reader, *, is_output: bool = False) -> tuple[FilteredValue, Value]:
        """Read a value with its filters; return it as written, too."""
        found = reader.read_filtered_value()
        self.inventory.values.append((found, is_output))
        if self.strict_filters:
            for call in found.filters:
                if find_filter(call.name) is None:
                    raise syntax_error(self.source, call.offset, f"undefined filter: {call.name}")
        return found, Value(found, self.source)

    def note_paths(self, reader: Reader) -> None:
        """Note the variables that *reader* met outside of values with filters."""
        self.inventory.paths += reader.paths

    def parse_text(self, text: str) -> list[Node]:
        """Return the nodes of a template within the template: the name of a file."""
        inner = Parser(
            text,
            scan(text),
            limits=self.limits,
            strict_filters=self.strict_filters,
            inventory=Inventory(),
            depth=self._depth + 1,
        )
        return inner.rest()

    def require_no_args(self, token: Token) -> None:
        """Check that the tag is alone.

        Raises:
            LiquidSyntaxError: something follows its name.
        """
        if token.args:
            raise self.error(token, f"unexpected {token.args[:40]!r} after {token.name}")

    def error(self, token: Token, message: str, *, hint: str = "") -> LiquidSyntaxError:
        """Return an error at *token*."""
        return syntax_error(self.source, token.begin, message, hint=hint)

    def parse_lines(self, token: Token) -> list[Node]:
        """Return the nodes of a ``liquid`` tag: a tag a line."""
        if self._depth >= self.limits.depth:
            raise self.error(token, f"expected at most {self.limits.depth} levels of blocks")
        lines = Parser(
            self.source,
            _lines(token),
            limits=self.limits,
            strict_filters=self.strict_filters,
            inventory=self.inventory,
            depth=self._depth + 1,
        )
        return lines.rest()

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _node(self, token: Token) -> Node:
        if token.kind is Kind.TEXT:
            return Text(token.text)
        if token.kind is Kind.OUTPUT:
            reader = Reader(self.source, token.inner_begin, token.inner_end)
            return Output(self.value(reader, is_output=True))
        read = all_tags().get(token.name)
        if read is None:
            from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415 - when it is wrong

            hint = did_you_mean(token.name, all_tags())
            raise self.error(token, f'tag "{token.name}" not found', hint=hint)
        self.inventory.tags.append((token.name, token.begin))
        return Tag(read(self, token), self.source, token.begin)


def _lines(token: Token) -> list[Token]:
    """Return the lines of a ``liquid`` tag as tags.

    Raises:
        LiquidSyntaxError: a line does not begin with a tag's name.
    """
    tokens: list[Token] = []
    position = token.inner_begin
    while position < token.inner_end:
        end = token.source.find("\n", position, token.inner_end)
        end = token.inner_end if end < 0 else end
        begin, stop = position, end
        line = token.source[begin:stop]
        begin += len(line) - len(line.lstrip(BLANKS))
        stop -= len(line) - len(line.rstrip(BLANKS))
        if begin < stop:
            tokens.append(name_tag(Token(Kind.TAG, token.source, begin, stop, begin, stop)))
        position = end + 1
    return tokens


def parse_nodes(
    source: str, *, limits: Limits, strict_filters: bool = False
) -> tuple[list[Node], Inventory]:
    """Parse *source*.

    Raises:
        LiquidSyntaxError: it is not Liquid, or too long.
    """
    if len(source) > limits.source_chars:
        raise LiquidSyntaxError(
            f"expected a template of at most {limits.source_chars:,} characters, "
            f"found {len(source):,}"
        )
    inventory = Inventory()
    parser = Parser(
        source, scan(source), limits=limits, strict_filters=strict_filters, inventory=inventory
    )
    return parser.rest(), inventory
