"""The loop that claims messages from the outbox and delivers them, many at a time.

The guarantee is in docs/delivery.md: a message is in the outbox once, and is sent at least once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sluiceway.engine.delivery import Attempt, Failed, Postponed, Sent
from sluiceway.engine.patience import Abandoned, write_patiently
from sluiceway.errors import StorageError
from sluiceway.models.message import Channel
from sluiceway.storage.durable import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sluiceway.engine.delivery import Deliveries, Verdict
    from sluiceway.storage.durable import OutboxRow, OutboxStore

__all__ = ["QUEUES", "OutboxWorker"]

QUEUES: Final = tuple(str(channel) for channel in Channel)
_log: Final = logging.getLogger(__name__)
_LONGEST_NAP_S: Final = 1.0
_PAUSE_AFTER_TROUBLE_S: Final = 0.5
_LARGEST_CLAIM: Final = 64
_AHEAD: Final = 4
"""How many times what is allowed at a time is claimed: the rest waits here, or for its note."""


class _Gate:
    """Lets so many through at a time, and knows how many wait."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.waiting = 0
        self._semaphore = asyncio.Semaphore(allowed)

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self._semaphore.acquire()
        finally:
            self.waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._semaphore.release()


class OutboxWorker:
    """Delivers until it is told to stop. One process may have one; a database may have many."""

    def __init__(
        self, store: OutboxStore, deliveries: Deliveries, *, queues: Sequence[str] = QUEUES
    ) -> None:
        """Get ready to serve *queues*."""
        self._store, self._deliveries = store, deliveries
        self._queues = tuple(queues)
        self._owner = ""
        self._attempts: dict[str, Attempt] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, datetime] = {}
        self._gates: dict[str, _Gate] = {}
        self._work = {queue: asyncio.Event() for queue in self._queues}
        self._is_stopping = False

    @property
    def in_flight(self) -> int:
        """How many messages are on their way now."""
        return len(self._tasks)

    def wake(self) -> None:
        """Look for work now: something was just queued."""
        for event in self._work.values():
            event.set()

    def stop(self) -> None:
        """Claim nothing more; ``run`` returns once what is in hand is done or given back.

        One that has not begun yet returns at once; the one after that works again.
        """
        self._is_stopping = True
        self.wake()

    async def run(self, *, drain: timedelta = timedelta(seconds=20)) -> None:
        """Deliver until ``stop``; then wait up to *drain* for what is on its way."""
        self._begin_incarnation()
        heart = asyncio.create_task(self._beat())
        try:
            async with asyncio.TaskGroup() as group:
                for queue in self._queues:
                    group.create_task(self._serve(queue))
            if self._tasks:
                await asyncio.wait(list(self._tasks.values()), timeout=drain.total_seconds())
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
            await self._give_up_the_rest()
            self._is_stopping = False

    async def deliver_due(self) -> int:
        """Deliver what is due now, without waiting for anything later; return how many tries.

        Raises:
            StorageError: the database cannot be reached.
        """
        self._begin_incarnation()
        tries = 0
        for queue in self._queues:
            self._gates[queue] = _Gate(await self._deliveries.concurrency(queue))
            while rows := await self._claim(queue, _LARGEST_CLAIM):
                tries += len(rows)
                tasks = [self._begin(row) for row in rows]
                await asyncio.wait(tasks)
        return tries

    def _begin_incarnation(self) -> None:
        self._owner = f"outbox-{secrets.token_hex(8)}"

    async def _serve(self, queue: str) -> None:
        is_more_expected = False
        while not self._is_stopping:
            self._work[queue].clear()
            try:
                wanted = await self._free(queue)
                if wanted > 0 and (is_more_expected or await self._nap_s(queue) <= 0):
                    rows = await self._claim(queue, wanted)
                    for row in rows:
                        self._begin(row)
                    is_more_expected = len(rows) == wanted
                    if is_more_expected:
                        continue
            except StorageError as error:
                _log.warning("no message can be claimed: %s", error.message)
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE_S)
                continue
            await self._wait(queue, is_more_expected=is_more_expected)

    async def _free(self, queue: str) -> int:
        """Return how many messages to claim now; a claim for each that ends would be costly."""
        if self._is_held(queue):
            return 0
        allowed = await self._deliveries.concurrency(queue)
        gate = self._gates.get(queue)
        if gate is None or gate.allowed != allowed:
            gate = self._gates[queue] = _Gate(allowed)
        mine = sum(attempt.row.queue == queue for attempt in self._attempts.values())
        if gate.waiting * 2 > allowed:
            return 0
        return min(_AHEAD * allowed - mine, _LARGEST_CLAIM)

    async def _claim(self, queue: str, limit: int) -> list[OutboxRow]:
        return await self._store.claim(
            queue,
            self._owner,
            limit=limit,
            lease=self._deliveries.settings.lease,
            now=self._deliveries.now(),
        )

    def _is_held(self, queue: str) -> bool:
        """Tell whether the provider's limit is used up: claiming would only give back."""
        until = self._held.get(queue)
        return until is not None and until > self._deliveries.now()

    async def _wait(self, queue: str, *, is_more_expected: bool) -> None:
        try:
            # Whoever is busy is woken by the next message that ends.
            nap_s = _LONGEST_NAP_S if is_more_expected else await self._nap_s(queue)
        except StorageError:
            nap_s = _PAUSE_AFTER_TROUBLE_S
        if self._is_stopping:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(nap_s or _LONGEST_NAP_S):
                await self._work[queue].wait()

    async def _nap_s(self, queue: str) -> float:
        """Return how long nothing can become due, as far as the store knows; 0 for no time."""
        ready_at = await self._store.next_ready_at(queue)
        if ready_at is None:
            return _LONGEST_NAP_S
        until_s = (ready_at - self._deliveries.now()).total_seconds()
        return min(until_s, _LONGEST_NAP_S) if until_s > 0 else 0.0

    def _begin(self, row: OutboxRow) -> asyncio.Task[None]:
        lease = self._deliveries.settings.lease
        attempt = Attempt(row=row, lease_until=self._deliveries.now() + lease)
        self._attempts[row.id] = attempt
        task = asyncio.create_task(self._carry_out(attempt))
        self._tasks[row.id] = task
        task.add_done_callback(lambda _: self._end(row))
        return task

    def _end(self, row: OutboxRow) -> None:
        self._tasks.pop(row.id, None)
        self._attempts.pop(row.id, None)
        self._work[row.queue].set()

    async def _carry_out(self, attempt: Attempt) -> None:
        row = attempt.row
        try:
            verdict = await self._judge(attempt)
            if verdict is not None:
                await self._note(row, verdict)
        except (LeaseLost, Abandoned) as reason:
            _log.warning("%s goes on elsewhere: %s", row.id, type(reason).__name__)
        except StorageError as error:
            # Nothing was sent; the lease runs out and the message is claimed anew.
            _log.warning("%s cannot be delivered now: %s", row.id, error.message)

    async def _judge(self, attempt: Attempt) -> Verdict | None:
        row, now = attempt.row, self._deliveries.now
        gate = self._gates.get(row.queue) or _Gate(1)
        try:
            async with gate:
                if self._is_stopping:
                    return Postponed(until=now())
                if gate.waiting * 2 <= gate.allowed:
                    self._work[row.queue].set()
                return await self._deliveries.make(attempt)
        except asyncio.CancelledError:
            if attempt.is_sending:
                return self._deliveries.interrupted(row)
            return Postponed(until=now())
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one message must not take the worker down
            _log.error(
                "%s broke: %s\n%s",
                row.id,
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
            return self._deliveries.broken(error)

    async def _note(self, row: OutboxRow, verdict: Verdict) -> None:
        """Write the verdict down, patiently: a message that was taken must not be sent again."""
        at = self._deliveries.now()
        if isinstance(verdict, Postponed):
            self._held[row.queue] = max(verdict.until, self._held.get(row.queue, verdict.until))

        async def write() -> None:
            match verdict:
                case Sent():
                    await self._store.mark_sent(row, at=at, receipt=verdict.receipt)
                case Failed():
                    await self._store.mark_failed(
                        row, at=at, error=verdict.error, retry_at=verdict.retry_at
                    )
                case Postponed():
                    await self._store.postpone(row, until=verdict.until, at=at)

        await write_patiently(write, patience=self._deliveries.settings.write_patience)
        if isinstance(verdict, Failed) and verdict.retry_at is None:
            _log.warning("%s is a dead letter: %s", row.id, verdict.error.get("message"))

    async def _beat(self) -> None:
        lease = self._deliveries.settings.lease
        while True:
            await asyncio.sleep(lease.total_seconds() / 3)
            attempts = list(self._attempts.values())
            now = self._deliveries.now()
            # A worker that was frozen beyond its lease has lost it, whatever it writes now.
            held = [attempt for attempt in attempts if attempt.lease_until > now]
            try:
                await self._store.heartbeat([attempt.row for attempt in held], lease=lease, now=now)
            except StorageError as error:
                _log.warning("the messages' leases cannot be renewed: %s", error.message)
                continue
            for attempt in held:
                attempt.lease_until = now + lease

    async def _give_up_the_rest(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
