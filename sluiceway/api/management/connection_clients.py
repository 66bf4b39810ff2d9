"""``/api/v2/connections/{id}/clients``: which clients a connection is enabled for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from sluiceway.api.paging import CHECKPOINT, paged, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.errors import NotFound
from sluiceway.management.fields import FLAG, closed, text
from sluiceway.management.records import change
from sluiceway.management.resources import load_item
from sluiceway.management.tenant_resources import CONNECTIONS
from sluiceway.management.validation import Schema

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import Document

__all__ = ["ROUTES"]

_SWITCHES: Final = Schema(
    {
        "type": "array",
        "minItems": 1,
        "maxItems": 50,
        "items": closed({"client_id": text(), "status": FLAG}, "client_id", "status").document,
    }
)


def _enabled(connection: Document) -> list[str]:
    found = connection.body.get("enabled_clients")
    return [str(id_) for id_ in found] if isinstance(found, list) else []


async def _list(call: Call) -> JsonValue:
    environment = call.services.tenant.environment
    connection = await load_item(environment, CONNECTIONS, call.path["id"])
    ids = _enabled(connection)
    offset, limit = slice_of(call.query)
    shown: list[JsonObject] = [{"client_id": id_} for id_ in ids[offset : offset + limit]]
    return paged("clients", shown, call.query, total=len(ids))


async def _switch(call: Call) -> None:
    environment = call.services.tenant.environment
    switches: Any = call.body  # the door has checked it

    def edit(connection: Document) -> Document:
        ids = dict.fromkeys(_enabled(connection))
        for switch in switches:
            if switch["status"]:
                ids[switch["client_id"]] = None
            else:
                ids.pop(switch["client_id"], None)
        return replace(connection, body={**connection.body, "enabled_clients": [*ids]})

    edited = await change(environment.documents, CONNECTIONS.kind, call.path["id"], edit)
    if edited is None:
        raise NotFound(CONNECTIONS.missing[0], error_code=CONNECTIONS.missing[1])


_PATH: Final = "/api/v2/connections/{id}/clients"
# This list pages by checkpoint only: a first page is one even when nothing was asked for.
_PAGES: Final = (CHECKPOINT[0], replace(CHECKPOINT[1], default=50))
_LIMITS: Final = (Param(name="id", shortest=1, longest=50),)

ROUTES: Final = (
    Route(
        method="GET",
        path=_PATH,
        handle=_list,
        summary="List the clients that a connection is enabled for",
        scopes=("read:connections",),
        query=_PAGES,
        limits=_LIMITS,
        tag="connections",
    ),
    Route(
        method="PATCH",
        path=_PATH,
        handle=_switch,
        summary="Enable or disable a connection for clients",
        scopes=("update:connections",),
        body=_SWITCHES,
        limits=_LIMITS,
        status=204,
        tag="connections",
    ),
)
