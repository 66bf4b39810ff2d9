"""What a filter is: a function of its input and arguments, with JavaScript's defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.limits import ITEM_CHARS
from sluiceway.liquid.values import LiquidValue, plain, stringify

if TYPE_CHECKING:
    from sluiceway.liquid.rendering import Rendering

__all__ = ["FilterArguments", "FilterFamily", "Handler"]


class FilterArguments(msgspec.Struct):
    """What a filter is called with. Missing arguments are undefined, further ones are ignored.

    A named argument is a list of its name and its value.
    """

    rendering: Rendering
    positional: list[LiquidValue]

    def get(self, index: int, default: LiquidValue = UNDEFINED) -> LiquidValue:
        """Return the argument at *index*; *default* where it is missing or undefined."""
        if index >= len(self.positional):
            return default
        value = plain(self.positional[index])
        return default if value is UNDEFINED else value

    def text(self, index: int) -> str:
        """Return the text of the argument at *index*; nothing where it is missing."""
        text = stringify(self.get(index))
        self.rendering.budget.use(len(text))
        return text

    def use(self, size: int) -> None:
        """Count what the filter is about to make."""
        self.rendering.budget.use(size)

    def use_items(self, count: int) -> None:
        """Count the items of a list that the filter is about to make."""
        self.rendering.budget.use(count * ITEM_CHARS)


Handler: TypeAlias = Callable[[LiquidValue, FilterArguments], LiquidValue]


class FilterFamily(msgspec.Struct, frozen=True):
    """The filters of one file by name."""

    filters: Mapping[str, Handler]
