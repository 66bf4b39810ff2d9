"""``/sluiceway/v1/overview``: what the console must know of the server before it draws anything.

Absent objects are ``null`` here rather than a 404, and *routes* tells which endpoints there are, so
that a console of another version says plainly what the server cannot do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.route import Call, Route
from sluiceway.api.routes import load_routes
from sluiceway.management.email_provider import load_provider
from sluiceway.management.phone import PROVIDERS
from sluiceway.management.resources import list_items
from sluiceway.management.tenant_settings import get_settings
from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.durable import OutboxStatus

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_SHOWN: Final = ("name", "enabled", "default_from_address")
_MOST_PROVIDERS: Final = 100


async def _overview(call: Call) -> JsonObject:
    from importlib.metadata import version  # noqa: PLC0415 - reads a file, only here

    services = call.services
    environment = services.tenant.environment
    email = await load_provider(environment)
    phones = await list_items(environment, PROVIDERS, limit=_MOST_PROVIDERS)
    settings = await get_settings(environment)
    executions = await services.need_executions().count_by_status()
    messages = await services.need_store().outbox.count_by_status()
    shown: list[JsonValue] = [
        {key: item[key] for key in ("id", "name", "disabled", "configuration") if key in item}
        for item in phones.items
    ]
    routes: list[JsonValue] = [f"{route.method} {route.path}" for route in load_routes()]
    return {
        "version": version("sluiceway"),
        "is_development": services.is_development,
        "tenant": {
            "name": environment.tenant_name,
            "friendly_name": settings.get("friendly_name"),
            "domain": environment.domain,
            "audience": environment.audience,
        },
        "email": {key: email.body[key] for key in _SHOWN if key in email.body} if email else None,
        "phone": shown,
        "counts": {
            "executions": {str(status): executions.get(status, 0) for status in ExecutionStatus},
            "outbox": {str(status): messages.get(status, 0) for status in OutboxStatus},
        },
        "routes": routes,
    }


ROUTES: Final = (
    Route(
        method="GET",
        path="/sluiceway/v1/overview",
        handle=_overview,
        summary="Tell what this server is and can do",
        scopes=("read:flows",),
        tag="overview",
    ),
)
