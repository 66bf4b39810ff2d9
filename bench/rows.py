"""One line of a bench's table: what was measured, how it compares, what was aimed at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement.

    Attributes:
        what: what was measured, in a few words.
        measured: the figure with its unit; ratios are of one run on one machine.
        target: what was aimed at; nothing where it is only told.
        is_met: whether the target is met; ``None`` where there is none.
        note: how it was measured, or why it is missed.
    """

    what: str
    measured: str
    target: str = ""
    is_met: bool | None = None
    note: str = ""
