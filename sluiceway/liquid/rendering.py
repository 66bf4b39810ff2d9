"""The state of one rendering: scopes, counters, output, what is left of the limits.

Source: LiquidJS 10.30.1, ``context/context`` and ``render/render``.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from sluiceway.errors import LiquidRenderError
from sluiceway.expressions.javascript import json_number
from sluiceway.liquid.limits import ITEM_CHARS, Budget, Limits
from sluiceway.liquid.values import LiquidValue, owns, plain, stringify, to_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sluiceway.liquid.nodes import Node
    from sluiceway.models.json import JsonObject

__all__ = ["Rendering"]

_NOTHING: Final[dict[str, LiquidValue]] = {}


class Rendering(msgspec.Struct):
    """One rendering. *load* parses a template by its name, for ``include`` and ``layout``.

    The *environment* is the data; where *reads_data* is not set, any value that is read like it.
    *template* tells apart what was loaded, of *loads* in all: a template that is loaded twice is
    parsed once here, and twice in LiquidJS.
    """

    environment: LiquidValue
    budget: Budget
    load: Callable[[str], Sequence[Node]]
    strict_variables: bool = False
    strict_filters: bool = False
    now: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    scopes: list[dict[str, LiquidValue]] = msgspec.field(default_factory=lambda: [{}])
    registers: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    out: list[str] = msgspec.field(default_factory=list[str])
    reads_data: bool = True
    template: int = 0
    loads: int = 0
    breaks: bool = False
    continues: bool = False

    @classmethod
    def begin(
        cls,
        data: JsonObject,
        *,
        limits: Limits,
        load: Callable[[str], Sequence[Node]],
        strict_variables: bool,
        strict_filters: bool,
        now: datetime | None,
    ) -> Rendering:
        """Return a rendering of *data*, which stays as it is: counters go into a copy."""
        return cls(
            environment=dict(data),
            budget=Budget(limits),
            load=load,
            strict_variables=strict_variables,
            strict_filters=strict_filters,
            now=now or datetime.now(UTC),
        )

    def find_scope(self, name: str) -> LiquidValue:
        """Return the innermost scope that has *name*, or else the data; nothing, if none has."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope
        there = name in self.environment if self.reads_data else owns(self.environment, name)
        return self.environment if there else _NOTHING

    def within(self, item: LiquidValue) -> Rendering:
        """Return a rendering that reads from *item* alone, on the same budget."""
        return replace(self, environment=item, reads_data=False, scopes=[{}], registers={}, out=[])

    def write(self, text: str) -> None:
        """Add *text* to the output."""
        if text:
            self.budget.write(len(text))
            self.out.append(text)

    def render(self, nodes: Sequence[Node]) -> None:
        """Render *nodes* in order, until one breaks off the loop around them."""
        for node in nodes:
            self.budget.step()
            node.render(self)
            if self.breaks or self.continues:
                return

    def render_loaded(self, nodes: Sequence[Node]) -> None:
        """Render *nodes*, a template that was loaded."""
        outside = self.template
        self.loads += 1
        self.template = self.loads
        self.budget.enter()
        self.render(nodes)
        self.budget.leave()
        self.template = outside

    def capture(self, nodes: Sequence[Node]) -> str:
        """Render *nodes* aside and return their text."""
        outside, self.out = self.out, []
        try:
            self.render(nodes)
            return "".join(self.out)
        finally:
            self.out = outside

    def register(self, name: str, default: Callable[[], Any]) -> Any:
        """Return what tags keep under *name*, made by *default* at first."""
        found = self.registers.get(name)
        if not found and found != 0:
            found = self.registers[name] = default()
        return found

    def all_variables(self) -> dict[str, LiquidValue]:
        """Return everything that a template can read here."""
        merged = dict(self.environment)
        for scope in self.scopes:
            merged |= scope
        return merged

    def make_range(self, low: LiquidValue, high: LiquidValue) -> list[LiquidValue]:
        """Return the numbers from *low* up to *high*, by ones.

        Raises:
            LiquidRenderError: there are too many of them.
        """
        start, stop = to_number(low), to_number(high) + 1
        count = stop - start
        if count > self.budget.limits.range_items or math.isinf(count):
            raise LiquidRenderError(
                f"expected a range of at most {self.budget.limits.range_items:,} numbers"
            )
        if not count > 0:
            return []
        self.budget.use((int(count) + 1) * ITEM_CHARS)
        return [json_number(number) for number in _count(start, stop)]

    def text(self, value: LiquidValue) -> str:
        """Return the text of *value* and count it."""
        text = stringify(plain(value))
        self.budget.use(len(text))
        return text


def _count(start: float, stop: float) -> Iterator[float]:
    while start < stop:
        yield start
        if start + 1 == start:
            return
        start += 1
