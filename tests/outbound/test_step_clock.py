"""A step's time stands while it waits for its turn, and runs otherwise."""

from __future__ import annotations

import asyncio

import pytest

from sluiceway.outbound.step_clock import standing, step_clock


async def _wait(seconds: float) -> None:
    with standing():
        await asyncio.sleep(seconds)


def test_waiting_for_a_turn_takes_nothing_of_a_steps_time() -> None:
    async def scenario() -> None:
        async with step_clock(0.2) as deadline:
            await _wait(0.3)
            # Of two waits at once, the time stands until the last is over.
            await asyncio.gather(_wait(0.05), _wait(0.3))
            await asyncio.sleep(0.01)
        assert not deadline.expired()

    asyncio.run(scenario())


def test_the_rest_of_the_time_runs_on_after_a_wait() -> None:
    async def scenario() -> None:
        async def work() -> None:
            async with step_clock(0.2):
                await asyncio.sleep(0.1)
                await _wait(0.3)
                await asyncio.sleep(5)

        with pytest.raises(TimeoutError):
            await work()

    asyncio.run(scenario())


def test_time_that_has_run_out_does_not_stand_again() -> None:
    async def scenario() -> None:
        async def work() -> None:
            async with step_clock(0.01):
                try:
                    await asyncio.sleep(5)
                finally:
                    await _wait(0)

        with pytest.raises(TimeoutError):
            await work()

    asyncio.run(scenario())


def test_without_a_step_a_wait_is_a_wait() -> None:
    asyncio.run(_wait(0))
