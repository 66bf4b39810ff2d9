"""``/sluiceway/v1/imports``: what imported containers held beside their flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from sluiceway.api.route import Call, Route
from sluiceway.management import imports

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_ALL: Final = "/sluiceway/v1/imports"


async def _list(call: Call) -> JsonObject:
    found: list[JsonValue] = [*await imports.list_imports(call.services.tenant.environment)]
    return {"imports": found}


async def _keep(call: Call) -> JsonObject:
    record = cast("JsonObject", call.body)
    return await imports.keep_import(call.services.tenant.environment, call.path["id"], record)


async def _delete(call: Call) -> None:
    await imports.delete_import(call.services.tenant.environment, call.path["id"])


ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="List what imported containers held beside their flows",
        scopes=("read:flows",),
        tag="flows",
    ),
    Route(
        method="PUT",
        path=f"{_ALL}/{{id}}",
        handle=_keep,
        summary="Keep what an imported container held beside its flows",
        scopes=("create:flows",),
        body=imports.RECORD,
        tag="flows",
    ),
    Route(
        method="DELETE",
        path=f"{_ALL}/{{id}}",
        handle=_delete,
        summary="Forget what an imported container held",
        scopes=("delete:flows",),
        status=204,
        tag="flows",
    ),
)
