"""Liquid's tags, a file for each family; a tag is a function that reads it into a node."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sluiceway.extensions import discover
from sluiceway.liquid.tags.base import TagFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.liquid.tags.base import ReadTag

__all__ = ["all_tags"]


@cache
def all_tags() -> Mapping[str, ReadTag]:
    """Return every tag by name."""
    found: dict[str, ReadTag] = {}
    for _, family in discover(__name__, "TAGS", TagFamily):
        found |= family.tags
    return found
