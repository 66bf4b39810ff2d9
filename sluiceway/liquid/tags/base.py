"""What a tag is: a function that reads it, and what it encloses, into a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sluiceway.liquid.expressions import Read, Reader
    from sluiceway.liquid.nodes import Node
    from sluiceway.liquid.parser import Parser
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.scanner import Token
    from sluiceway.liquid.values import LiquidValue

__all__ = ["Arguments", "ReadTag", "TagFamily"]

ReadTag: TypeAlias = "Callable[[Parser, Token], Node]"


class TagFamily(msgspec.Struct, frozen=True):
    """The tags of one file by name."""

    tags: Mapping[str, ReadTag]


class Arguments(msgspec.Struct, frozen=True):
    """The ``name: value`` arguments of a tag; a bare name is true."""

    values: Mapping[str, Read | None]

    @classmethod
    def read(cls, reader: Reader) -> Arguments:
        """Read what is left of the tag."""
        return cls(dict(reader.read_hash()))

    def evaluate(self, rendering: Rendering) -> dict[str, LiquidValue]:
        """Return the arguments' values."""
        return {
            name: True if read is None else read.evaluate(rendering)
            for name, read in self.values.items()
        }
