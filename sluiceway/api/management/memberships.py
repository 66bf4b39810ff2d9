"""Organizations and roles with their members, as far as real clients ask on the way to flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from sluiceway.api.management._crud import crud_routes
from sluiceway.api.paging import CHECKPOINT, PAGES, paged, slice_of
from sluiceway.api.route import Call, Route
from sluiceway.errors import NotFound
from sluiceway.management import memberships, users
from sluiceway.management.fields import closed, text
from sluiceway.management.memberships import (
    MEMBER_ROLES,
    ORGANIZATION_MEMBERS,
    ROLE_USERS,
)
from sluiceway.management.resources import delete_item, load_item, shown_item
from sluiceway.management.tenant_resources import ORGANIZATIONS, ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.management.environment import Environment
    from sluiceway.management.validation import Schema
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]


def _ids(name: str) -> Schema:
    return closed(
        {name: {"type": "array", "minItems": 1, "maxItems": 100, "items": text(255)}}, name
    )


def _environment(call: Call) -> Environment:
    return call.services.tenant.environment


def _texts(call: Call, name: str) -> list[str]:
    body: Any = call.body
    return [str(item) for item in body[name]]


def _page(call: Call, key: str, ids: Sequence[str]) -> tuple[list[str], int, str]:
    offset, limit = slice_of(call.query)
    return list(ids[offset : offset + limit]), len(ids), key


async def _role_users(call: Call) -> JsonValue:
    environment, role_id = _environment(call), call.path["id"]
    await load_item(environment, ROLES, role_id)
    ids, total, key = _page(
        call, "users", await memberships.list_right(environment, ROLE_USERS, role_id)
    )
    return paged(key, await memberships.user_briefs(environment, ids), call.query, total=total)


async def _assign_users(call: Call) -> None:
    environment, role_id = _environment(call), call.path["id"]
    await load_item(environment, ROLES, role_id)
    ids = _texts(call, "users")
    await memberships.check_users(environment, ids)
    await memberships.add_links(environment, ROLE_USERS, [(role_id, id_) for id_ in ids])


async def _user_roles(call: Call) -> JsonValue:
    environment, user_id = _environment(call), call.path["id"]
    await users.get_user(environment, user_id)
    ids = await memberships.list_left(environment, ROLE_USERS, user_id)
    items = await memberships.load_many(environment, ROLES, ids)
    items.sort(key=lambda role: str(role["name"]))  # recorded
    offset, limit = slice_of(call.query)
    return paged("roles", items[offset : offset + limit], call.query, total=len(items))


async def _give_roles(call: Call) -> None:
    environment, user_id = _environment(call), call.path["id"]
    await users.get_user(environment, user_id)
    ids = _texts(call, "roles")
    await memberships.check_items(environment, ROLES, ids)
    await memberships.add_links(environment, ROLE_USERS, [(id_, user_id) for id_ in ids])


async def _take_roles(call: Call) -> None:
    pairs = [(id_, call.path["id"]) for id_ in _texts(call, "roles")]
    await memberships.remove_links(_environment(call), ROLE_USERS, pairs)


async def _user_organizations(call: Call) -> JsonValue:
    environment, user_id = _environment(call), call.path["id"]
    await users.get_user(environment, user_id)
    found = await memberships.list_left(environment, ORGANIZATION_MEMBERS, user_id)
    ids, total, key = _page(call, "organizations", found)
    items = await memberships.load_many(environment, ORGANIZATIONS, ids)
    return paged(key, items, call.query, total=total)


async def _by_name(call: Call) -> JsonObject:
    environment = _environment(call)
    found = await environment.documents.find(ORGANIZATIONS.kind, "name", call.path["name"], limit=1)
    if not found:
        raise NotFound(ORGANIZATIONS.missing[0], error_code=ORGANIZATIONS.missing[1])
    return shown_item(ORGANIZATIONS, found[0])


async def _members(call: Call) -> JsonValue:
    environment, id_ = _environment(call), call.path["id"]
    await load_item(environment, ORGANIZATIONS, id_)
    found = await memberships.list_right(environment, ORGANIZATION_MEMBERS, id_)
    ids, total, key = _page(call, "members", found)
    return paged(key, await memberships.user_briefs(environment, ids), call.query, total=total)


async def _add_members(call: Call) -> None:
    environment, id_ = _environment(call), call.path["id"]
    await load_item(environment, ORGANIZATIONS, id_)
    ids = _texts(call, "members")
    await memberships.check_users(environment, ids)
    await memberships.add_links(environment, ORGANIZATION_MEMBERS, [(id_, one) for one in ids])


async def _remove_members(call: Call) -> None:
    pairs = [(call.path["id"], one) for one in _texts(call, "members")]
    await memberships.remove_links(_environment(call), ORGANIZATION_MEMBERS, pairs)


def _member(call: Call) -> str:
    return f"{call.path['id']}\n{call.path['user_id']}"


async def _member_roles(call: Call) -> JsonValue:
    environment = _environment(call)
    await load_item(environment, ORGANIZATIONS, call.path["id"])
    found = await memberships.list_right(environment, MEMBER_ROLES, _member(call))
    ids, total, key = _page(call, "roles", found)
    items = await memberships.load_many(environment, ROLES, ids)
    return paged(key, items, call.query, total=total)


async def _give_member_roles(call: Call) -> None:
    environment = _environment(call)
    await load_item(environment, ORGANIZATIONS, call.path["id"])
    await users.get_user(environment, call.path["user_id"])
    ids = _texts(call, "roles")
    await memberships.check_items(environment, ROLES, ids)
    pairs = [(_member(call), id_) for id_ in ids]
    await memberships.add_links(environment, MEMBER_ROLES, pairs)


async def _take_member_roles(call: Call) -> None:
    pairs = [(_member(call), id_) for id_ in _texts(call, "roles")]
    await memberships.remove_links(_environment(call), MEMBER_ROLES, pairs)


_LISTS: Final = (*PAGES, *CHECKPOINT)
_ORG: Final = "/api/v2/organizations/{id}"
_MEMBER_ROLES_PATH: Final = f"{_ORG}/members/{{user_id}}/roles"


def _route(
    method: str,
    path: str,
    handle: Any,
    summary: str,
    scope: str,
    *,
    body: Schema | None = None,
    status: int = 200,
    is_empty: bool = False,
) -> Route:
    return Route(
        method=method,
        path=path,
        handle=handle,
        summary=summary,
        scopes=(scope,),
        body=body,
        status=status,
        media="" if is_empty else "application/json",
        query=_LISTS if method == "GET" else (),
        tag=path.split("/")[3],
    )


async def _delete_role(call: Call) -> JsonObject:
    await delete_item(_environment(call), ROLES, call.path["id"])
    return {}


def _as_roles(route: Route) -> Route:
    """Return *route* as recorded for roles: 200 to creation, and ``{}`` with 200 to deletion."""
    if route.method == "DELETE":
        return replace(route, status=200, handle=_delete_role)
    return replace(route, status=200) if route.method == "POST" else route


ROUTES: Final = (
    *crud_routes(
        ORGANIZATIONS,
        path="organizations",
        scope="organizations",
        key="organizations",
        name="organization",
    ),
    _route(
        "GET",
        "/api/v2/organizations/name/{name}",
        _by_name,
        "Get an organization by its name",
        "read:organizations",
    ),
    _route("GET", f"{_ORG}/members", _members, "List members", "read:organization_members"),
    _route(
        "POST",
        f"{_ORG}/members",
        _add_members,
        "Add members",
        "create:organization_members",
        body=_ids("members"),
        status=204,
    ),
    _route(
        "DELETE",
        f"{_ORG}/members",
        _remove_members,
        "Remove members",
        "delete:organization_members",
        body=_ids("members"),
        status=204,
    ),
    _route(
        "GET",
        _MEMBER_ROLES_PATH,
        _member_roles,
        "List a member's roles",
        "read:organization_member_roles",
    ),
    _route(
        "POST",
        _MEMBER_ROLES_PATH,
        _give_member_roles,
        "Give a member roles",
        "create:organization_member_roles",
        body=_ids("roles"),
        status=204,
    ),
    _route(
        "DELETE",
        _MEMBER_ROLES_PATH,
        _take_member_roles,
        "Take roles from a member",
        "delete:organization_member_roles",
        body=_ids("roles"),
        status=204,
    ),
    *map(_as_roles, crud_routes(ROLES, path="roles", scope="roles", key="roles", name="role")),
    _route(
        "GET",
        "/api/v2/roles/{id}/users",
        _role_users,
        "List the users of a role",
        "read:role_members",
    ),
    _route(
        "POST",
        "/api/v2/roles/{id}/users",
        _assign_users,
        "Give a role to users",
        "create:role_members",
        body=_ids("users"),
        is_empty=True,
    ),
    _route("GET", "/api/v2/users/{id}/roles", _user_roles, "List a user's roles", "read:roles"),
    _route(
        "POST",
        "/api/v2/users/{id}/roles",
        _give_roles,
        "Give a user roles",
        "update:users",
        body=_ids("roles"),
        status=204,
    ),
    _route(
        "DELETE",
        "/api/v2/users/{id}/roles",
        _take_roles,
        "Take roles from a user",
        "update:users",
        body=_ids("roles"),
        status=204,
    ),
    _route(
        "GET",
        "/api/v2/users/{id}/organizations",
        _user_organizations,
        "List a user's organizations",
        "read:organizations",
    ),
)
