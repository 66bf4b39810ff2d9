"""Liquid's filters, a file for each family; a filter is a function named in its family's table."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sluiceway.extensions import discover
from sluiceway.liquid.filters.base import FilterFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.liquid.filters.base import Handler

__all__ = ["all_filters", "find_filter"]


@cache
def all_filters() -> Mapping[str, Handler]:
    """Return every filter by name."""
    found: dict[str, Handler] = {}
    for _, family in discover(__name__, "FILTERS", FilterFamily):
        found |= family.filters
    return found


def find_filter(name: str) -> Handler | None:
    """Return the filter of that name, or ``None``."""
    return all_filters().get(name)
