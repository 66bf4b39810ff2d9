"""``/api/v2/actions/actions``: there are none; deploy-cli asks before it reads databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.paging import PAGES
from sluiceway.api.route import Call, Param, Route

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["ROUTES"]


async def _list(call: Call) -> JsonObject:
    return {"actions": [], "per_page": call.query["per_page"]}  # recorded: deploy-cli


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v2/actions/actions",
        handle=_list,
        summary="List Actions, of which there are none",
        scopes=("read:actions",),
        query=(
            *PAGES[:2],
            Param(name="triggerId"),
            Param(name="actionName"),
            Param(name="deployed", type="boolean"),
            Param(name="installed", type="boolean"),
        ),
        tag="actions",
    ),
)
