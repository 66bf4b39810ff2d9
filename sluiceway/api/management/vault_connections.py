"""``/api/v2/flows/vault/connections``; a setup goes in and never comes out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sluiceway.api.paging import FLOW_PAGES, paged, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.errors import NotFound
from sluiceway.management.vault_setups import (
    CREATE_CONNECTION,
    UPDATE_CONNECTION,
    check_connection,
    check_setup,
)
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.vault.base import VaultConnection

__all__ = ["ROUTES"]


def _shown(connection: VaultConnection, *, with_null: bool = False) -> JsonObject:
    """Return the connection as recorded: POST and PATCH of an empty one show null there."""
    shown: JsonObject = {
        "id": connection.id,
        "app_id": connection.app_id,
        "name": connection.name,
    }
    if connection.environment is not None:
        shown["environment"] = connection.environment
    if connection.account_name is not None:
        shown["account_name"] = connection.account_name
    shown["ready"] = connection.ready
    shown["created_at"] = format_timestamp(connection.created_at)
    shown["updated_at"] = format_timestamp(connection.updated_at)
    if connection.refreshed_at is not None:
        shown["refreshed_at"] = format_timestamp(connection.refreshed_at)
    elif with_null and not connection.ready:
        shown["refreshed_at"] = None
    shown["fingerprint"] = connection.fingerprint
    return shown


async def _list(call: Call) -> JsonValue:
    offset, limit = slice_of(call.query)
    connections = call.services.need_connections()
    found = await connections.list(offset=offset, limit=limit)
    items = [_shown(connection) for connection in found]
    for item in items:
        item.pop("environment", None)
    return paged("connections", items, call.query, total=await connections.count())


async def _create(call: Call) -> JsonValue:
    check_connection(call.body)
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    setup = body.get("setup")
    connection = await call.services.need_connections().create(
        name=str(body["name"]),
        app_id=str(body["app_id"]),
        setup=setup if isinstance(setup, dict) else None,
        more=body,
    )
    return _shown(connection, with_null=True)


async def _get(call: Call) -> JsonValue:
    return _shown(await call.services.need_connections().get(call.path["id"]))


async def _update(call: Call) -> JsonValue:
    UPDATE_CONNECTION.check(call.body)
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    connections = call.services.need_connections()
    existing = await connections.get(call.path["id"])
    name, setup = body.get("name"), body.get("setup")
    if setup is not None:
        check_setup(existing.app_id, setup)
    connection = await connections.update(
        existing.id,
        name=name if isinstance(name, str) else None,
        setup=setup if isinstance(setup, dict) else None,
    )
    return _shown(connection, with_null=True)


async def _delete(call: Call) -> None:
    # Auth0 declares neither a conflict nor a 404 here: the console asks before it deletes one that
    # flows use, and what is gone already is deleted.
    with suppress(NotFound):
        await call.services.need_connections().delete(call.path["id"], force=True)


_ALL: Final = "/api/v2/flows/vault/connections"
_ONE: Final = "/api/v2/flows/vault/connections/{id}"
_ID: Final = (Param(name="id", longest=30, description="Flows Vault connection ID"),)

ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="List vault connections",
        scopes=("read:flows_vault_connections",),
        query=FLOW_PAGES,
        tag="vault",
    ),
    Route(
        method="POST",
        path=_ALL,
        handle=_create,
        summary="Create a vault connection",
        scopes=("create:flows_vault_connections",),
        body=CREATE_CONNECTION,
        is_checked=False,
        status=201,
        tag="vault",
    ),
    Route(
        method="GET",
        path=_ONE,
        limits=_ID,
        handle=_get,
        summary="Get a vault connection",
        scopes=("read:flows_vault_connections",),
        tag="vault",
    ),
    Route(
        method="PATCH",
        path=_ONE,
        limits=_ID,
        handle=_update,
        summary="Change a vault connection",
        scopes=("update:flows_vault_connections",),
        body=UPDATE_CONNECTION,
        is_checked=False,
        tag="vault",
    ),
    Route(
        method="DELETE",
        path=_ONE,
        limits=_ID,
        handle=_delete,
        summary="Delete a vault connection",
        scopes=("delete:flows_vault_connections",),
        status=204,
        tag="vault",
    ),
)
