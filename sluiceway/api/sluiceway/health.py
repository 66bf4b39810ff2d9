"""``/healthz``, ``/readyz``, ``/metrics`` and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.errors import envelope
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.errors import SluicewayError
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_PLAIN: Final = "text/plain; charset=utf-8"


async def _alive(_: Call) -> Reply:
    return Reply(text=b"ok\n", content_type=_PLAIN)


async def _ready(call: Call) -> Reply:
    try:
        await call.services.tenant.environment.documents.count("flow")
    except SluicewayError as error:
        return Reply(status=503, body=envelope(503, error.message, code=error.code))
    return Reply(text=b"ok\n", content_type=_PLAIN)


async def _metrics(call: Call) -> Reply:
    """Answer in Prometheus' text format 0.0.4."""
    store = call.services.need_store()
    executions = await store.executions.count_by_status()
    outbox = await store.outbox.count_by_status()
    lines = [
        "# HELP sluiceway_executions Executions by status.",
        "# TYPE sluiceway_executions gauge",
        *(f'sluiceway_executions{{status="{s}"}} {n}' for s, n in executions.items()),
        "# HELP sluiceway_outbox_messages Messages by status.",
        "# TYPE sluiceway_outbox_messages gauge",
        *(f'sluiceway_outbox_messages{{status="{s}"}} {n}' for s, n in outbox.items()),
        "# HELP sluiceway_database_bytes Space that the database takes.",
        "# TYPE sluiceway_database_bytes gauge",
        f"sluiceway_database_bytes {await store.size_bytes()}",
        *call.services.counters.lines(),
        *call.services.metrics(),
    ]
    text = "\n".join(lines) + "\n"
    return Reply(text=text.encode(), content_type="text/plain; version=0.0.4; charset=utf-8")


async def _audit(call: Call) -> JsonObject:
    entries = await call.services.need_store().audit.list(
        limit=call.query["take"], before_seq=call.query["before"], target=call.query["target"]
    )
    found: list[JsonValue] = [
        {
            "seq": entry.seq,
            "at": format_timestamp(entry.at),
            "actor": entry.actor,
            "action": entry.action,
            "target": entry.target,
            "details": entry.details,
        }
        for entry in entries
    ]
    return {"entries": found}


ROUTES: Final = (
    Route(
        method="GET",
        path="/healthz",
        handle=_alive,
        summary="Tell that the process runs",
        is_open=True,
        media="text/plain",
        tag="health",
    ),
    Route(
        method="GET",
        path="/readyz",
        handle=_ready,
        summary="Tell whether the database answers",
        is_open=True,
        media="text/plain",
        tag="health",
    ),
    Route(
        method="GET",
        path="/metrics",
        handle=_metrics,
        summary="Numbers for Prometheus",
        is_open=True,
        media="text/plain",
        tag="health",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/audit",
        handle=_audit,
        summary="List who changed what",
        scopes=("read:audit",),
        query=(
            Param(name="take", type="integer", default=50, minimum=1, maximum=100),
            Param(name="before", type="integer", minimum=1),
            Param(name="target"),
        ),
        tag="health",
    ),
)
