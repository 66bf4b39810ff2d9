"""Pages and fields of lists, as Auth0's endpoints take and give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sluiceway.api.route import Param
from sluiceway.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "CHECKPOINT",
    "FIELDS",
    "FLOW_PAGES",
    "PAGES",
    "fields_of",
    "is_checkpoint",
    "paged",
    "pick_fields",
    "slice_of",
]

_SIZE: Final = (
    Param(
        name="per_page",
        type="integer",
        default=50,
        minimum=1,
        maximum=100,
        description="Number of results per page. Defaults to 50.",
    ),
    Param(
        name="include_totals",
        type="boolean",
        default=False,
        description=(
            "Return results inside an object that contains the total result count (true) or as a "
            "direct array of results (false, default)."
        ),
    ),
)
_PAGE: Final = "Page index of the results to return. First page is 0."
PAGES: Final = (
    Param(name="page", type="integer", default=0, minimum=0, description=_PAGE),
    *_SIZE,
)
"""Offset paging."""

FLOW_PAGES: Final = (
    Param(name="page", type="integer", default=0, minimum=0, maximum=1000, description=_PAGE),
    *_SIZE,
)
"""Offset paging of flows and vault connections."""

CHECKPOINT: Final = (
    Param(name="from", description="Optional Id from which to start selection."),
    Param(
        name="take",
        type="integer",
        minimum=1,
        maximum=100,
        description="Number of results per page. Defaults to 50.",
    ),
)
"""Checkpoint paging: ``from`` is the ``next`` of the page before."""

_FIELDS: Final = (
    "Comma-separated list of fields to include or exclude (based on value provided for "
    "include_fields) in the result. Leave empty to retrieve all fields."
)
FIELDS: Final = (
    Param(name="fields", description=_FIELDS),
    Param(
        name="include_fields",
        type="boolean",
        default=True,
        description="Whether specified fields are to be included (true) or excluded (false).",
    ),
)


def fields_of(*names: str, about: str = _FIELDS) -> tuple[Param, ...]:
    """Return ``fields`` and ``include_fields`` where only *names* may be asked for."""
    one = "|".join(f"({re.escape(name)})" for name in names)
    return (Param(name="fields", pattern=f"^({one})(,({one}))*$", description=about), FIELDS[1])


_FURTHEST: Final = 2**53
_TOKEN: Final = re.compile(r"o([0-9]{1,12})")


def pick_fields(item: JsonObject, query: Mapping[str, Any]) -> JsonObject:
    """Return *item* with only the ``fields`` asked for, or without them."""
    if not query["fields"]:
        return item
    names = {name.strip() for name in query["fields"].split(",")}
    wanted = bool(query["include_fields"])
    return {key: value for key, value in item.items() if (key in names) == wanted}


def is_checkpoint(query: Mapping[str, Any]) -> bool:
    """Tell whether the client pages by checkpoint."""
    return bool(query.get("from")) or query.get("take") is not None


def slice_of(query: Mapping[str, Any]) -> tuple[int, int]:
    """Return offset and limit, whichever way the client pages.

    Raises:
        InvalidRequest: ``from`` is not what a page gave.
    """
    if not is_checkpoint(query):
        return min(query["page"] * query["per_page"], _FURTHEST), query["per_page"]
    token = query["from"]
    found = _TOKEN.fullmatch(token) if token else None
    if token and found is None:
        raise InvalidRequest(
            "Query validation error: 'Invalid checkpoint' on property from.",
            error_code="invalid_query_string",
        )
    return int(found[1]) if found else 0, query["take"] or 50


def paged(
    key: str, items: Sequence[JsonObject], query: Mapping[str, Any], *, total: int
) -> JsonValue:
    """Return the bare list, the envelope with totals, or the checkpoint page under *key*."""
    listed: list[JsonValue] = list(items)
    start, limit = slice_of(query)
    if is_checkpoint(query):
        more = start + len(listed) < total
        return {**({"next": f"o{start + len(listed)}"} if more else {}), key: listed}
    if not query["include_totals"]:
        return listed
    return {"limit": limit, "start": start, "total": total, key: listed}
