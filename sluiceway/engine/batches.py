"""Run one flow for every row of a file: streamed, resumable, each row once.

The idempotency key of a row is the batch's id and the row's number. Running the same batch again
finds what it did before: rows that completed are left alone, rows that failed go on from their
failed step, rows in flight are waited for. How fast a tenant may be called is not decided here:
all executions share its token bucket.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluiceway.engine.service import StartRequest
from sluiceway.errors import Conflict
from sluiceway.models.execution import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from sluiceway.engine.service import Executions
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["BatchRow", "RowReport", "row_key", "run_batch"]

_WAIT_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One row: its number, counted from 1, and what the flow is started with for it."""

    number: int
    input: ExecutionInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What became of a row. *was_done* tells that an earlier run of the batch completed it."""

    row: int
    id: str
    status: ExecutionStatus
    output: JsonValue = None
    error: JsonValue = None
    was_done: bool = False

    def as_json(self) -> JsonObject:
        """Return one line of a report."""
        return {
            "row": self.row,
            "id": self.id,
            "status": str(self.status),
            "output": self.output,
            "error": self.error,
            "was_done": self.was_done,
        }


def row_key(batch_id: str, number: int) -> str:
    """Return the idempotency key of a row."""
    return f"{batch_id}:{number}"


async def run_batch(
    executions: Executions,
    flow: Flow,
    rows: Iterable[BatchRow],
    *,
    batch_id: str,
    concurrency: int = 50,
    connections: Mapping[str, str] | None = None,
) -> AsyncIterator[RowReport]:
    """Run *flow* for each of *rows* and yield a report a row, in the order they end.

    Rows are read as there is room for them: at most *concurrency* are in hand. A caller that stops
    early leaves them to the workers, and the same *batch_id* goes on from there.

    Raises:
        StorageError: the database cannot be reached.
    """
    in_hand: set[asyncio.Task[RowReport]] = set()
    try:
        for row in rows:
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
    request = StartRequest(
        input=row.input, idempotency_key=row_key(batch_id, row.number), batch_id=batch_id
    )
    (created,) = await executions.start_many(flow, [request], connections=connections)
    if not created.is_new:
        record = await executions.get(created.id)
        status = ExecutionStatus(str(record["status"]))
        if status is ExecutionStatus.COMPLETED:
            return await _report(executions, row, created.id, was_done=True)
        if status.is_terminal:
            # A conflict means that another run of the batch was first: wait for what it does.
            with suppress(Conflict):
                await executions.retry(created.id, from_failed_step=True)
    while not await executions.wait(created.id, timeout_s=_WAIT_S):
        pass
    return await _report(executions, row, created.id)


async def _report(
    executions: Executions, row: BatchRow, id_: str, *, was_done: bool = False
) -> RowReport:
    record = await executions.get(id_, debug=True)
    debug = record["debug"]
    known: JsonObject = debug if isinstance(debug, dict) else {}
    return RowReport(
        row=row.number,
        id=id_,
        status=ExecutionStatus(str(record["status"])),
        output=known.get("output"),
        error=known.get("error"),
        was_done=was_done,
    )
