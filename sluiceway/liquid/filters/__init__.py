"""Liquid's filters, a file for each family; a filter is a function named in its family's table."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from sluiceway.extensions import discover
from sluiceway.liquid.filters.base import FilterFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.liquid.filters.base import Handler

__all__ = ["ENTRY_POINT_GROUP", "all_filters", "find_filter"]

ENTRY_POINT_GROUP: Final = "sluiceway.liquid_filters"


@cache
def all_filters() -> Mapping[str, Handler]:
    """Return every filter by name."""
    found: dict[str, Handler] = {}
    for _, family in discover(__name__, "FILTERS", FilterFamily):
        found |= family.filters
    return found


def find_filter(name: str) -> Handler | None:
    """Return the filter of that name, other distributions' ones too, or ``None``."""
    return all_filters().get(name) or _added_filters().get(name)


@cache
def _added_filters() -> Mapping[str, Handler]:
    """Return the filters that entry points of the group ``sluiceway.liquid_filters`` name."""
    from sluiceway.extensions import discover_entry_points  # noqa: PLC0415 - seldom needed

    found: dict[str, Handler] = {}
    for _, family in discover_entry_points(ENTRY_POINT_GROUP, FilterFamily):
        found |= family.filters
    return found
