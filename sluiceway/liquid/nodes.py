"""What a template is made of: text, outputs, and values with their filters.

Source: LiquidJS 10.30.1, ``template/output``, ``template/value``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from sluiceway.errors import LiquidRenderError
from sluiceway.liquid.filters import find_filter
from sluiceway.liquid.filters.base import FilterArguments
from sluiceway.liquid.scanner import place
from sluiceway.liquid.values import plain, stringify

if TYPE_CHECKING:
    from sluiceway.liquid.expressions import FilteredValue
    from sluiceway.liquid.rendering import Rendering
    from sluiceway.liquid.values import LiquidValue

__all__ = ["Node", "Output", "Tag", "Text", "Value", "placed"]


class Node(Protocol):
    """A part of a template that writes to the output."""

    def render(self, rendering: Rendering) -> None:
        """Write what the part renders to."""
        ...


class Text(msgspec.Struct, frozen=True):
    """Text as it stands."""

    text: str

    def render(self, rendering: Rendering) -> None:
        """See ``Node``."""
        rendering.write(self.text)


class Value:
    """An expression with its filters, ready to evaluate."""

    __slots__ = ("_evaluate", "_filters", "offset", "source", "unknown")

    def __init__(self, value: FilteredValue, source: str) -> None:
        self.source = source
        self.offset = value.offset
        self._evaluate = value.evaluate
        self.unknown = tuple(call.name for call in value.filters if find_filter(call.name) is None)
        # An unknown filter gives its input back, as in LiquidJS; strict_filters refuses it sooner.
        self._filters = tuple(
            (call, handler)
            for call in value.filters
            if (handler := find_filter(call.name)) is not None
        )

    def evaluate(self, rendering: Rendering) -> LiquidValue:
        """Return the value.

        Raises:
            LiquidRenderError: a filter refuses it; line and column are the value's.
        """
        try:
            value = self._evaluate(rendering)
            for call, handler in self._filters:
                # A named argument is a pair of its name and its value, at its place.
                given = [
                    evaluate(rendering) if key is None else [key, evaluate(rendering)]
                    for key, evaluate in call.arguments
                ]
                value = handler(value, FilterArguments(rendering, given))
        except LiquidRenderError as error:
            raise self.placed(error) from error
        return value

    def placed(self, error: LiquidRenderError) -> LiquidRenderError:
        """Return *error* with the value's place, unless it has one."""
        return placed(error, self.source, self.offset)


def placed(error: LiquidRenderError, source: str, offset: int) -> LiquidRenderError:
    """Return *error* with a place in *source*, unless it has one."""
    if error.source:
        return error
    line, column = place(source, offset)
    return LiquidRenderError(
        error.message, line=line, column=column, source=source, hint=error.hint
    )


class Tag:
    """A tag, whatever it does, that tells where it stands when something is refused in it."""

    __slots__ = ("_node", "_offset", "_source")

    def __init__(self, node: Node, source: str, offset: int) -> None:
        self._node = node
        self._source = source
        self._offset = offset

    def render(self, rendering: Rendering) -> None:
        """See ``Node``."""
        try:
            self._node.render(rendering)
        except LiquidRenderError as error:
            raise placed(error, self._source, self._offset) from error


class Output:
    """``{{ value }}``."""

    __slots__ = ("_value",)

    def __init__(self, value: Value) -> None:
        self._value = value

    def render(self, rendering: Rendering) -> None:
        """See ``Node``."""
        value = self._value.evaluate(rendering)
        try:
            rendering.write(value if isinstance(value, str) else stringify(plain(value)))
        except LiquidRenderError as error:
            raise self._value.placed(error) from error
