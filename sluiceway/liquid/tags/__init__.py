"""Liquid's tags, a file for each family; a tag is a function that reads it into a node."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from sluiceway.extensions import discover
from sluiceway.liquid.tags.base import TagFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.liquid.tags.base import ReadTag

__all__ = ["INNER_TAGS", "all_tags"]

INNER_TAGS: Final = frozenset(
    {
        *("else", "elsif", "when", "endif", "endunless", "endcase", "endfor", "endtablerow"),
        *("endcapture", "endraw", "endcomment", "endblock"),
    }
)
"""The tags that stand inside another or end it."""


@cache
def all_tags() -> Mapping[str, ReadTag]:
    """Return every tag by name."""
    found: dict[str, ReadTag] = {}
    for _, family in discover(__name__, "TAGS", TagFamily):
        found |= family.tags
    return found
