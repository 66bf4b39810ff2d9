"""The limits of one rendering: templates and their data come from strangers.

LiquidJS counts cooperatively and was got around (CVE-2026-44645: loops with an empty body;
CVE-2026-55575: a filter that charged nothing). Here every node and every filter passes one budget.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from sluiceway.errors import LiquidRenderError

__all__ = ["DEFAULT_LIMITS", "ITEM_CHARS", "Budget", "Limits"]

_MEGABYTE: Final = 1024 * 1024
_LOOKS: Final = 256
ITEM_CHARS: Final = 8
"""An item of a list counts as so many characters."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one template may use.

    Attributes:
        source_chars: the longest template.
        depth: how deep blocks, includes and brackets may nest.
        steps: how many nodes may be rendered in total, loops multiplied out.
        range_items: the longest range, wherever it is used.
        output_chars: the longest text that is rendered.
        memory_chars: how much text filters may make in total; an item counts as eight characters.
        seconds: wall-clock.
    """

    source_chars: int = 512 * 1024
    depth: int = 50
    steps: int = 200_000
    range_items: int = 10_000
    output_chars: int = _MEGABYTE
    memory_chars: int = 16 * _MEGABYTE
    seconds: float = 1.0


DEFAULT_LIMITS: Final = Limits()


class Budget:
    """What is left of the limits in one rendering."""

    __slots__ = ("_deadline", "_steps", "depth", "limits", "memory", "output")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.memory = limits.memory_chars
        self.output = limits.output_chars
        self.depth = limits.depth
        self._steps = limits.steps
        self._deadline = time.monotonic() + limits.seconds

    def step(self) -> None:
        """Count one node."""
        self._steps -= 1
        if self._steps < 0:
            raise LiquidRenderError(
                f"the template takes more than {self.limits.steps:,} steps",
                hint="Loop over fewer items.",
            )
        if not self._steps % _LOOKS and time.monotonic() > self._deadline:
            raise LiquidRenderError(
                f"the template takes longer than {self.limits.seconds:g} s to render"
            )

    def use(self, size: int) -> None:
        """Count *size* characters or items that are about to be made."""
        if size <= 0:
            return
        self.memory -= size
        if self.memory < 0:
            raise LiquidRenderError(
                f"the template makes more than {self.limits.memory_chars:,} characters on the way"
            )
        if time.monotonic() > self._deadline:
            raise LiquidRenderError(
                f"the template takes longer than {self.limits.seconds:g} s to render"
            )

    def write(self, size: int) -> None:
        """Count *size* characters of output."""
        self.output -= size
        if self.output < 0:
            raise LiquidRenderError(
                f"the template renders to more than {self.limits.output_chars:,} characters"
            )

    def enter(self) -> None:
        """Go one template or block deeper."""
        self.depth -= 1
        if self.depth < 0:
            raise LiquidRenderError(
                f"templates and blocks are nested deeper than {self.limits.depth} levels"
            )

    def leave(self) -> None:
        """Come back up."""
        self.depth += 1
