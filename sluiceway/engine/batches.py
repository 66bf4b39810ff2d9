"""Run one flow for every row of a file: streamed, resumable, each row once.

The idempotency key of a row is the batch's id and the row's number. Running the same batch again
finds what it did before: rows that completed are left alone, rows that failed go on from their
failed step, rows in flight are waited for. How fast a tenant may be called is not decided here:
all executions share its token bucket.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.engine.service import StartRequest
from sluiceway.errors import Conflict, NotFound
from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.durable import ExecutionFilter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence

    from sluiceway.engine.service import Executions
    from sluiceway.models.batch_rows import BatchRow
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "CancelledRows",
    "RowReport",
    "StartedRow",
    "cancel_rows",
    "report_of",
    "row_key",
    "row_of_key",
    "run_batch",
    "start_rows",
]

_WAIT_S: Final = 3600.0
_CANCELLED_AT_ONCE: Final = 200
_OPEN: Final = tuple(status for status in ExecutionStatus if not status.is_terminal)


class StartedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its execution. *was_done*: an earlier run of the batch completed it."""

    row: str
    id: str
    is_new: bool
    was_done: bool = False


class RowReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a row, known by its number or its key."""

    row: str
    id: str
    status: ExecutionStatus
    output: JsonValue = None
    error: JsonValue = None
    was_done: bool = False

    def as_json(self) -> JsonObject:
        """Return one line of a report."""
        return {
            "row": int(self.row) if self.row.isdecimal() else self.row,
            "id": self.id,
            "status": str(self.status),
            "output": self.output,
            "error": self.error,
            "was_done": self.was_done,
        }


class CancelledRows(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were cancelled, and why others could not be, by the id of their execution."""

    cancelled: int
    refused: dict[str, Conflict]


def row_key(batch_id: str, name: str) -> str:
    """Return the idempotency key of a row."""
    return f"{batch_id}:{name}"


def row_of_key(batch_id: str, key: str) -> str:
    """Return what the row with the idempotency key *key* is known by in its batch."""
    return key.removeprefix(f"{batch_id}:")


async def start_rows(
    executions: Executions,
    flow: Flow,
    rows: Sequence[BatchRow],
    *,
    batch_id: str,
    connections: Mapping[str, str] | None = None,
) -> list[StartedRow]:
    """Start what of *rows* was not started before, in one transaction; retry what failed.

    Raises:
        StorageError: the database cannot be written.
    """
    requests = [
        StartRequest(
            input=row.input, idempotency_key=row_key(batch_id, row.name), batch_id=batch_id
        )
        for row in rows
    ]
    created = await executions.start_many(flow, requests, connections=connections)
    started: list[StartedRow] = []
    for row, one in zip(rows, created, strict=True):
        was_done = False if one.is_new else await _go_on(executions, one.id)
        started.append(StartedRow(row=row.name, id=one.id, is_new=one.is_new, was_done=was_done))
    return started


async def _go_on(executions: Executions, id_: str) -> bool:
    """Retry an execution if it failed; tell whether it had completed."""
    status = ExecutionStatus(str((await executions.get(id_))["status"]))
    if status.is_terminal and status is not ExecutionStatus.COMPLETED:
        # A conflict means that another run of the batch was first: wait for what it does.
        with suppress(Conflict):
            await executions.retry(id_, from_failed_step=True)
    return status is ExecutionStatus.COMPLETED


async def run_batch(
    executions: Executions,
    flow: Flow,
    rows: AsyncIterable[BatchRow],
    *,
    batch_id: str,
    concurrency: int = 50,
    connections: Mapping[str, str] | None = None,
) -> AsyncGenerator[RowReport]:
    """Run *flow* for each of *rows* and yield a report a row, in the order they end.

    Rows are read as there is room for them: at most *concurrency* are in hand. A caller that stops
    early leaves them to the workers, and the same *batch_id* goes on from there.

    Raises:
        StorageError: the database cannot be reached.
        DefinitionError: a row cannot be read.
    """
    in_hand: set[asyncio.Task[RowReport]] = set()
    try:
        async for row in rows:
            in_hand.add(asyncio.create_task(_run_row(executions, flow, row, batch_id, connections)))
            if len(in_hand) >= concurrency:
                done, in_hand = await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        while in_hand:
            done, in_hand = await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in in_hand:
            task.cancel()
        if in_hand:
            await asyncio.wait(in_hand)


async def _run_row(
    executions: Executions,
    flow: Flow,
    row: BatchRow,
    batch_id: str,
    connections: Mapping[str, str] | None,
) -> RowReport:
    (started,) = await start_rows(
        executions, flow, [row], batch_id=batch_id, connections=connections
    )
    if not started.was_done:
        while not await executions.wait(started.id, timeout_s=_WAIT_S):
            pass
    return await report_of(executions, started)


async def report_of(executions: Executions, started: StartedRow) -> RowReport:
    """Return what became of a row so far. Raises ``NotFound`` where its execution was deleted."""
    record = await executions.get(started.id, debug=True)
    debug = record["debug"]
    known: JsonObject = debug if isinstance(debug, dict) else {}
    return RowReport(
        row=started.row,
        id=started.id,
        status=ExecutionStatus(str(record["status"])),
        output=known.get("output"),
        error=known.get("error"),
        was_done=started.was_done,
    )


async def cancel_rows(executions: Executions, batch_id: str) -> CancelledRows:
    """Cancel what of a batch has not ended, the rows started last first.

    Rows that are started meanwhile are not reached: who still adds rows must be stopped first.

    Raises:
        NotFound: there is no such batch.
        Conflict: all its rows have ended.
    """
    cancelled, refused = 0, dict[str, Conflict]()
    page, from_ = await _open_rows(executions, batch_id, None)
    if not page and not await executions.count(ExecutionFilter(batch_id=batch_id)):
        raise NotFound(f"expected a batch, found none with the id {batch_id!r}")
    while page:
        for id_, outcome in zip(
            page, await asyncio.gather(*(_cancel(executions, id_) for id_ in page)), strict=True
        ):
            if isinstance(outcome, Conflict):
                refused[id_] = outcome
            else:
                cancelled += outcome
        page, from_ = await _open_rows(executions, batch_id, from_) if from_ else ([], None)
    if not cancelled and not refused:
        raise Conflict(f"expected rows that have not ended, found none in the batch {batch_id!r}")
    return CancelledRows(cancelled=cancelled, refused=refused)


async def _open_rows(
    executions: Executions, batch_id: str, from_: str | None
) -> tuple[list[str], str | None]:
    matching = ExecutionFilter(batch_id=batch_id, statuses=_OPEN)
    page = await executions.list(matching, take=_CANCELLED_AT_ONCE, from_=from_)
    return [str(one["id"]) for one in page.executions], page.next_


async def _cancel(executions: Executions, id_: str) -> bool | Conflict:
    """Cancel one; ``False`` where it ended or was deleted meanwhile, else why it goes on."""
    try:
        await executions.cancel(id_)
    except NotFound:
        return False
    except Conflict as refusal:
        with suppress(NotFound):
            if await executions.wait(id_, timeout_s=0) is None:
                return refusal
        return False
    return True
