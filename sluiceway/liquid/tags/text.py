"""``raw``, ``comment``, ``#`` and ``liquid``. Source: LiquidJS 10.30.1, ``tags/*``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.liquid.nodes import Text
from sluiceway.liquid.tags.base import TagFamily

if TYPE_CHECKING:
    from sluiceway.liquid.nodes import Node
    from sluiceway.liquid.parser import Parser
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.scanner import Token

__all__ = ["TAGS"]

_NO_COMMENT: Final = re.compile(r"\n\s*[^#\s]")


class _Group(msgspec.Struct, frozen=True):
    nodes: list[Node]

    def render(self, rendering: Rendering) -> None:
        rendering.render(self.nodes)


def _read_raw(parser: Parser, token: Token) -> Node:
    return Text("".join(inner.whole for inner in parser.skip_until(token, "endraw")))


def _read_comment(parser: Parser, token: Token) -> Node:
    parser.skip_until(token, "endcomment")
    return Text("")


def _read_inline_comment(parser: Parser, token: Token) -> Node:
    if _NO_COMMENT.search(token.args):
        raise parser.error(token, "every line of an inline comment must start with a '#'")
    return Text("")


def _read_liquid(parser: Parser, token: Token) -> Node:
    return _Group(parser.parse_lines(token))


TAGS: Final = TagFamily(
    {
        "#": _read_inline_comment,
        "comment": _read_comment,
        "liquid": _read_liquid,
        "raw": _read_raw,
    }
)
