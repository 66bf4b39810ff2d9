"""Events: every step of a live trace, once, in order; the same again from the store."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from sluiceway.engine.attempt import Attempt
from sluiceway.engine.plan import PlannedStep
from sluiceway.errors import NotFound
from sluiceway.models.execution import ExecutionInput, StepRecord, StepStatus
from sluiceway.models.flow import Action


def _types(events: list[Any]) -> list[str]:
    return [
        event["type"] + (f" {event['step']['id']}" if "step" in event else "") for event in events
    ]


def test_a_live_trace_tells_each_step_once_and_in_order(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(
                step("one", "PURE"),
                step("post", "ONCE", wait=0.05),
                step("bad", "REPEAT", fail=1, allow_failure=True),
                step("wait", "DELAY_FLOW", number=1),
                step("two", "PURE"),
            )
            id_ = await it.executions.start(flow, ExecutionInput())
            events = [event async for event in it.executions.events(id_)]
            told = [t for t in _types(events) if not t.startswith("step_started")]
            assert told == [
                "execution_started",
                "step_completed one",
                "step_completed post",
                "step_failed bad",
                "step_delayed wait",
                "step_completed wait",
                "step_completed two",
                "execution_finished",
            ]
            seqs = [event["seq"] for event in events]
            assert seqs == sorted(set(seqs))
            assert events[-1]["status"] == "COMPLETED"

            again = [event async for event in it.executions.events(id_)]
            assert [t for t in _types(again) if t != "step_started post"] == told
            after = [event async for event in it.executions.events(id_, after=seqs[-3])]
            assert len(after) <= 2

    asyncio.run(scenario())


def test_who_comes_late_hears_what_is_not_written_yet(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            reached, go_on = asyncio.Event(), asyncio.Event()

            async def hold(_context: Any) -> None:
                reached.set()
                await go_on.wait()

            it.actions.hooks["three"] = hold
            steps = (step("one", "REPEAT"), step("two", "PURE"), step("three", "REPEAT"))
            id_ = await it.executions.start(it.flow(*steps), ExecutionInput())
            await asyncio.wait_for(reached.wait(), 10)
            heard: list[Any] = []

            async def listen() -> None:
                async for event in it.executions.events(id_):
                    heard.append(event)
                    if "step" in event and event["step"]["id"] == "two":
                        go_on.set()

            await asyncio.wait_for(listen(), 10)
            assert _types(heard) == [
                "execution_started",
                "step_completed one",
                "step_completed two",
                "step_completed three",
                "execution_finished",
            ]
            again = [event async for event in it.executions.events(id_)]
            assert _types(again) == _types(heard)

    asyncio.run(scenario())


def test_following_what_is_not_there_says_so(lab: Any, url: str) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            with pytest.raises(NotFound):
                await anext(it.executions.events("afe_none"))

    asyncio.run(scenario())


def test_a_step_is_recorded_as_the_model_says(step: Any) -> None:
    began, ended = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)
    action = Action.from_json({**step("one", "PURE"), "alias": "First"})
    planned = PlannedStep(action, None, frozenset(), is_constant=True)
    attempt = Attempt(planned, began_at=began, attempts=2)
    for status, end in ((StepStatus.RUNNING, None), (StepStatus.FAILED, ended)):
        values: Any = {"output": {"a": 1}, "error": {"code": "E"}, "status_code": 200}
        record = attempt.record(status, input_={"x": 1}, ended_at=end, **values)
        assert list(record.items()) == list(
            StepRecord(
                id="one",
                type="TEST",
                action="PURE",
                alias="First",
                status=status,
                attempts=2,
                input={"x": 1},
                started_at=began,
                ended_at=end,
                **values,
            )
            .as_json()
            .items()
        )
