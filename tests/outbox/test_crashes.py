"""The guarantee of docs/delivery.md, by killing the sender between any two steps."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.engine.delivery import OutboxSettings
from sluiceway.storage import open_store
from sluiceway.storage.durable import OutboxFilter, OutboxStatus

if TYPE_CHECKING:
    from collections.abc import Callable

CONCURRENCY = 5
"""That of sending_process.py."""
SENDER = Path(__file__).with_name("sending_process.py")


class Killed(BaseException):
    """The process ends here: nothing after it happens."""


class DyingOutbox:
    """An outbox whose process dies before or after its *step*-th call."""

    def __init__(self, inner: Any, *, step: int, after: bool) -> None:
        self._inner, self._step, self._after = inner, step, after
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def call(*given: Any, **named: Any) -> Any:
            self.calls += 1
            dies = self.calls == self._step
            if dies and not self._after:
                raise Killed
            answer = await method(*given, **named)
            if dies:
                raise Killed
            return answer

        return call


async def until(holds: Callable[[], Any]) -> None:
    while not holds():
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_kill_at_any_write_loses_nothing(
    laboratory: Callable[[], Any], step: int, *, after: bool
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            await lab.queue_emails(3)
            dying = DyingOutbox(lab.store.outbox, step=step, after=after)
            await kill(lab, dying)

            lab.pass_time(seconds=61)
            await lab.worker().deliver_due()

            assert {row.status for row in await lab.rows()} == {OutboxStatus.SENT}
            counts = Counter(lab.service.keys)
            assert set(counts) == {"afe_0:send", "afe_1:send", "afe_2:send"}
            # Sent twice at most where the kill fell between the sending and its note; always under
            # the same key and Message-ID, so that a service that deduplicates has it once.
            assert sum(counts.values()) <= 6
            assert len({m.message_id for _, m in lab.service.taken}) == 3

    asyncio.run(scenario())


async def kill(lab: Any, dying: DyingOutbox) -> None:
    worker = lab.worker(outbox=dying)
    # asyncio hands a BaseException of a task to the loop; a task of its own catches it.
    rows = []
    with suppress(Killed):
        rows = await worker._claim("email", 10)
    for row in rows:
        attempt_task = asyncio.ensure_future(carry_out(worker, row))
        if await attempt_task:
            return


async def carry_out(worker: Any, row: Any) -> bool:
    from sluiceway.engine.delivery import Attempt  # noqa: PLC0415 - one use

    lease = worker._deliveries.settings.lease
    attempt = Attempt(row=row, lease_until=worker._deliveries.now() + lease)
    try:
        await worker._carry_out(attempt)
    except Killed:
        return True
    return False


def test_a_kill_after_the_service_took_it_sends_it_again_under_the_same_key(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.broken_after = Killed
            worker = lab.worker()
            (row,) = await worker._claim("email", 1)
            assert await carry_out(worker, row)
            assert (await lab.row(id_)).status is OutboxStatus.SENDING

            lab.service.broken_after = None
            await lab.worker().deliver_due()
            assert lab.service.keys == ["afe_0:send"]
            lab.pass_time(seconds=61)
            await lab.worker().deliver_due()

            assert lab.service.keys == ["afe_0:send", "afe_0:send"]
            first, second = (message for _, message in lab.service.taken)
            assert first.message_id == second.message_id
            assert first.created_at == second.created_at
            assert (await lab.row(id_)).status is OutboxStatus.SENT

    asyncio.run(scenario())


def test_stopping_gives_back_what_has_not_begun(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            lab.settings = OutboxSettings(concurrency=2)
            lab.service.delay_s = 0.3
            await lab.queue_emails(8)
            worker = lab.worker()
            running = asyncio.create_task(worker.run())
            await until(lambda: lab.service.tries == 2)
            worker.stop()
            await running

            assert lab.service.tries == 2
            statuses = Counter(row.status for row in await lab.rows())
            assert statuses == {OutboxStatus.SENT: 2, OutboxStatus.QUEUED: 6}
            assert all(row.attempts <= 1 for row in await lab.rows())
            assert await lab.worker().deliver_due() == 6

    asyncio.run(scenario())


def test_the_same_key_is_not_queued_twice(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            await lab.queue_emails()
            with pytest.raises(AssertionError):
                await lab.queue_emails()
            assert len(await lab.rows()) == 1

    asyncio.run(scenario())


def test_a_worker_frozen_beyond_its_lease_sends_nothing(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            await lab.queue_emails()
            worker = lab.worker()
            (row,) = await worker._claim("email", 1)
            from sluiceway.engine.delivery import Attempt  # noqa: PLC0415 - one use

            lease = worker._deliveries.settings.lease
            attempt = Attempt(row=row, lease_until=lab.now() + lease)
            lab.pass_time(seconds=61)
            await lab.worker().deliver_due()
            await worker._carry_out(attempt)

            assert lab.service.keys == ["afe_0:send"]

    asyncio.run(scenario())


def test_two_workers_share_without_doubling(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            await lab.queue_emails(200)
            lab.service.delay_s = 0.001
            workers = [lab.worker(), lab.worker()]
            runs = [asyncio.create_task(worker.run()) for worker in workers]
            await until(lambda: len(lab.service.keys) >= 200)
            for worker in workers:
                worker.stop()
            await asyncio.gather(*runs)

            assert sorted(lab.service.keys) == sorted(f"afe_{n}:send" for n in range(200))

    asyncio.run(scenario())


def test_stopping_waits_for_what_is_on_its_way(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.delay_s = 0.05
            worker = lab.worker()
            running = asyncio.create_task(worker.run())
            await until(lambda: lab.service.tries)
            worker.stop()
            await running

            assert (await lab.row(id_)).status is OutboxStatus.SENT

    asyncio.run(scenario())


def test_stopping_gives_back_what_takes_too_long(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.delay_s = 30.0
            worker = lab.worker()
            running = asyncio.create_task(worker.run(drain=timedelta(milliseconds=10)))
            await until(lambda: lab.service.tries)
            worker.stop()
            await running

            row = await lab.row(id_)
            assert row.status is OutboxStatus.QUEUED
            assert "the worker was stopped" in row.history[0]["error"]["message"]

    asyncio.run(scenario())


def test_a_new_message_is_taken_up_at_once(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            worker = lab.worker()
            running = asyncio.create_task(worker.run())
            await asyncio.sleep(0.02)
            await lab.queue_emails()
            worker.wake()
            began = time.monotonic()
            await until(lambda: lab.service.taken)
            # By itself it would look again a second after the last time.
            assert time.monotonic() - began < 0.9
            worker.stop()
            await running

    asyncio.run(scenario())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "senders"),
    [("sqlite", 1), pytest.param("postgres", 2, marks=pytest.mark.postgres)],
)
def test_sigkill_again_and_again_loses_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, senders: int
) -> None:
    """Real processes, 300 messages, a kill every few hundred milliseconds."""
    url, sent = f"sqlite:///{tmp_path}/box.db", tmp_path / "sent.jsonl"
    if kind == "postgres":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        url = new_database()
    count, chance = 300, random.Random(3)  # noqa: S311 - when to kill
    run = [sys.executable, str(SENDER), url, str(sent)]
    subprocess.run([*run, "fill", str(count)], check=True, timeout=60)
    processes = [subprocess.Popen([*run, "send", "0"]) for _ in range(senders)]
    kills = 0
    while kills < 12:
        time.sleep(chance.uniform(0.4, 1.1))
        dying = processes.pop(0)
        if dying.poll() is None:
            os.kill(dying.pid, signal.SIGKILL)
            kills += 1
        dying.wait()
        processes.append(subprocess.Popen([*run, "send", "0"]))
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run([*run, "send", "1"], check=True, timeout=60)

    keys = Counter(json.loads(line)["key"] for line in sent.read_text().splitlines())
    assert len(keys) == count
    # What was on its way at a kill may be sent again: at most one handful for each kill.
    assert sum(keys.values()) - count <= (kills + senders) * CONCURRENCY
    assert asyncio.run(statuses(url)) == {OutboxStatus.SENT}


async def statuses(url: str) -> set[OutboxStatus]:
    store = open_store(url)
    try:
        return {row.status for row in await store.outbox.list(OutboxFilter(), limit=1000)}
    finally:
        await store.close()
