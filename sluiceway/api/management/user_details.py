"""What hangs on a user: identities, permissions, enrolments, and what nobody has here.

Nobody signs in to the embedded tenant, so there are no sessions, refresh tokens, logs of sign-ins,
groups or connected accounts: their lists are empty, and clearing them succeeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.api.paging import CHECKPOINT, PAGES, paged, slice_of
from sluiceway.api.route import Call, Param, Route
from sluiceway.management import authentication_methods as methods
from sluiceway.management import permissions, users
from sluiceway.management.fields import TEXTS, closed, text
from sluiceway.management.identities import LINK, link_user, unlink_user
from sluiceway.management.permissions import PERMISSIONS, Holder
from sluiceway.management.resources import load_item
from sluiceway.management.tenant_resources import ROLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.api.route import Handler
    from sluiceway.management.environment import Environment
    from sluiceway.management.validation import Schema
    from sluiceway.models.json import JsonArray, JsonObject, JsonValue

__all__ = ["ROUTES"]


def _environment(call: Call) -> Environment:
    return call.services.tenant.environment


async def _require_user(call: Call) -> str:
    user_id = call.path["id"]
    await users.get_user(_environment(call), user_id)
    return user_id


def _body(call: Call) -> JsonObject:
    return call.body if isinstance(call.body, dict) else {}


def _page(call: Call, key: str, items: Sequence[JsonObject]) -> JsonValue:
    offset, limit = slice_of(call.query)
    return paged(key, items[offset : offset + limit], call.query, total=len(items))


async def _link(call: Call) -> JsonArray:
    return await link_user(_environment(call), call.path["id"], call.body)


async def _unlink(call: Call) -> JsonArray:
    path = call.path
    return await unlink_user(_environment(call), path["id"], path["provider"], path["user_id"])


async def _permissions(call: Call) -> JsonValue:
    user_id = await _require_user(call)
    given = await permissions.permissions_with_sources(_environment(call), user_id)
    return _page(call, "permissions", given)


async def _give_permissions(call: Call) -> JsonObject:
    holder = Holder(user=await _require_user(call))
    await permissions.give_permissions(_environment(call), holder, call.body)
    return {}  # recorded


async def _take_permissions(call: Call) -> None:
    holder = Holder(user=await _require_user(call))
    await permissions.take_permissions(_environment(call), holder, call.body)


async def _role_holder(call: Call) -> Holder:
    role = await load_item(_environment(call), ROLES, call.path["id"])
    return Holder(role=role.id)


async def _role_permissions(call: Call) -> JsonValue:
    given = await permissions.list_permissions(_environment(call), await _role_holder(call))
    return _page(call, "permissions", given)


async def _give_role_permissions(call: Call) -> JsonObject:
    holder = await _role_holder(call)
    await permissions.give_permissions(_environment(call), holder, call.body)
    return {}


async def _take_role_permissions(call: Call) -> None:
    holder = await _role_holder(call)
    await permissions.take_permissions(_environment(call), holder, call.body)


async def _effective_permissions(call: Call) -> JsonValue:
    found = await permissions.effective_permissions(
        _environment(call), await _require_user(call), call.query["resource_server_identifier"]
    )
    return _page(call, "permissions", found)


async def _permission_roles(call: Call) -> JsonValue:
    found = await permissions.role_sources(
        _environment(call),
        await _require_user(call),
        call.query["resource_server_identifier"],
        call.query["permission_name"],
    )
    return _page(call, "roles", found)


async def _effective_roles(call: Call) -> JsonValue:
    user_id = await _require_user(call)
    found = await permissions.effective_roles(_environment(call), user_id)
    return _page(call, "roles", found)


async def _methods(call: Call) -> JsonValue:
    user_id = await _require_user(call)
    listed = await methods.list_methods(_environment(call), user_id)
    page = _page(call, "authenticators", listed)
    if not listed and isinstance(page, dict):
        page = {key: value for key, value in page.items() if key != "total"}  # recorded
    return page


async def _add_method(call: Call) -> JsonObject:
    return await methods.add_method(_environment(call), await _require_user(call), _body(call))


async def _set_methods(call: Call) -> JsonArray:
    user_id = await _require_user(call)
    return [*await methods.set_methods(_environment(call), user_id, call.body)]


async def _remove_methods(call: Call) -> None:
    await methods.remove_methods(_environment(call), await _require_user(call))


def _method(call: Call) -> tuple[Environment, str, str]:
    return _environment(call), call.path["id"], call.path["method_id"]


async def _get_method(call: Call) -> JsonObject:
    return await methods.get_method(*_method(call))


async def _change_method(call: Call) -> JsonObject:
    return await methods.change_method(*_method(call), _body(call))


async def _remove_method(call: Call) -> None:
    await methods.remove_method(*_method(call))


async def _enrollments(call: Call) -> JsonArray:
    await _require_user(call)
    return []


async def _logs(call: Call) -> JsonValue:
    await _require_user(call)
    if not call.query["include_totals"]:
        return []
    start = call.query["page"] * call.query["per_page"]
    return {"start": start, "limit": call.query["per_page"], "length": 0, "total": 0, "logs": []}


async def _nothing(call: Call) -> None:
    await _require_user(call)


def _none_of(key: str) -> Handler:
    async def listed(call: Call) -> JsonValue:
        await _require_user(call)
        return {key: []}

    return listed


_USER: Final = "/api/v2/users/{id}"
_METHOD: Final = f"{_USER}/authentication-methods/{{method_id}}"
_SERVER: Final = Param(name="resource_server_identifier", is_required=True)
_RISK: Final = closed({"connection": text(), "assessors": TEXTS}, "connection", "assessors")
_READ_USER: Final = ("read:users",)
_UPDATE_USER: Final = ("update:users",)


def _route(
    method: str,
    path: str,
    handle: Any,
    summary: str,
    scopes: tuple[str, ...],
    *,
    body: Schema | None = None,
    query: tuple[Param, ...] = (),
    status: int = 200,
    is_empty: bool = False,
) -> Route:
    return Route(
        method=method,
        path=path,
        handle=handle,
        summary=summary,
        scopes=scopes,
        body=body,
        query=query,
        status=status,
        media="" if is_empty else "application/json",
        tag=path.split("/")[3],
    )


def _permission_routes(owner: str, handlers: tuple[Any, Any, Any], noun: str) -> tuple[Route, ...]:
    listed, given, taken = handlers
    path = f"/api/v2/{owner}/{{id}}/permissions"
    read, update = (f"read:{owner}",), (f"update:{owner}",)
    return (
        _route("GET", path, listed, f"List {noun}'s permissions", read, query=PAGES),
        _route(
            "POST",
            path,
            given,
            f"Give {noun} permissions",
            update,
            body=PERMISSIONS,
            status=201,
        ),
        _route(
            "DELETE",
            path,
            taken,
            f"Take permissions from {noun}",
            update,
            body=PERMISSIONS,
            status=204,
        ),
    )


_IDENTITIES: Final = (
    _route(
        "POST",
        f"{_USER}/identities",
        _link,
        "Link a user to another",
        ("update:users", "update:current_user_identities"),
        body=LINK,
        status=201,
    ),
    _route(
        "DELETE",
        f"{_USER}/identities/{{provider}}/{{user_id}}",
        _unlink,
        "Unlink an identity",
        ("update:users", "update:current_user_identities"),
    ),
)
_EFFECTIVE: Final = (
    _route(
        "GET",
        f"{_USER}/effective-permissions",
        _effective_permissions,
        "List a user's permissions, roles' included",
        _READ_USER,
        query=(*CHECKPOINT, *PAGES, _SERVER),
    ),
    _route(
        "GET",
        f"{_USER}/effective-permissions/sources/effective-roles",
        _permission_roles,
        "List the roles that give a user a permission",
        _READ_USER,
        query=(*CHECKPOINT, *PAGES, _SERVER, Param(name="permission_name", is_required=True)),
    ),
    _route(
        "GET",
        f"{_USER}/effective-roles",
        _effective_roles,
        "List a user's roles",
        _READ_USER,
        query=(*CHECKPOINT, *PAGES),
    ),
    _route(
        "GET",
        f"{_USER}/effective-roles/sources/groups",
        _none_of("groups"),
        "List the groups that give a user a role",
        _READ_USER,
        query=(*CHECKPOINT, Param(name="role_id", is_required=True)),
    ),
)
_METHODS: Final = (
    _route(
        "GET",
        f"{_USER}/authentication-methods",
        _methods,
        "List a user's authentication methods",
        ("read:authentication_methods",),
        query=PAGES,
    ),
    _route(
        "POST",
        f"{_USER}/authentication-methods",
        _add_method,
        "Add an authentication method",
        ("create:authentication_methods",),
        body=methods.CREATE,
        status=201,
    ),
    _route(
        "PUT",
        f"{_USER}/authentication-methods",
        _set_methods,
        "Replace a user's authentication methods",
        ("update:authentication_methods",),
        body=methods.SET,
    ),
    _route(
        "DELETE",
        f"{_USER}/authentication-methods",
        _remove_methods,
        "Remove a user's authentication methods",
        ("delete:authentication_methods",),
        status=204,
    ),
    _route(
        "GET",
        _METHOD,
        _get_method,
        "Get an authentication method",
        ("read:authentication_methods",),
    ),
    _route(
        "PATCH",
        _METHOD,
        _change_method,
        "Change an authentication method",
        ("update:authentication_methods",),
        body=methods.UPDATE,
    ),
    _route(
        "DELETE",
        _METHOD,
        _remove_method,
        "Remove an authentication method",
        ("delete:authentication_methods",),
        status=204,
    ),
    _route(
        "DELETE",
        f"{_USER}/authenticators",
        _remove_methods,
        "Remove a user's authenticators",
        ("delete:guardian_enrollments",),
        status=204,
    ),
)
_NONE_HERE: Final = (
    _route("GET", f"{_USER}/enrollments", _enrollments, "List enrolments", _READ_USER),
    _route(
        "GET",
        f"{_USER}/logs",
        _logs,
        "List a user's log events",
        ("read:logs", "read:logs_users"),
        query=(*PAGES, Param(name="sort")),
    ),
    _route(
        "GET",
        f"{_USER}/sessions",
        _none_of("sessions"),
        "List a user's sessions",
        ("read:sessions",),
        query=CHECKPOINT,
    ),
    _route(
        "DELETE",
        f"{_USER}/sessions",
        _nothing,
        "End a user's sessions",
        ("delete:sessions",),
        status=202,
        is_empty=True,
    ),
    _route(
        "GET",
        f"{_USER}/refresh-tokens",
        _none_of("tokens"),
        "List a user's refresh tokens",
        ("read:refresh_tokens",),
        query=CHECKPOINT,
    ),
    _route(
        "DELETE",
        f"{_USER}/refresh-tokens",
        _nothing,
        "Revoke a user's refresh tokens",
        ("delete:refresh_tokens",),
        status=202,
        is_empty=True,
    ),
    _route(
        "GET",
        f"{_USER}/connected-accounts",
        _none_of("connected_accounts"),
        "List a user's connected accounts",
        _READ_USER,
        query=CHECKPOINT,
    ),
    _route(
        "GET",
        f"{_USER}/groups",
        _none_of("groups"),
        "List a user's groups",
        _READ_USER,
        query=CHECKPOINT,
    ),
    _route(
        "POST",
        f"{_USER}/multifactor/actions/invalidate-remember-browser",
        _nothing,
        "Forget a user's remembered browsers",
        _UPDATE_USER,
        status=204,
    ),
    _route(
        "DELETE",
        f"{_USER}/multifactor/{{provider}}",
        _nothing,
        "Forget a user's second factor",
        _UPDATE_USER,
        status=204,
    ),
    _route(
        "POST",
        f"{_USER}/risk-assessments/clear",
        _nothing,
        "Forget what was learned of a user's risk",
        _UPDATE_USER,
        body=_RISK,
        status=204,
    ),
)

ROUTES: Final = (
    *_IDENTITIES,
    *_permission_routes("users", (_permissions, _give_permissions, _take_permissions), "a user"),
    *_permission_routes(
        "roles", (_role_permissions, _give_role_permissions, _take_role_permissions), "a role"
    ),
    *_EFFECTIVE,
    *_METHODS,
    *_NONE_HERE,
)
