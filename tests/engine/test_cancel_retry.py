"""Cancel is done within two seconds or refused with a reason; retry repeats no completed step."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.engine.base import EngineSettings
from sluiceway.errors import Conflict, NotFound
from sluiceway.models.execution import ExecutionInput


async def _until(it: Any, id_: str, status: str) -> None:
    async with asyncio.timeout(5):
        while (await it.executions.get(id_))["status"] != status:
            await asyncio.sleep(0.01)


def test_a_queued_execution_is_cancelled_at_once(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            id_ = await it.executions.start(it.flow(step("one", "REPEAT")), ExecutionInput())
            events = it.executions.events(id_)
            following = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0.05)
            await it.executions.cancel(id_)
            assert (await following)["type"] == "execution_finished"
            record = await it.end_of(id_)
            assert record["status"] == "CANCELLED"
            it.work()
            await asyncio.sleep(0.1)
            assert it.actions.calls == []

    asyncio.run(scenario())


def test_a_delayed_execution_is_cancelled_at_once_and_keeps_its_steps(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("one", "REPEAT"), step("wait", "DELAY_FLOW", number=1000))
            id_ = await it.executions.start(flow, ExecutionInput())
            await _until(it, id_, "DELAYED")
            await it.executions.cancel(id_)
            record = await it.end_of(id_)
            assert record["status"] == "CANCELLED"
            assert [s["id"] for s in record["steps"]] == ["one", "wait"]

    asyncio.run(scenario())


def test_a_running_execution_stops_within_two_seconds(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("one", "REPEAT"), step("slow", "REPEAT", wait=60))
            id_ = await it.executions.start(flow, ExecutionInput())
            while "slow" not in it.actions.calls:
                await asyncio.sleep(0.01)
            began = time.monotonic()
            await it.executions.cancel(id_)
            assert time.monotonic() - began < 2
            assert (await it.end_of(id_))["status"] == "CANCELLED"

            del it.actions.calls[:]
            flow = it.flow(step("one", "REPEAT"), step("slow", "REPEAT"))
            assert await it.executions.retry(id_, from_failed_step=False) != id_

    asyncio.run(scenario())


def test_a_once_only_call_is_not_interrupted_and_the_answer_says_so(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("post", "ONCE", wait=2.2), step("two", "REPEAT"))
            id_ = await it.executions.start(flow, ExecutionInput())
            while "post" not in it.actions.calls:
                await asyncio.sleep(0.01)
            with pytest.raises(Conflict, match="must not be interrupted"):
                await it.executions.cancel(id_)
            record = await it.end_of(id_)
            assert record["status"] == "CANCELLED"
            assert record["steps"][0]["status"] == "COMPLETED"
            assert it.actions.calls == ["post"]

            await it.executions.retry(id_, from_failed_step=True)
            assert (await it.end_of(id_))["status"] == "COMPLETED"
            assert it.actions.calls == ["post", "two"]

    asyncio.run(scenario())


def test_what_has_ended_cannot_be_cancelled_and_what_is_not_there_not_found(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(step("one", "REPEAT"))
            with pytest.raises(Conflict, match="has not ended"):
                await it.executions.cancel(record["id"])
            with pytest.raises(Conflict, match="FAILED or was CANCELLED"):
                await it.executions.retry(record["id"], from_failed_step=True)
            for call in (it.executions.get, it.executions.cancel, it.executions.delete):
                with pytest.raises(NotFound):
                    await call("afe_none")

    asyncio.run(scenario())


def test_retry_from_the_failed_step_goes_on_there_with_the_same_clock_before_it(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("store", "STORE_VARS", vars={"at": "{{ functions.now() }}"}),
                step("one", "REPEAT", value="{{ vars.at }}"),
                step("flaky", "REPEAT", fail=2),
                step("last", "REPEAT", value="{{ vars.at }}"),
            )
            id_ = record["id"]
            assert record["status"] == "FAILED"
            for expected in ("FAILED", "COMPLETED"):
                assert await it.executions.retry(id_, from_failed_step=True) == id_
                record = await it.end_of(id_)
                assert record["status"] == expected
            assert it.actions.calls == ["one", "flaky", "flaky", "flaky", "last"]
            steps = record["steps"]
            assert [s["attempts"] for s in steps] == [1, 1, 3, 1]
            assert steps[1]["output"]["got"] == steps[3]["output"]["got"]
            assert record["error"] is None

    asyncio.run(scenario())


def test_retry_from_the_start_is_a_new_execution_of_the_same_wording(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(step("one", "REPEAT", value="{{ fields.x }}", fail=1), x="y")
            again = await it.executions.retry(record["id"], from_failed_step=False)
            assert again != record["id"]
            retried = await it.end_of(again)
            assert retried["status"] == "COMPLETED"
            assert retried["flow"] == record["flow"]
            assert retried["steps"][0]["output"]["got"] == "y"

    asyncio.run(scenario())


def test_lists_delete_and_prune(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            ids = [(await it.run(step("one", "REPEAT")))["id"] for _ in range(5)]
            page = await it.executions.list(take=2)
            assert [e["id"] for e in page.executions] == ids[:2:-1]
            page = await it.executions.list(take=3, from_=page.next_)
            assert [e["id"] for e in page.executions] == ids[2::-1]
            assert page.next_ is None
            assert await it.executions.count() == 5
            await it.executions.delete(ids[0])
            it.clock.offset = -it.clock.offset
            assert await it.executions.prune(older_than=it.clock.now()) in {3, 4}

    asyncio.run(scenario())


def test_a_once_only_call_whose_answer_was_lost_may_have_been_carried_out(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(step("post", "ONCE", fail=1, lost=True))
            assert record["error"]["code"] == "ERR_OUTCOME_UNKNOWN"
            assert "the call may have been carried out" in record["error"]["message"]
            record = await it.run(step("post2", "ONCE", fail=1))
            assert record["error"]["code"] == "ERR_TARGET_UNREACHABLE"
            record = await it.run(step("get", "REPEAT", fail=1, lost=True))
            assert record["error"]["code"] == "ERR_ANSWER_LOST"

            record = await it.run(step("post3", "ONCE", fail=1, lost=True))
            await it.executions.retry(record["id"], from_failed_step=True)
            assert (await it.end_of(record["id"]))["status"] == "COMPLETED"

    asyncio.run(scenario())


def test_limits_on_time_fail_the_step_or_the_execution(lab: Any, url: str, step: Any) -> None:

    async def scenario() -> None:
        settings = EngineSettings(
            step_timeout=timedelta(seconds=0.1), execution_timeout=timedelta(seconds=0.25)
        )
        async with lab(url, settings) as it:
            record = await it.run(step("slow", "REPEAT", wait=9))
            assert record["error"]["code"] == "ERR_TIME_LIMIT"
            assert record["error"]["step"] == "slow"
            record = await it.run(step("slow", "ONCE", wait=9))
            assert record["error"]["code"] == "ERR_OUTCOME_UNKNOWN"
            record = await it.run(*(step(f"s{i}", "REPEAT", wait=0.08) for i in range(9)))
            assert record["error"]["code"] == "ERR_TIME_LIMIT"
            assert "step" not in record["error"]

    asyncio.run(scenario())
