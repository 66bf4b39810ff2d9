"""``/sluiceway/v1/…/batches``: one flow for many rows, each row once to success."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.api.route import Call, Param, Reply, Route, Stream
from sluiceway.engine.batches import StartedRow, cancel_rows, report_of, row_of_key, start_rows
from sluiceway.errors import InvalidRequest, NotFound
from sluiceway.management import flows
from sluiceway.management.fields import OPEN, closed, text
from sluiceway.models.batch_rows import BatchRow, RowReader
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.durable import ExecutionFilter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import BatchRowCounts

__all__ = ["ROUTES"]

_CSV: Final = "text/csv"
_JSON_LINES: Final = ("application/x-ndjson", "application/jsonl")
_ID: Final = text(100, pattern=r"^[A-Za-z0-9._-]+$")
_CONNECTIONS: Final[JsonObject] = {"type": "object", "additionalProperties": {"type": "string"}}
_ROW: Final = closed(
    {"context": OPEN, "fields": OPEN, "vars": OPEN, "key": text(200, pattern=r"^[^:]+$")}
).document
_ROWS: Final[dict[str, JsonValue]] = {
    "id": _ID,
    "connections": _CONNECTIONS,
    "first_row": {"type": "integer", "minimum": 1},
    "rows": {"type": "array", "minItems": 1, "maxItems": 1000, "items": _ROW},
}
_BATCH: Final = closed(_ROWS, "id", "rows")
_UNSAVED: Final = closed({**_ROWS, "flow": {"type": ["object", "array"]}}, "flow", "id", "rows")
_LOOK: Final = closed(
    {
        "executions": {
            "type": "array",
            "minItems": 1,
            "maxItems": 500,
            "items": {"type": "string", "maxLength": 100},
        }
    },
    "executions",
)
_AT_ONCE: Final = 200
_LONGEST_WAIT_S: Final = 60
_LOOK_AGAIN_S: Final = 0.1
_PAGE: Final = 200


async def _start(call: Call) -> Reply:
    """Start an execution a row: rows as JSON, or CSV or JSON lines of any size."""
    environment = call.services.tenant.environment
    flow = await flows.load_flow(environment, call.path["id"])
    await flows.mark_executed(environment, flow.id)
    if call.stream is not None:
        return await _start_stream(call, flow, call.stream)
    return await _start_rows(call, flow)


async def _start_unsaved(call: Call) -> Reply:
    """Start an execution a row of a flow that is not kept."""
    body: Any = call.body
    return await _start_rows(call, Flow.from_json(body["flow"], name="Unsaved flow", at="/flow"))


async def _start_rows(call: Call, flow: Flow) -> Reply:
    body: Any = call.body
    first = int(body.get("first_row", 1))  # JSON's 1.0 is an integer, too
    rows = [
        BatchRow(
            number=number,
            input=ExecutionInput(
                context=row.get("context", {}),
                fields=row.get("fields", {}),
                vars=row.get("vars", {}),
            ),
            key=row.get("key", ""),
        )
        for number, row in enumerate(body["rows"], first)
    ]
    started = await start_rows(
        call.services.need_executions(),
        flow,
        rows,
        batch_id=body["id"],
        connections=body.get("connections"),
    )
    shown: list[JsonValue] = [_started(one) for one in started]
    ids: list[JsonValue] = [one.id for one in started]
    return _taken(body["id"], {**_counted(started), "rows": shown, "executions": ids})


def _started(one: StartedRow) -> JsonObject:
    return {"row": one.row, "id": one.id, "is_new": one.is_new, "was_done": one.was_done}


def _counted(started: Sequence[StartedRow]) -> dict[str, JsonValue]:
    return {
        "total": len(started),
        "new": sum(one.is_new for one in started),
        "done_before": sum(one.was_done for one in started),
    }


def _taken(batch_id: str, body: Mapping[str, JsonValue]) -> Reply:
    location = {"location": f"/sluiceway/v1/batches/{batch_id}"}
    return Reply(status=202, body={"id": batch_id, **body}, headers=location)


async def _start_stream(call: Call, flow: Flow, stream: AsyncIterator[bytes]) -> Reply:
    batch_id = call.query["id"]
    if not batch_id:
        raise InvalidRequest("expected ?id=, the batch's id", error_code="invalid_query_string")
    is_csv = call.headers["content-type"].lower().startswith(_CSV)
    reader = RowReader("csv" if is_csv else "jsonl", name="the body")
    totals: dict[str, int] = {"total": 0, "new": 0, "done_before": 0}
    rows: list[BatchRow] = []

    async def flush() -> None:
        started = await start_rows(call.services.need_executions(), flow, rows, batch_id=batch_id)
        for name, number in _counted(started).items():
            totals[name] += int(str(number))
        rows.clear()

    async for chunk in stream:
        for row in reader.feed(chunk):
            rows.append(row)
            if len(rows) >= _AT_ONCE:
                await flush()
    rows.extend(reader.close())
    if rows:
        await flush()
    return _taken(batch_id, {**totals})


async def _list(call: Call) -> JsonObject:
    found = await call.services.need_store().executions.batches(limit=call.query["take"])
    return {"batches": [_batch(one) for one in found]}


def _batch(one: BatchRowCounts) -> JsonObject:
    total = sum(one.counts.values())
    ended = sum(number for status, number in one.counts.items() if status.is_terminal)
    return {
        "id": one.id,
        "flow": {"id": one.flow_id, "name": one.flow_name},
        "started_at": format_timestamp(one.started_at),
        "total": total,
        "ended": ended,
        "statuses": {str(status): number for status, number in one.counts.items()},
    }


async def _get(call: Call) -> JsonObject:
    store = call.services.need_store()
    newest = await store.executions.list(ExecutionFilter(batch_id=call.path["id"]), limit=1)
    if not newest:
        raise NotFound("Batch not found")
    counts: JsonObject = {}
    total = ended = 0
    for status in ExecutionStatus:
        matching = ExecutionFilter(batch_id=call.path["id"], statuses=(status,))
        number = await store.executions.count(matching)
        counts[str(status)] = number
        total += number
        ended += number * status.is_terminal
    row = newest[0]
    return {
        "id": call.path["id"],
        "flow": {"id": row.flow_id, "name": row.flow_name},
        "total": total,
        "ended": ended,
        "statuses": counts,
    }


async def _cancel(call: Call) -> JsonObject:
    """Cancel the executions that have not ended; tell of those that go on, and why."""
    done = await cancel_rows(call.services.need_executions(), call.path["id"])
    refused: list[JsonValue] = [
        {"id": id_, "error": error.as_json()} for id_, error in done.refused.items()
    ]
    return {"id": call.path["id"], "cancelled": done.cancelled, "refused": refused}


async def _look(call: Call) -> JsonObject:
    """Tell which of some executions have ended, waiting a while for the first."""
    body: Any = call.body
    ids: list[str] = body["executions"]
    loop = asyncio.get_running_loop()
    until = loop.time() + min(call.query["wait"] or 0, _LONGEST_WAIT_S)
    while True:
        reports = await _ended(call, ids)
        if reports or loop.time() >= until:
            return {"reports": reports}
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _ended(call: Call, ids: Sequence[str]) -> list[JsonValue]:
    store, batch_id = call.services.need_store().executions, call.path["id"]
    reports: list[JsonValue] = []
    for id_ in ids:
        row = await store.get(id_)
        if row is None or row.batch_id != batch_id:
            raise NotFound(f"Execution {id_} not found in this batch")
        if row.status.is_terminal:
            name = row_of_key(batch_id, row.idempotency_key or "")
            started = StartedRow(row=name, id=id_, is_new=False)
            report = await report_of(call.services.need_executions(), started)
            reports.append(report.as_json())
    return reports


async def _report(call: Call) -> Stream:
    """Tell what became of every row, a JSON line each."""
    batch_id = call.path["id"]
    store = call.services.need_store().executions
    if not await store.list(ExecutionFilter(batch_id=batch_id), limit=1):
        raise NotFound("Batch not found")

    async def send_lines(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", _JSON_LINES[0].encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for line in _lines(call, batch_id):
            await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return Stream(app=send_lines)


async def _lines(call: Call, batch_id: str) -> AsyncIterator[bytes]:
    store = call.services.need_store().executions
    before: int | None = None
    while rows := await store.list(
        ExecutionFilter(batch_id=batch_id), limit=_PAGE, before_seq=before
    ):
        before = rows[-1].seq
        for row in rows:
            name = row_of_key(batch_id, row.idempotency_key or "")
            started = StartedRow(row=name, id=row.id, is_new=False)
            try:
                report = await report_of(call.services.need_executions(), started)
            except NotFound:  # pruned meanwhile
                continue
            yield msgspec.json.encode(report.as_json()) + b"\n"


_V1: Final = "/sluiceway/v1"
_TAG: Final = "batches"
_READ: Final = ("read:flows_executions",)
_CREATE: Final = ("create:flows_executions",)

ROUTES: Final = (
    Route(
        method="POST",
        path=f"{_V1}/flows/{{id}}/batches",
        handle=_start,
        summary="Start an execution of a flow for each row",
        scopes=_CREATE,
        query=(Param(name="id", description="The batch's id, where the body is CSV or lines."),),
        body=_BATCH,
        streams=(_CSV, *_JSON_LINES),
        status=202,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_V1}/batches",
        handle=_start_unsaved,
        summary="Start an execution of a flow that is not saved for each row",
        scopes=_CREATE,
        body=_UNSAVED,
        status=202,
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_V1}/batches",
        handle=_list,
        summary="List batches, the latest first",
        scopes=_READ,
        query=(Param(name="take", type="integer", default=50, minimum=1, maximum=100),),
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_V1}/batches/{{id}}",
        handle=_get,
        summary="Count a batch's executions by status",
        scopes=_READ,
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_V1}/batches/{{id}}/cancel",
        handle=_cancel,
        summary="Cancel a batch's executions that have not ended",
        scopes=("update:flows_executions",),
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=f"{_V1}/batches/{{id}}/report",
        handle=_report,
        summary="What became of each row, as JSON lines",
        scopes=_READ,
        media=_JSON_LINES[0],
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=f"{_V1}/batches/{{id}}/ended",
        handle=_look,
        summary="What became of some rows, once they have ended",
        scopes=_READ,
        query=(Param(name="wait", type="number", minimum=0, maximum=_LONGEST_WAIT_S),),
        body=_LOOK,
        tag=_TAG,
    ),
)
