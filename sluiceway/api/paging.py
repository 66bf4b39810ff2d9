"""Pages and fields of lists, as Auth0's endpoints take and give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.api.route import Param

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["FIELDS", "PAGES", "pick_fields", "slice_of", "with_totals"]

PAGES: Final = (
    Param(name="page", type="integer", default=0, minimum=0),
    Param(name="per_page", type="integer", default=50, minimum=1, maximum=100),
    Param(name="include_totals", type="boolean", default=False),
)
"""Offset paging."""

FIELDS: Final = (
    Param(name="fields"),
    Param(name="include_fields", type="boolean", default=True),
)


def pick_fields(item: JsonObject, query: Mapping[str, Any]) -> JsonObject:
    """Return *item* with only the ``fields`` asked for, or without them."""
    if not query["fields"]:
        return item
    names = {name.strip() for name in query["fields"].split(",")}
    wanted = bool(query["include_fields"])
    return {key: value for key, value in item.items() if (key in names) == wanted}


def slice_of(query: Mapping[str, Any]) -> tuple[int, int]:
    """Return offset and limit."""
    return query["page"] * query["per_page"], query["per_page"]


def with_totals(
    key: str, items: list[JsonValue], query: Mapping[str, Any], *, total: int
) -> JsonValue:
    """Return the bare list, or the recorded envelope where ``include_totals`` asks for it."""
    if not query["include_totals"]:
        return items
    start, limit = slice_of(query)
    return {"limit": limit, "start": start, "total": total, key: items}
