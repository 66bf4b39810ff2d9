"""``/sluiceway/v1``: start executions, watch them, stop them, run them again."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.api.paging import CHECKPOINT
from sluiceway.api.route import Call, Param, Reply, Route, Stream
from sluiceway.api.shapes import COUNTS, EXECUTION, EXECUTIONS
from sluiceway.engine.outbox_record import step_messages
from sluiceway.engine.record import summary_of
from sluiceway.errors import Conflict, InvalidRequest, NotFound
from sluiceway.management import flows
from sluiceway.management.fields import OPEN, choice, closed, text
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.timestamps import parse_timestamp
from sluiceway.storage.durable import ExecutionFilter, OutboxFilter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import ExecutionRow

__all__ = ["ROUTES"]

_INPUT: Final[JsonObject] = {"context": OPEN, "fields": OPEN, "vars": OPEN}
_CONNECTIONS: Final[JsonObject] = {"type": "object", "additionalProperties": {"type": "string"}}
_START: Final = closed({**_INPUT, "connections": _CONNECTIONS, "not_before": text(64)})
_RUN: Final = closed(
    {
        **_INPUT,
        "connections": _CONNECTIONS,
        "flow": {"type": ["object", "array"]},
        "outputs": {**OPEN, "description": "Outputs of earlier steps that the flow leaves out."},
    },
    "flow",
)
_RETRY: Final = closed({"from": choice("start", "failed_step")})
_PRUNE: Final = closed({"ended_before": text(64)}, "ended_before")
_LONGEST_WAIT_S: Final = 300
_MOST_MESSAGES: Final = 500
_KEEP_ALIVE_S: Final = 15.0
_END: Final = ".end"
_EVENT_ID: Final = re.compile(r"(?P<seq>[0-9]{1,9})(?P<end>\.end)?")
_KEYS_KEPT: Final = timedelta(days=1)


async def _start(call: Call) -> Reply:
    environment = call.services.tenant.environment
    flow = await flows.load_flow(environment, call.path["id"])
    await flows.mark_executed(environment, flow.id)
    return await _begin(call, flow)


async def _run(call: Call) -> Reply:
    """Run a flow that is not kept: what the editor shows, before it is saved."""
    body: Any = call.body
    return await _begin(call, Flow.from_json(body["flow"], name="Unsaved flow", at="/flow"))


async def _begin(call: Call, flow: Flow) -> Reply:
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    executions = call.services.need_executions()
    key = call.headers.get("idempotency-key", "")
    if len(key) > 255:  # noqa: PLR2004 - what the store's column is meant for
        raise InvalidRequest("expected an Idempotency-Key of at most 255 characters")
    if key:
        await _refuse_other_body(call, flow, key)
    not_before, outputs = body.get("not_before"), body.get("outputs")
    id_ = await executions.start(
        flow,
        _input(body),
        idempotency_key=key or None,
        not_before=_moment(not_before, "not_before") if isinstance(not_before, str) else None,
        connections=_connections(body),
        outputs=outputs if isinstance(outputs, dict) else None,
    )
    wait = call.query["wait"]
    if wait:
        ended = await executions.wait(id_, timeout_s=min(wait, _LONGEST_WAIT_S))
        if ended is not None:
            return Reply(body=await _record_of(call, ended, debug=True))
    location = {"location": f"/sluiceway/v1/executions/{id_}"}
    return Reply(status=202, body=await _record(call, id_, debug=False), headers=location)


async def _refuse_other_body(call: Call, flow: Flow, key: str) -> None:
    """Check that an Idempotency-Key comes with the body that it came with first.

    Raises:
        Conflict: it came with another one: the caller uses the key for two things.
    """
    environment = call.services.tenant.environment
    body = msgspec.json.encode(call.body, order="deterministic")
    digest = hashlib.sha256(body).digest()
    place = f"idempotency/{flow.id}/{hashlib.sha256(key.encode()).hexdigest()}"
    now = environment.now()
    if await environment.shared.claim(place, digest, now=now, until=now + _KEYS_KEPT):
        return
    if await environment.shared.get(place, now=now) not in {digest, None}:
        raise Conflict(
            "The Idempotency-Key was used with another body.", error_code="idempotency_conflict"
        )


def _input(body: JsonObject) -> ExecutionInput:
    def part(name: str) -> JsonObject:
        value = body.get(name)
        return value if isinstance(value, dict) else {}

    return ExecutionInput(context=part("context"), fields=part("fields"), vars=part("vars"))


def _connections(body: JsonObject) -> dict[str, str] | None:
    given = body.get("connections")
    return {key: str(value) for key, value in given.items()} if isinstance(given, dict) else None


def _moment(text_: str, name: str) -> datetime:
    try:
        return parse_timestamp(text_)
    except ValueError as error:
        raise InvalidRequest(
            f"expected a time like 2026-01-31T09:30:00Z as {name}", error_code="invalid_body"
        ) from error


async def _record(call: Call, id_: str, *, debug: bool) -> JsonObject:
    row = await call.services.need_store().executions.get(id_)
    if row is None:
        raise NotFound("Execution not found")
    return await _record_of(call, row, debug=debug)


async def _record_of(call: Call, row: ExecutionRow, *, debug: bool) -> JsonObject:
    record = await call.services.need_executions().record_of(row, debug=debug)
    if debug:
        await _join_messages(call, row.id, record)
    return {**_with_flow(row), **record}


async def _join_messages(call: Call, id_: str, record: JsonObject) -> None:
    """Give each step that queued messages ``messages``: what became of them, reports included."""
    matching = OutboxFilter(execution_id=id_)
    rows = await call.services.need_store().outbox.list(matching, limit=_MOST_MESSAGES)
    if not rows:
        return
    by_step = step_messages(rows)
    shown: Any = record["debug"]
    shown["steps"] = [
        {**step, "messages": by_step[step["id"]]} if step["id"] in by_step else step
        for step in shown["steps"]
    ]


def _with_flow(row: ExecutionRow) -> JsonObject:
    flow: JsonObject = {"id": row.flow_id, "name": row.flow_name, "version": row.flow_version}
    return {**summary_of(row), "flow": flow}


async def _list(call: Call) -> JsonValue:
    query = call.query
    statuses = tuple(ExecutionStatus(status) for status in query["status"])
    matching = ExecutionFilter(
        flow_id=query["flow_id"],
        flow=query["flow"],
        statuses=statuses,
        created_from=_moment(query["created_from"], "created_from")
        if query["created_from"]
        else None,
        created_before=_moment(query["created_before"], "created_before")
        if query["created_before"]
        else None,
        text=query["q"] or None,
        batch_id=query["batch_id"],
    )
    take = query["take"] or 50
    rows = await call.services.need_store().executions.list(
        matching, limit=take + 1, offset=0, before_seq=_before(query["from"])
    )
    items: list[JsonValue] = [_with_flow(row) for row in rows[:take]]
    more: JsonObject = {"next": f"s{rows[take - 1].seq}"} if len(rows) > take else {}
    return {**more, "executions": items}


def _before(token: str | None) -> int | None:
    if not token:
        return None
    if not (token[0] == "s" and token[1:].isdecimal() and len(token) < 20):  # noqa: PLR2004 - int64
        raise InvalidRequest(
            "Query validation error: 'Invalid checkpoint' on property from.",
            error_code="invalid_query_string",
        )
    return int(token[1:])


async def _counts(call: Call) -> JsonObject:
    counts = await call.services.need_executions().count_by_status()
    return {str(status): counts.get(status, 0) for status in ExecutionStatus}


async def _get(call: Call) -> JsonValue:
    return await _record(call, call.path["id"], debug="debug" in call.query["hydrate"])


async def _delete(call: Call) -> None:
    await call.services.need_executions().delete(call.path["id"])


async def _cancel(call: Call) -> JsonValue:
    await call.services.need_executions().cancel(call.path["id"])
    return await _record(call, call.path["id"], debug=False)


async def _retry(call: Call) -> Reply:
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    from_failed_step = body.get("from", "failed_step") == "failed_step"
    id_ = await call.services.need_executions().retry(
        call.path["id"], from_failed_step=from_failed_step
    )
    return Reply(status=202, body=await _record(call, id_, debug=False))


async def _events(call: Call) -> Stream | Reply:
    executions = call.services.need_executions()
    id_ = call.path["id"]
    await executions.flow_id_of(id_)
    last = _EVENT_ID.fullmatch(call.headers.get("last-event-id", ""))
    if last and last["end"]:
        return Reply(status=204)  # a reader that comes back after the end need not come again
    after = int(last["seq"]) if last else -1
    from starlette.responses import StreamingResponse  # noqa: PLC0415 - heavy, only for streams

    return Stream(
        app=StreamingResponse(
            _lines(executions.events(id_, after=after)),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )
    )


async def _lines(events: AsyncIterator[JsonObject]) -> AsyncIterator[bytes]:
    """Yield server-sent events, with a comment now and then so that proxies keep the line open."""
    iterator = aiter(events)
    pending: asyncio.Task[JsonObject] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(_next(iterator))
            done, _ = await asyncio.wait({pending}, timeout=_KEEP_ALIVE_S)
            if not done:
                yield b": keep-alive\n\n"
                continue
            try:
                event = pending.result()
            except StopAsyncIteration:
                return
            finally:
                pending = None
            data = msgspec.json.encode(event).decode()
            end = _END if event["type"] == "execution_finished" else ""
            yield f"id: {event['seq']}{end}\nevent: {event['type']}\ndata: {data}\n\n".encode()
    finally:
        if pending is not None:
            pending.cancel()


async def _next(iterator: AsyncIterator[JsonObject]) -> JsonObject:
    return await anext(iterator)


async def _prune(call: Call) -> JsonObject:
    """Delete executions that ended before a moment, a few at a time."""
    body: Any = call.body
    before = _moment(body["ended_before"], "ended_before")
    return {"deleted": await call.services.need_executions().prune(older_than=before)}


_V1: Final = "/sluiceway/v1"
_ONE: Final = "/sluiceway/v1/executions/{id}"
_WAIT: Final = Param(
    name="wait",
    type="number",
    minimum=0,
    maximum=_LONGEST_WAIT_S,
    description="Seconds to wait for the end before answering 202.",
)
_HYDRATE: Final = Param(name="hydrate", choices=("debug",), many=True)
_FILTERS: Final = (
    *CHECKPOINT,
    Param(name="flow_id"),
    Param(name="flow", description="The flow's id or its name."),
    Param(name="status", choices=tuple(str(status) for status in ExecutionStatus), many=True),
    Param(name="created_from"),
    Param(name="created_before"),
    Param(name="q", description="Matches ids, the flow's name and the error."),
    Param(name="batch_id"),
)
_TAG: Final = "executions"

ROUTES: Final = (
    Route(
        method="POST",
        path=f"{_V1}/flows/{{id}}/executions",
        handle=_start,
        summary="Start an execution of a flow",
        response=EXECUTION,
        scopes=("create:flows_executions",),
        query=(_WAIT,),
        body=_START,
        status=202,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_V1}/executions",
        handle=_run,
        summary="Run a flow that is not saved",
        response=EXECUTION,
        scopes=("create:flows_executions",),
        query=(_WAIT,),
        body=_RUN,
        status=202,
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_V1}/executions",
        handle=_list,
        summary="List the executions of all flows",
        response=EXECUTIONS,
        scopes=("read:flows_executions",),
        query=_FILTERS,
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_V1}/executions/counts",
        handle=_counts,
        summary="Count executions by status",
        response=COUNTS,
        scopes=("read:flows_executions",),
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=_ONE,
        handle=_get,
        summary="Get an execution",
        response=EXECUTION,
        scopes=("read:flows_executions",),
        query=(_HYDRATE,),
        tag=_TAG,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handle=_delete,
        summary="Delete an execution that has ended",
        scopes=("delete:flows_executions",),
        status=204,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/cancel",
        handle=_cancel,
        summary="Cancel an execution",
        response=EXECUTION,
        scopes=("update:flows_executions",),
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/retry",
        handle=_retry,
        summary="Run an execution again",
        response=EXECUTION,
        scopes=("update:flows_executions",),
        body=_RETRY,
        status=202,
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_ONE}/events",
        handle=_events,
        summary="Follow an execution as server-sent events",
        scopes=("read:flows_executions",),
        media="text/event-stream",
        may_be_empty=True,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_V1}/executions/prune",
        handle=_prune,
        summary="Delete executions that ended long ago",
        scopes=("delete:flows_executions",),
        body=_PRUNE,
        tag=_TAG,
    ),
)
