"""``/sluiceway/v1/outbox``: messages on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.api._pages import PAGE_PARAMS, mail_page
from sluiceway.api.paging import CHECKPOINT
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.engine.outbox_content import open_content
from sluiceway.engine.outbox_record import shown_message
from sluiceway.errors import Conflict, InvalidRequest, NotFound
from sluiceway.management.fields import choice, closed, text
from sluiceway.models.delivery import DeliveryStatus
from sluiceway.models.message import Channel, EmailContent
from sluiceway.providers.html_text import html_to_text
from sluiceway.providers.sms_segments import count_segments
from sluiceway.storage.durable import OutboxFilter, OutboxStatus

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import OutboxRow

__all__ = ["ROUTES"]


async def _list(call: Call) -> JsonValue:
    query = call.query
    matching = OutboxFilter(
        statuses=tuple(OutboxStatus(status) for status in query["status"]),
        deliveries=tuple(query["delivery"]),
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
    items: list[JsonValue] = [shown_message(row) for row in rows[:take]]
    more: JsonObject = {"next": f"s{rows[take - 1].seq}"} if len(rows) > take else {}
    return {**more, "messages": items}


async def _counts(call: Call) -> JsonObject:
    counts = await call.services.need_store().outbox.count_by_status()
    return {str(status): counts.get(status, 0) for status in OutboxStatus}


async def _get(call: Call) -> JsonValue:
    return shown_message(await _load(call))


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
    return shown_message(await _load(call))


async def _retry_all(call: Call) -> JsonObject:
    """Queue every dead message again that matches; the answer says how many."""
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    queue, execution_id = body.get("queue"), body.get("execution_id")
    outbox = call.services.need_store().outbox
    matching = OutboxFilter(
        statuses=(OutboxStatus.DEAD,),
        queue=queue if isinstance(queue, str) else None,
        execution_id=execution_id if isinstance(execution_id, str) else None,
    )
    at = call.services.tenant.environment.now()
    count, before_seq = 0, None
    while rows := await outbox.list(matching, limit=_PAGE, before_seq=before_seq):
        before_seq = rows[-1].seq
        count += sum([await outbox.retry(row.id, at=at) for row in rows])
    return {"retried": count}


async def _content(call: Call) -> JsonObject:
    """Return what was queued, opened; who may read it may read one-time codes."""
    row = await _load(call)
    content = open_content(row, call.services.tenant.environment.sealer)
    if isinstance(content, EmailContent):
        return {"channel": row.channel, **content.as_json(), "text": html_to_text(content.html)}
    size = count_segments(content.text)
    return {
        "channel": row.channel,
        **content.as_json(),
        "sms": {"encoding": size.encoding, "units": size.units, "segments": size.segments},
    }


async def _page(call: Call) -> Reply:
    content = open_content(await _load(call), call.services.tenant.environment.sealer)
    html = content.html if isinstance(content, EmailContent) else ""
    return mail_page(
        markup=html,
        text=html_to_text(html) if isinstance(content, EmailContent) else content.text,
        part=call.query["part"],
        shows_images=call.query["images"] == "show",
    )


async def _discard(call: Call) -> JsonValue:
    row = await _load(call)
    at = call.services.tenant.environment.now()
    if not await call.services.need_store().outbox.discard(row.id, at=at):
        raise Conflict(f"expected a message that waits or is DEAD, found {row.status}")
    return shown_message(await _load(call))


_ALL: Final = "/sluiceway/v1/outbox"
_ONE: Final = "/sluiceway/v1/outbox/{id}"
_PAGE: Final = 200
_READ: Final = ("read:outbox",)
_CONTENT: Final = ("read:outbox_content",)
_RETRY: Final = closed({"queue": choice(*(str(c) for c in Channel)), "execution_id": text(30)})
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
            Param(
                name="delivery",
                choices=tuple(str(status) for status in DeliveryStatus),
                many=True,
                description="How far the provider reported that a message came.",
            ),
            Param(name="queue", choices=tuple(str(channel) for channel in Channel)),
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
        method="GET",
        path=f"{_ONE}/content",
        handle=_content,
        summary="Get what a message says, one-time codes included",
        scopes=_CONTENT,
        tag="outbox",
    ),
    Route(
        method="GET",
        path=f"{_ONE}/page",
        handle=_page,
        summary="Get a message as a page, with a policy that lets nothing in",
        scopes=_CONTENT,
        query=PAGE_PARAMS,
        media="text/html",
        tag="outbox",
    ),
    Route(
        method="POST",
        path=f"{_ALL}/retry",
        handle=_retry_all,
        summary="Send all dead messages again",
        scopes=_UPDATE,
        body=_RETRY,
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
