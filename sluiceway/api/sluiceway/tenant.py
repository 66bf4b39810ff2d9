"""``/sluiceway/v1/tenant``: reset the embedded tenant, fill it with samples, import users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.api.route import Call, Route
from sluiceway.management.connections import DEFAULT_CONNECTION
from sluiceway.management.fields import FLAG, OPEN, closed, text
from sluiceway.management.sample_data import add_sample_data
from sluiceway.management.tenant import reset_tenant
from sluiceway.management.user_import import import_users

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["ROUTES"]

_MOST_USERS: Final = 1000
_IMPORT: Final = closed(
    {
        "users": {"type": "array", "minItems": 1, "maxItems": _MOST_USERS, "items": OPEN},
        "connection": text(128),
        "upsert": FLAG,
    },
    "users",
)
_NUMBER: Final[JsonObject] = {"type": "integer", "minimum": 0}
_REPORT: Final[JsonObject] = {
    "type": "object",
    "required": ["created", "changed", "refused"],
    "properties": {
        "created": _NUMBER,
        "changed": _NUMBER,
        "refused": {"type": "array", "items": {"type": "string"}},
    },
}


async def _reset(call: Call) -> JsonObject:
    return {"deleted": await reset_tenant(call.services.tenant.environment)}


async def _samples(call: Call) -> JsonObject:
    return {"added": await add_sample_data(call.services.tenant.environment)}


async def _import(call: Call) -> JsonObject:
    body: Any = call.body  # the door has checked it
    report = await import_users(
        call.services.tenant.environment,
        body["users"],
        connection=body.get("connection", DEFAULT_CONNECTION),
        upsert=body.get("upsert", False),
    )
    return {
        "created": report.created,
        "changed": report.changed,
        "refused": [*report.refused],
    }


ROUTES: Final = (
    Route(
        method="POST",
        path="/sluiceway/v1/tenant/reset",
        handle=_reset,
        summary="Delete the tenant's objects but flows, the vault, executions and clients",
        scopes=("delete:tenant_data",),
        response={
            "type": "object",
            "required": ["deleted"],
            "properties": {"deleted": _NUMBER},
        },
        tag="tenant",
    ),
    Route(
        method="POST",
        path="/sluiceway/v1/tenant/samples",
        handle=_samples,
        summary="Fill an empty tenant with a few users and a flow",
        scopes=("create:users",),
        response={
            "type": "object",
            "required": ["added"],
            "properties": {"added": {"type": "boolean"}},
        },
        tag="tenant",
    ),
    Route(
        method="POST",
        path="/sluiceway/v1/tenant/users",
        handle=_import,
        summary="Import users of an export",
        scopes=("create:users",),
        body=_IMPORT,
        response=_REPORT,
        tag="tenant",
    ),
)
