"""``/api/v2/users`` and ``/api/v2/users-by-email``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.api.errors import Refusal, scope_refusal
from sluiceway.api.paging import FIELDS, PAGES, fields_of, pick_fields
from sluiceway.api.route import Call, Param, Route
from sluiceway.management import user_search, users
from sluiceway.management.user_schemas import CREATE_USER, UPDATE_USER

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue

__all__ = ["ROUTES"]

_READ: Final = ("read:users", "read:user_idp_tokens")
_LIST_QUERY: Final = (
    replace(PAGES[0], maximum=None),
    replace(PAGES[1], minimum=0, description="Number of results per page."),
    PAGES[2],
    Param(
        name="sort",
        description=(
            "Field to sort by. Use <code>field:order</code> where order is <code>1</code> for "
            "ascending and <code>-1</code> for descending. e.g. <code>created_at:1</code>"
        ),
        pattern=r"^(([a-zA-Z0-9_\\.]+))\:(1|-1)$",
    ),
    Param(name="connection"),
    *FIELDS,
    Param(name="q"),
    Param(
        name="search_engine",
        choices=("v1", "v2", "v3"),
        description="The version of the search engine",
    ),
    Param(name="primary_order", type="boolean", default=True),
)

_SOME_FIELDS: Final = fields_of(
    "phone_number",
    "email",
    "email_verified",
    "picture",
    "username",
    "user_id",
    "name",
    "nickname",
    "created_at",
    "identities",
    "app_metadata",
    "user_metadata",
    "last_ip",
    "last_login",
    "logins_count",
    "updated_at",
    "blocked",
    "family_name",
    "given_name",
)


async def _list(call: Call) -> JsonValue:
    query = call.query
    found = await user_search.search_users(
        call.services.tenant.environment,
        q=query["q"] or "",
        sort=query["sort"] or "",
        page=query["page"],
        per_page=query["per_page"],
        search_engine=query["search_engine"] or "",
        connection=query["connection"] or "",
    )
    items: list[JsonValue] = [pick_fields(user, query) for user in found.users]
    if not query["include_totals"]:
        return items
    return {
        "start": query["page"] * query["per_page"],
        "limit": query["per_page"],
        "length": len(items),
        "users": items,
        "total": found.total,
    }


async def _create(call: Call) -> JsonValue:
    return await users.create_user(call.services.tenant.environment, call.body)


async def _get(call: Call) -> JsonValue:
    user = await users.get_user(call.services.tenant.environment, call.path["id"])
    return pick_fields(user, call.query)


_WHOLE: Final = "update:users"
_PARTS: Final = {
    "update:users_app_metadata": "app_metadata",
    "update:current_user_metadata": "user_metadata",
}
"""What a token may change that may not change users as a whole."""


def _check_parts(call: Call) -> None:
    if call.claims is None or not isinstance(call.body, dict):
        return
    scopes = call.claims.scopes
    if _WHOLE in scopes:
        return
    if not call.body.keys() <= {part for scope, part in _PARTS.items() if scope in scopes}:
        raise Refusal(scope_refusal(_WHOLE))


async def _update(call: Call) -> JsonValue:
    _check_parts(call)
    return await users.update_user(call.services.tenant.environment, call.path["id"], call.body)


async def _delete(call: Call) -> None:
    await users.delete_user(call.services.tenant.environment, call.path["id"])


async def _new_recovery_code(call: Call) -> JsonValue:
    return await users.new_recovery_code(call.services.tenant.environment, call.path["id"])


async def _revoke_access(call: Call) -> None:
    # The embedded tenant holds no sessions or refresh tokens of users: there is nothing to revoke.
    await users.get_user(call.services.tenant.environment, call.path["id"])


async def _by_email(call: Call) -> JsonValue:
    found = await users.find_users_by_email(call.services.tenant.environment, call.query["email"])
    return [pick_fields(user, call.query) for user in found]


_ONE: Final = "/api/v2/users/{id}"

ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v2/users",
        handle=_list,
        scopes=_READ,
        query=_LIST_QUERY,
        summary="List or search users",
        tag="users",
    ),
    Route(
        method="POST",
        path="/api/v2/users",
        handle=_create,
        scopes=("create:users",),
        body=CREATE_USER,
        is_checked=False,
        status=201,
        summary="Create a user",
        tag="users",
    ),
    Route(
        method="GET",
        path=_ONE,
        handle=_get,
        query=_SOME_FIELDS,
        summary="Get a user",
        tag="users",
        scopes=("read:users", "read:current_user", "read:user_idp_tokens"),
    ),
    Route(
        method="PATCH",
        path=_ONE,
        handle=_update,
        body=UPDATE_USER,
        is_checked=False,
        scopes=("update:users", "update:users_app_metadata", "update:current_user_metadata"),
        summary="Change a user",
        tag="users",
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handle=_delete,
        status=204,
        scopes=("delete:users", "delete:current_user"),
        summary="Delete a user",
        tag="users",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/recovery-code-regeneration",
        handle=_new_recovery_code,
        summary="Give a user a new recovery code",
        scopes=("update:users",),
        tag="users",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/revoke-access",
        handle=_revoke_access,
        summary="Revoke a user's sessions and refresh tokens",
        scopes=("update:users",),
        status=204,
        tag="users",
    ),
    Route(
        method="GET",
        path="/api/v2/users-by-email",
        handle=_by_email,
        scopes=("read:users",),
        query=(
            *_SOME_FIELDS,
            Param(
                name="email",
                is_required=True,
                description="Email address to search for (case-sensitive).",
            ),
        ),
        summary="Find users by email",
        tag="users",
    ),
)
