"""``/api/v2/user-blocks``: nobody signs in here, so nobody is blocked for trying too often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.route import Call, Param, Route
from sluiceway.management import users

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["ROUTES"]


async def _of_user(call: Call) -> JsonObject:
    await users.get_user(call.services.tenant.environment, call.path["id"])
    return {"blocked_for": []}


async def _of_name(_: Call) -> JsonObject:
    return {"blocked_for": []}


async def _unblock_user(call: Call) -> None:
    await users.get_user(call.services.tenant.environment, call.path["id"])


async def _unblock_name(_: Call) -> None:
    return None


_ALL: Final = "/api/v2/user-blocks"
_ONE: Final = "/api/v2/user-blocks/{id}"
_NAME: Final = Param(
    name="identifier",
    is_required=True,
    description="Should be any of a username, phone number, or email.",
)
_ENABLED: Final = Param(name="consider_brute_force_enablement", type="boolean")
_READ: Final = ("read:users",)
_UPDATE: Final = ("update:users",)

ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_of_name,
        summary="List the blocks of a login name",
        scopes=_READ,
        query=(_NAME, _ENABLED),
        tag="user-blocks",
    ),
    Route(
        method="DELETE",
        path=_ALL,
        handle=_unblock_name,
        summary="Lift the blocks of a login name",
        scopes=_UPDATE,
        query=(_NAME,),
        status=204,
        tag="user-blocks",
    ),
    Route(
        method="GET",
        path=_ONE,
        handle=_of_user,
        summary="List a user's blocks",
        scopes=_READ,
        query=(_ENABLED,),
        tag="user-blocks",
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handle=_unblock_user,
        summary="Lift a user's blocks",
        scopes=_UPDATE,
        status=204,
        tag="user-blocks",
    ),
)
