"""Connections, resource servers, organizations, roles, keys and settings of the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.api.management._crud import crud_routes
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.management.resources import delete_item
from sluiceway.management.tenant_resources import CONNECTIONS, RESOURCE_SERVERS
from sluiceway.management.tenant_settings import SETTINGS, change_settings, get_settings
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue

__all__ = ["ROUTES"]


async def _settings(call: Call) -> JsonValue:
    return await get_settings(call.services.tenant.environment)


async def _change_settings(call: Call) -> JsonValue:
    return await change_settings(call.services.tenant.environment, call.body)


async def _keys(call: Call) -> JsonValue:
    keys: list[JsonValue] = list(await call.services.tenant.keys.list())
    return keys


async def _rotate(call: Call) -> JsonValue:
    return await call.services.tenant.keys.rotate()


async def _revoke(call: Call) -> JsonValue:
    return await call.services.tenant.keys.revoke(call.path["kid"])


async def _delete_connection(call: Call) -> Reply:
    """Delete a connection; the first time Auth0 answers when, and later nothing."""
    environment, id_ = call.services.tenant.environment, call.path["id"]
    found = await environment.documents.get(CONNECTIONS.kind, id_)
    await delete_item(environment, CONNECTIONS, id_)
    if found is None:
        return Reply(status=204)
    return Reply(status=202, body={"deleted_at": format_timestamp(environment.now())})


def _as_connections(route: Route) -> Route:
    if route.method != "DELETE":
        return route
    return replace(route, handle=_delete_connection, status=202, may_be_empty=True)


_KEYS: Final = "/api/v2/keys/signing"
_SETTINGS: Final = "/api/v2/tenants/settings"

ROUTES: Final = (
    *map(
        _as_connections,
        crud_routes(
            CONNECTIONS,
            path="connections",
            scope="connections",
            key="connections",
            name="connection",
            filters=(Param(name="strategy", many=True), Param(name="name")),
            unlisted=("enabled_clients",),
        ),
    ),
    *crud_routes(
        RESOURCE_SERVERS,
        path="resource-servers",
        scope="resource_servers",
        key="resource_servers",
        name="resource server",
    ),
    Route(
        method="GET",
        path=_SETTINGS,
        handle=_settings,
        summary="Get the tenant's settings",
        scopes=("read:tenant_settings",),
        tag="tenant",
    ),
    Route(
        method="PATCH",
        path=_SETTINGS,
        handle=_change_settings,
        summary="Change the tenant's settings",
        scopes=("update:tenant_settings",),
        body=SETTINGS,
        tag="tenant",
    ),
    Route(
        method="GET",
        path=_KEYS,
        handle=_keys,
        summary="List the signing keys",
        scopes=("read:signing_keys",),
        tag="keys",
    ),
    Route(
        method="POST",
        path=f"{_KEYS}/rotate",
        handle=_rotate,
        summary="Sign with a new key",
        scopes=("create:signing_keys",),
        status=201,
        tag="keys",
    ),
    Route(
        method="PUT",
        path=f"{_KEYS}/{{kid}}/revoke",
        handle=_revoke,
        summary="Refuse the tokens of an earlier key",
        scopes=("update:signing_keys",),
        tag="keys",
    ),
)
