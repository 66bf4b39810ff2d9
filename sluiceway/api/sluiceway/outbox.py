"""``/sluiceway/v1/outbox``: messages on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api.paging import CHECKPOINT
from sluiceway.api.route import Call, Param, Route
from sluiceway.errors import Conflict, InvalidRequest, NotFound
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.durable import OutboxFilter, OutboxStatus

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import OutboxRow

__all__ = ["ROUTES"]


def _shown(row: OutboxRow) -> JsonObject:
    history: list[JsonValue] = list(row.history)
    return {
        "id": row.id,
        "channel": row.channel,
        "status": str(row.status),
        "execution_id": row.execution_id,
        "step_id": row.step_id,
        "message": row.shown,
        "attempts": row.attempts,
        "history": history,
        "receipt": row.receipt,
        "created_at": format_timestamp(row.created_at),
        "updated_at": format_timestamp(row.updated_at),
    }


async def _list(call: Call) -> JsonValue:
    query = call.query
    matching = OutboxFilter(
        statuses=tuple(OutboxStatus(status) for status in query["status"]),
        queue=query["queue"],
        execution_id=query["execution_id"],
        text=query["q"] or None,
    )
    take = query["take"] or 50
    token = query["from"]
    if token and not (token[0] == "s" and token[1:].isdecimal() and len(token) < 20):  # noqa: PLR2004 - int64
        raise InvalidRequest(
            "Query validation error: 'Invalid checkpoint' on property from.",
            error_code="invalid_query_string",
        )
    rows = await call.services.need_store().outbox.list(
        matching, limit=take + 1, before_seq=int(token[1:]) if token else None
    )
    items: list[JsonValue] = [_shown(row) for row in rows[:take]]
    more: JsonObject = {"next": f"s{rows[take - 1].seq}"} if len(rows) > take else {}
    return {**more, "messages": items}


async def _counts(call: Call) -> JsonObject:
    counts = await call.services.need_store().outbox.count_by_status()
    return {str(status): counts.get(status, 0) for status in OutboxStatus}


async def _get(call: Call) -> JsonValue:
    return _shown(await _load(call))


async def _load(call: Call) -> OutboxRow:
    row = await call.services.need_store().outbox.get(call.path["id"])
    if row is None:
        raise NotFound("Message not found")
    return row


async def _retry(call: Call) -> JsonValue:
    row = await _load(call)
    at = call.services.tenant.environment.now()
    if not await call.services.need_store().outbox.retry(row.id, at=at):
        raise Conflict(f"expected a message that is DEAD or DISCARDED, found {row.status}")
    return _shown(await _load(call))


async def _discard(call: Call) -> JsonValue:
    row = await _load(call)
    at = call.services.tenant.environment.now()
    if not await call.services.need_store().outbox.discard(row.id, at=at):
        raise Conflict(f"expected a message that waits or is DEAD, found {row.status}")
    return _shown(await _load(call))


_ALL: Final = "/sluiceway/v1/outbox"
_ONE: Final = "/sluiceway/v1/outbox/{id}"
_READ: Final = ("read:outbox",)
_UPDATE: Final = ("update:outbox",)

ROUTES: Final = (
    Route(
        method="GET",
        path=_ALL,
        handle=_list,
        summary="List messages",
        scopes=_READ,
        query=(
            *CHECKPOINT,
            Param(name="status", choices=tuple(str(status) for status in OutboxStatus), many=True),
            Param(name="queue"),
            Param(name="execution_id"),
            Param(name="q"),
        ),
        tag="outbox",
    ),
    Route(
        method="GET",
        path=f"{_ALL}/counts",
        handle=_counts,
        summary="Count messages by status",
        scopes=_READ,
        tag="outbox",
    ),
    Route(
        method="GET",
        path=_ONE,
        handle=_get,
        summary="Get a message",
        scopes=_READ,
        tag="outbox",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/retry",
        handle=_retry,
        summary="Send a dead message again",
        scopes=_UPDATE,
        tag="outbox",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/discard",
        handle=_discard,
        summary="Give a message up",
        scopes=_UPDATE,
        tag="outbox",
    ),
)
