"""What an organization is linked to: connections, under both of their paths, and client grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from sluiceway.api.paging import PAGES, paged, slice_of
from sluiceway.api.route import Call, Route
from sluiceway.errors import Conflict, NotFound
from sluiceway.management import memberships
from sluiceway.management.fields import FLAG, choice, closed, text
from sluiceway.management.memberships import (
    ORGANIZATION_CLIENT_GRANTS,
    ORGANIZATION_CONNECTIONS,
)
from sluiceway.management.records import change
from sluiceway.management.resources import load_item
from sluiceway.management.tenant_resources import CLIENT_GRANTS, CONNECTIONS, ORGANIZATIONS

if TYPE_CHECKING:
    from sluiceway.api.route import Handler
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import Document

__all__ = ["ROUTES"]

_KIND: Final = ORGANIZATION_CONNECTIONS.kind
_DEFAULTS: Final[JsonObject] = {"assign_membership_on_login": False, "show_as_button": True}
_OPTIONS: Final[JsonObject] = {
    "assign_membership_on_login": FLAG,
    "show_as_button": FLAG,
    "is_signup_enabled": FLAG,
    "is_enabled": FLAG,
    "organization_connection_name": text(50),
    "organization_access_level": choice("none", "readonly", "limited", "full"),
    "organization_member_access_level": choice("none", "readonly", "limited", "full"),
}
_LINK: Final = closed({**_OPTIONS, "connection_id": text(50)}, "connection_id")
_CHANGE: Final = closed(_OPTIONS)
_GRANT: Final = closed({"grant_id": text(50)}, "grant_id")


def _environment(call: Call) -> Environment:
    return call.services.tenant.environment


async def _organization(call: Call) -> str:
    return (await load_item(_environment(call), ORGANIZATIONS, call.path["id"])).id


def _shown(link: Document, connection: Document) -> JsonObject:
    options = {name: link.body[name] for name in _OPTIONS if name in link.body}
    named = {name: connection.body[name] for name in ("name", "strategy")}
    return {"connection_id": connection.id, **options, "connection": named}


def _listing(key: str) -> Handler:
    async def listed(call: Call) -> JsonValue:
        environment, id_ = _environment(call), await _organization(call)
        links = await environment.documents.find(_KIND, "organization", id_, limit=10_000)
        offset, limit = slice_of(call.query)
        page = {str(link.body["connection"]): link for link in links[offset : offset + limit]}
        found = await environment.documents.get_many(CONNECTIONS.kind, list(page))
        shown = [_shown(page[connection.id], connection) for connection in found]
        return paged(key, shown, call.query, total=len(links))

    return listed


async def _link(call: Call) -> JsonValue:
    environment, id_ = _environment(call), await _organization(call)
    body: JsonObject = dict(call.body) if isinstance(call.body, dict) else {}
    connection = await load_item(environment, CONNECTIONS, str(body.pop("connection_id")))
    if await environment.documents.get(_KIND, f"{id_}\n{connection.id}") is not None:
        raise Conflict("The connection is already enabled for this organization.")
    await memberships.add_links(
        environment, ORGANIZATION_CONNECTIONS, [(id_, connection.id)], body={**_DEFAULTS, **body}
    )
    return await _get(replace(call, path={**call.path, "connection_id": connection.id}))


async def _get(call: Call) -> JsonValue:
    environment = _environment(call)
    link = await environment.documents.get(_KIND, _key(call))
    connection = await environment.documents.get(CONNECTIONS.kind, call.path["connection_id"])
    if link is None or connection is None:
        raise _missing()
    return _shown(link, connection)


async def _change(call: Call) -> JsonValue:
    changes: JsonObject = call.body if isinstance(call.body, dict) else {}
    edited = await change(
        _environment(call).documents,
        _KIND,
        _key(call),
        lambda link: replace(link, body={**link.body, **changes}),
    )
    if edited is None:
        raise _missing()
    return await _get(call)


async def _unlink(call: Call) -> None:
    await _environment(call).documents.delete(_KIND, _key(call))


def _key(call: Call) -> str:
    return f"{call.path['id']}\n{call.path['connection_id']}"


def _missing() -> NotFound:
    return NotFound("The connection is not enabled for this organization.")


async def _list_grants(call: Call) -> JsonValue:
    environment, id_ = _environment(call), await _organization(call)
    ids = await memberships.list_right(environment, ORGANIZATION_CLIENT_GRANTS, id_)
    offset, limit = slice_of(call.query)
    items = await memberships.load_many(environment, CLIENT_GRANTS, ids[offset : offset + limit])
    return paged("client_grants", items, call.query, total=len(ids))


async def _add_grant(call: Call) -> JsonValue:
    environment, id_ = _environment(call), await _organization(call)
    body: Any = call.body  # the door has checked it
    grant = await load_item(environment, CLIENT_GRANTS, body["grant_id"])
    await memberships.add_links(environment, ORGANIZATION_CLIENT_GRANTS, [(id_, grant.id)])
    return grant.body


async def _remove_grant(call: Call) -> None:
    pair = (call.path["id"], call.path["grant_id"])
    await memberships.remove_links(_environment(call), ORGANIZATION_CLIENT_GRANTS, [pair])


def _connection_routes(name: str) -> tuple[Route, ...]:
    base = f"/api/v2/organizations/{{id}}/{name}"
    one = f"{base}/{{connection_id}}"

    def route(method: str, path: str, handle: Handler, verb: str, **more: Any) -> Route:
        return Route(
            method=method,
            path=path,
            handle=handle,
            scopes=(f"{verb}:organization_connections",),
            tag="organizations",
            **more,
        )

    return (
        route("GET", base, _listing(name), "read", query=PAGES, summary="List its connections"),
        route("POST", base, _link, "create", body=_LINK, status=201, summary="Enable a connection"),
        route("GET", one, _get, "read", summary="Get an enabled connection"),
        route("PATCH", one, _change, "update", body=_CHANGE, summary="Change a connection's use"),
        route("DELETE", one, _unlink, "delete", status=204, summary="Disable a connection"),
    )


_GRANTS: Final = "/api/v2/organizations/{id}/client-grants"

ROUTES: Final = (
    *_connection_routes("enabled_connections"),
    *_connection_routes("connections"),
    Route(
        method="GET",
        path=_GRANTS,
        handle=_list_grants,
        summary="List an organization's client grants",
        scopes=("read:organization_client_grants",),
        query=PAGES,
        tag="organizations",
    ),
    Route(
        method="POST",
        path=_GRANTS,
        handle=_add_grant,
        summary="Give an organization a client grant",
        scopes=("create:organization_client_grants",),
        body=_GRANT,
        status=201,
        tag="organizations",
    ),
    Route(
        method="DELETE",
        path=f"{_GRANTS}/{{grant_id}}",
        handle=_remove_grant,
        summary="Take a client grant from an organization",
        scopes=("delete:organization_client_grants",),
        status=204,
        tag="organizations",
    ),
)
