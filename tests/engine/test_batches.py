"""A batch runs every row once to success, in bounded memory, and goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from sluiceway.engine.batches import run_batch
from sluiceway.models.batch_rows import BatchRow
from sluiceway.models.execution import ExecutionInput, ExecutionStatus


async def _rows(count: int, taken: list[int] | None = None) -> AsyncIterator[BatchRow]:
    for number in range(1, count + 1):
        if taken is not None:
            taken.append(number)
        yield BatchRow(number=number, input=ExecutionInput(fields={"n": number}))


def test_every_row_is_run_once_and_the_same_batch_again_runs_none(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("one", "REPEAT", value="{{ fields.n }}"))
            for was_done in (False, True):
                reports = [
                    report
                    async for report in run_batch(
                        it.executions, flow, _rows(30), batch_id="b", concurrency=5
                    )
                ]
                assert sorted(int(report.row) for report in reports) == list(range(1, 31))
                assert {report.status for report in reports} == {ExecutionStatus.COMPLETED}
                assert {report.was_done for report in reports} == {was_done}
                assert len(it.actions.calls) == 30

    asyncio.run(scenario())


def test_a_batch_that_was_stopped_goes_on_and_failed_rows_are_tried_again(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("one", "REPEAT"), step("flaky", "REPEAT", fail=4))
            taken: list[int] = []
            batch = run_batch(it.executions, flow, _rows(1000, taken), batch_id="b", concurrency=4)
            first = [await anext(batch) for _ in range(4)]
            await batch.aclose()
            assert len(taken) <= 8
            assert ExecutionStatus.FAILED in {report.status for report in first}

            reports = [
                report.as_json()
                async for report in run_batch(
                    it.executions, flow, _rows(12), batch_id="b", concurrency=4
                )
            ]
            assert {report["status"] for report in reports} == {"COMPLETED"}
            assert len({report["id"] for report in reports}) == 12
            assert it.actions.calls.count("one") == 12

    asyncio.run(scenario())
