"""What works in a process: members that are started again, chores, deleting what is old."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sluiceway.engine.crew import Crew
from sluiceway.engine.janitor import Janitor, Retention
from sluiceway.models.execution import ExecutionInput
from sluiceway.storage.base import AuditEntry
from sluiceway.storage.durable import ExecutionFilter


class Fragile:
    """A member that breaks a few times before it works; it drains for *drains* seconds."""

    def __init__(self, breaks: int = 0, drains: float = 0) -> None:
        self.breaks, self.drains = breaks, drains
        self.runs = 0
        self.was_cancelled = False
        self.in_flight = 1
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self._stopped.set()

    async def run(self, *, drain: timedelta = timedelta(seconds=20)) -> None:
        self.runs += 1
        if self.runs <= self.breaks:
            raise RuntimeError("broke")
        try:
            await self._stopped.wait()
            await asyncio.sleep(self.drains)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


def test_a_member_that_breaks_is_started_again_and_a_chore_that_breaks_is_no_end(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr("sluiceway.engine.crew._RESTART_S", 0.01)

    async def bad_chore() -> None:
        raise RuntimeError("broke")

    async def scenario() -> None:
        member = Fragile(breaks=2)
        crew = Crew([member], [bad_chore])
        running = asyncio.create_task(crew.run())
        await asyncio.sleep(0.2)
        assert member.runs == 3
        assert crew.in_flight == 1
        crew.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(scenario())


def test_a_second_stop_waits_for_nothing() -> None:
    async def scenario() -> None:
        member = Fragile(drains=60)
        crew = Crew([member])
        running = asyncio.create_task(crew.run())
        await asyncio.sleep(0.05)
        crew.stop()
        await asyncio.sleep(0.05)
        assert not running.done()
        crew.stop()
        await asyncio.wait_for(running, 20)
        assert member.was_cancelled

    asyncio.run(scenario())


def test_chores_go_on_without_members_until_the_stop() -> None:
    async def scenario() -> None:
        ticks: list[int] = []

        async def chore() -> None:
            while True:
                ticks.append(1)
                await asyncio.sleep(0.01)

        crew = Crew([], [chore])
        running = asyncio.create_task(crew.run())
        await asyncio.sleep(0.1)
        assert not running.done()
        crew.stop()
        await asyncio.wait_for(running, 20)
        assert len(ticks) > 2

    asyncio.run(scenario())


def test_the_janitor_deletes_what_ended_long_ago_and_nothing_else(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            old = (await it.run(step("one", "REPEAT")))["id"]
            # The database refuses to delete what it holds for today's, by its own clock.
            earlier = it.clock.now() - timedelta(days=2)
            await it.store.audit.append(AuditEntry(at=earlier, actor="a", action="b", target="c"))
            it.clock.offset = timedelta(days=15)
            new = (await it.run(step("one", "REPEAT")))["id"]
            waits = await it.executions.start(
                it.flow(step("one", "REPEAT")),
                ExecutionInput(),
                not_before=it.clock.now() + timedelta(days=300),
            )

            async def kept() -> set[str]:
                return {row.id for row in await it.store.executions.list(ExecutionFilter())}

            forever = Retention(executions=timedelta(0))
            assert await Janitor(it.store, forever, now=it.clock.now).go_round() == 0
            janitor = Janitor(it.store, Retention(), now=it.clock.now)
            assert await janitor.go_round() == 1
            assert await kept() == {new, waits}
            assert old not in await kept()
            it.clock.offset = timedelta(days=400)
            await it.rest()
            await janitor.go_round()
            assert await kept() == {waits}
            assert await it.store.audit.list() == []

    asyncio.run(scenario())


def test_janitors_take_turns(lab: Any, url: str, monkeypatch: Any) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            rounds: list[int] = []
            retention = Retention(every=timedelta(seconds=0.4))
            for number in range(3):
                janitor = Janitor(it.store, retention, now=it.clock.now)

                async def go_round(number: int = number) -> int:
                    rounds.append(number)
                    return 0

                monkeypatch.setattr(janitor, "go_round", go_round)
                it.extra = [*getattr(it, "extra", []), asyncio.create_task(janitor.run())]
            await asyncio.sleep(0.7)
            assert len(rounds) == 1
            for task in it.extra:
                task.cancel()
            await asyncio.wait(it.extra)

    asyncio.run(scenario())
