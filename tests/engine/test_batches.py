"""A batch runs every row once to success, in bounded memory, and goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sluiceway.engine.batches import cancel_rows, run_batch, start_rows
from sluiceway.errors import Conflict, NotFound
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


def test_a_batch_is_cancelled_as_a_whole_and_goes_on_when_it_is_run_again(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("one", "REPEAT"), step("wait", "DELAY_FLOW", number=1000))
            rows = [row async for row in _rows(450)]
            await it.executions.start(flow, ExecutionInput())
            started = await start_rows(it.executions, flow, rows, batch_id="b")
            async with asyncio.timeout(60):
                while (await it.executions.get(started[0].id))["status"] != "DELAYED":
                    await asyncio.sleep(0.01)
                done = await cancel_rows(it.executions, "b")
            assert (done.cancelled, done.refused) == (450, {})
            counts = await it.executions.count_by_status()
            assert counts[ExecutionStatus.CANCELLED] == 450
            assert sum(counts.values()) == 451

            with pytest.raises(Conflict, match="expected rows that have not ended, found none"):
                await cancel_rows(it.executions, "b")
            with pytest.raises(NotFound, match="found none with the id 'c'"):
                await cancel_rows(it.executions, "c")
            again = await start_rows(it.executions, flow, rows[:1], batch_id="b")
            assert again == [started[0].__class__(row="1", id=started[0].id, is_new=False)]
            assert (await it.executions.get(started[0].id))["status"] != "CANCELLED"

    asyncio.run(scenario())


def test_rows_that_cannot_be_cancelled_just_now_are_told(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("post", "ONCE", wait=3), step("two", "REPEAT"))
            (one,) = await start_rows(
                it.executions, flow, [row async for row in _rows(1)], batch_id="b"
            )
            while "post" not in it.actions.calls:
                await asyncio.sleep(0.01)
            done = await cancel_rows(it.executions, "b")
            assert done.cancelled == 0
            assert "must not be interrupted" in done.refused[one.id].message
            assert (await it.end_of(one.id))["status"] == "CANCELLED"

    asyncio.run(scenario())


class _Racing:
    """Executions of which one ends, and one is deleted, just as they are to be cancelled."""

    def __init__(self, executions: Any) -> None:
        self._executions = executions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executions, name)

    async def cancel(self, id_: str) -> None:
        await self._executions.cancel(id_)
        if (await self._executions.list()).executions[0]["id"] == id_:
            await self._executions.delete(id_)
        await self._executions.cancel(id_)


def test_rows_that_end_or_go_meanwhile_are_not_counted(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            rows = [row async for row in _rows(2)]
            await start_rows(it.executions, it.flow(step("one", "REPEAT")), rows, batch_id="b")
            racing: Any = _Racing(it.executions)
            with pytest.raises(Conflict, match="found none in the batch"):
                await cancel_rows(racing, "b")

    asyncio.run(scenario())
