"""A worker dies at every point, and the next one carries on: nothing lost, nothing done twice."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.actions.base import StepOutcome
from sluiceway.engine.base import EngineSettings
from sluiceway.engine.worker import Worker
from sluiceway.models.execution import ExecutionInput
from sluiceway.outbound.base import BEFORE_SENDING
from sluiceway.storage.durable import OutboxFilter


async def _crash_in(it: Any, flow: Any, step_id: str, **fields: Any) -> str:
    """Start *flow*, kill the worker inside *step_id*, and start another."""
    reached = asyncio.Event()

    async def hang(_: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    it.actions.hooks[step_id] = hang
    it.work()
    id_: str = await it.executions.start(flow, ExecutionInput(fields=fields))
    async with asyncio.timeout(5):
        await reached.wait()
    await it.die()
    del it.actions.hooks[step_id]
    it.work()
    return id_


def test_completed_steps_are_adopted_and_a_harmless_call_in_flight_is_made_again(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            flow = it.flow(
                step("uuid", "STORE_VARS", vars={"id": "{{ functions.uuid() }}"}),
                step("one", "REPEAT", value="{{ vars.id }} {{ functions.now() }}"),
                step("two", "REPEAT", value="{{ vars.id }} {{ functions.now() }}"),
            )
            record = await it.end_of(await _crash_in(it, flow, "two"))
            assert record["status"] == "COMPLETED"
            assert it.actions.calls == ["one", "two", "two"]
            one, two = (s["output"]["got"] for s in record["steps"][1:])
            assert one == two
            assert [s["id"] for s in record["steps"]] == ["uuid", "one", "two"]

    asyncio.run(scenario())


def test_a_once_only_call_in_flight_ends_as_unknown_and_an_operator_may_retry_it(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            flow = it.flow(step("one", "REPEAT"), step("post", "ONCE"), step("two", "REPEAT"))
            id_ = await _crash_in(it, flow, "post")
            record = await it.end_of(id_)
            assert record["status"] == "FAILED"
            assert record["error"]["code"] == "ERR_OUTCOME_UNKNOWN"
            assert it.actions.calls == ["one", "post"]

            assert await it.executions.retry(id_, from_failed_step=True) == id_
            record = await it.end_of(id_)
            assert record["status"] == "COMPLETED"
            assert it.actions.calls == ["one", "post", "post", "two"]
            assert record["steps"][1]["attempts"] == 3

    asyncio.run(scenario())


@pytest.mark.parametrize("was_made", [True, False])
def test_a_call_that_can_be_looked_up_is_adopted_or_made(
    lab: Any, url: str, step: Any, *, was_made: bool
) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            if was_made:
                it.actions.reconciled = StepOutcome(output={"found": True}, status_code=201)
            flow = it.flow(step("create", "CREATE"), step("two", "REPEAT"))
            record = await it.end_of(await _crash_in(it, flow, "create"))
            assert record["status"] == "COMPLETED"
            again = [] if was_made else ["create"]
            assert it.actions.calls == ["create", "create?", *again, "two"]
            if was_made:
                assert it.actions.began["create?"] == it.actions.began["create"]
            assert record["steps"][0]["attempts"] == 2

    asyncio.run(scenario())


def test_a_message_is_not_queued_twice(lab: Any, url: str, step: Any) -> None:

    async def scenario() -> None:
        async with lab(url, works=False) as it:
            flow = it.flow(step("mail", "MAIL", value="a@x.example"), step("two", "REPEAT"))
            record = await it.end_of(await _crash_in(it, flow, "two"))
            assert it.actions.calls == ["mail", "two", "two"]
            rows = await it.store.outbox.list(OutboxFilter())
            assert [row.idempotency_key for row in rows] == [f"{record['id']}:mail"]

    asyncio.run(scenario())


def test_an_allowed_failure_is_remembered(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            flow = it.flow(
                step("one", "REPEAT", fail=1, allow_failure=True),
                step("two", "REPEAT", value="{{ actions.one.success }}"),
            )
            record = await it.end_of(await _crash_in(it, flow, "two"))
            assert it.actions.calls == ["one", "two", "two"]
            assert record["steps"][1]["output"]["got"] is False

    asyncio.run(scenario())


def test_a_delay_survives_a_restart_and_the_clock_is_read_again_after_it(
    lab: Any, file_url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(file_url, works=False) as it:
            flow = it.flow(
                step("one", "REPEAT", value="{{ functions.now() }}"),
                step("wait", "DELAY_FLOW", number=30, units="DAYS"),
                step("two", "REPEAT", value="{{ functions.now() }}"),
            )
            it.work()
            id_ = await it.executions.start(flow, ExecutionInput())
            for _ in range(100):
                if (await it.executions.get(id_))["status"] == "DELAYED":
                    break
                await asyncio.sleep(0.02)
            record = await it.executions.get(id_, debug=True)
            assert record["debug"]["steps"][1]["status"] == "DELAYED"
            await it.rest()
            await it.store.close()
            it.open()
            it.clock.offset = timedelta(days=29, hours=23)
            it.work()
            await asyncio.sleep(0.1)
            assert (await it.executions.get(id_))["status"] == "DELAYED"
            it.clock.offset = timedelta(days=30, minutes=1)
            it.live.work.set()
            record = await it.end_of(id_)
            assert record["status"] == "COMPLETED"
            assert it.actions.calls == ["one", "two"]
            first, second = record["steps"][0]["output"]["got"], record["steps"][2]["output"]["got"]
            assert first < second
            assert record["steps"][1]["status"] == "COMPLETED"

    asyncio.run(scenario())


def test_a_clock_that_steps_back_holds_nothing_up(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url, works=False, follows=False) as it:
            flow = it.flow(step("one", "REPEAT"), step("two", "REPEAT"))
            id_ = await it.executions.start(flow, ExecutionInput())
            it.clock.offset = timedelta(hours=-5)
            it.work()
            assert (await it.end_of(id_))["status"] == "COMPLETED"
            wait = step("wait", "DELAY_FLOW", number=2, units="SECONDS")
            asleep = await it.executions.start(it.flow(wait), ExecutionInput())
            while (await it.executions.get(asleep))["status"] != "DELAYED":
                await asyncio.sleep(0.02)
            # Neither the one that sleeps already nor the next one sleeps for hours.
            it.clock.offset = timedelta(hours=-50)
            began = time.monotonic()
            assert (await it.run(wait))["status"] == "COMPLETED"
            assert 1.5 < time.monotonic() - began < 8
            assert (await it.end_of(asleep))["status"] == "COMPLETED"

    asyncio.run(scenario())


def test_an_execution_that_kills_every_worker_is_failed_in_the_end(
    lab: Any, url: str, step: Any
) -> None:

    async def scenario() -> None:
        settings = EngineSettings(max_takeovers=2, lease=timedelta(seconds=2))
        async with lab(url, settings, works=False) as it:
            reached = asyncio.Event()

            async def hang(_: Any) -> None:
                reached.set()
                await asyncio.Event().wait()

            it.actions.hooks["one"] = hang
            id_ = await it.executions.start(it.flow(step("one", "REPEAT")), ExecutionInput())
            for _ in range(3):
                reached.clear()
                it.work()
                async with asyncio.timeout(5):
                    await reached.wait()
                await it.die()
            it.work()
            record = await it.end_of(id_)
            assert record["status"] == "FAILED"
            assert "3 in a row" in record["error"]["message"]

    asyncio.run(scenario())


def test_a_worker_that_stops_gives_back_what_it_cannot_finish(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            working = asyncio.create_task(it.worker.run(drain=timedelta(seconds=0.05)))
            flow = it.flow(step("one", "REPEAT"), step("slow", "REPEAT", wait=0.4))
            id_ = await it.executions.start(flow, ExecutionInput())
            while it.actions.calls != ["one", "slow"]:
                await asyncio.sleep(0.01)
            it.worker.stop()
            await working
            it.work()
            record = await it.end_of(id_)
            assert record["status"] == "COMPLETED"
            assert it.actions.calls == ["one", "slow", "slow"]

    asyncio.run(scenario())


def test_a_live_worker_takes_over_once_the_lease_has_run_out(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        settings = EngineSettings(lease=timedelta(seconds=0.6))
        async with lab(url, settings, works=False) as it:
            reached = asyncio.Event()

            async def hang_once(_: Any) -> None:
                if not reached.is_set():
                    reached.set()
                    await asyncio.Event().wait()

            it.actions.hooks["two"] = hang_once
            it.work()
            flow = it.flow(step("one", "REPEAT"), step("two", "REPEAT"))
            id_ = await it.executions.start(flow, ExecutionInput())
            await reached.wait()
            peer = Worker(it.engine, it.world, it.live)
            # It was there before the other died: it has to wait for the lease.
            it.engine.store.recover = _nothing_to_recover
            await it.die()
            working = asyncio.create_task(peer.run())
            began = asyncio.get_running_loop().time()
            record = await it.end_of(id_)
            assert record["status"] == "COMPLETED"
            assert 0.1 < asyncio.get_running_loop().time() - began < 0.6 + 5
            assert it.actions.calls == ["one", "two", "two"]
            peer.stop()
            await working

    asyncio.run(scenario())


async def _nothing_to_recover(_owner: str) -> int:
    return 0


def test_a_worker_that_wakes_after_its_lease_makes_no_call(lab: Any, url: str, step: Any) -> None:
    """What it was about to send, its successor may have sent."""

    async def scenario() -> None:
        async with lab(url) as it:
            sent: list[str] = []

            async def send(context: Any) -> None:
                if not sent:
                    sent.append("held back")
                    it.worker._held_until_s = dict.fromkeys(it.worker._held_until_s, 0.0)
                before = BEFORE_SENDING.get()
                assert before is not None
                before()
                sent.append(context.step_id)

            it.actions.hooks["post"] = send
            id_ = await it.executions.start(it.flow(step("post", "REPEAT")), ExecutionInput())
            assert (await it.end_of(id_))["status"] == "COMPLETED"
            assert sent == ["held back", "post"]
            assert (await it.store.executions.get(id_)).claim_number == 2

    asyncio.run(scenario())
