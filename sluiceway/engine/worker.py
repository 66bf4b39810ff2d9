"""The loop that claims executions and carries them out, many at a time."""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sluiceway.engine.ending import error_line
from sluiceway.engine.journal import Journal
from sluiceway.engine.patience import Abandoned, write_patiently
from sluiceway.engine.plan import Plans
from sluiceway.engine.recover import recover
from sluiceway.engine.run import Run
from sluiceway.engine.sealing import encode, open_payload
from sluiceway.errors import SluicewayError, StorageError
from sluiceway.models.execution import ExecutionStatus
from sluiceway.models.timestamps import running_s
from sluiceway.outbound.base import BEFORE_SENDING
from sluiceway.storage.durable import Finish, LeaseLost

if TYPE_CHECKING:
    from sluiceway.engine.base import Engine, World
    from sluiceway.engine.live import Live
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.durable import Claim

__all__ = ["Worker"]

_log: Final = logging.getLogger(__name__)
_LONGEST_NAP_S: Final = 1.0
_PAUSE_AFTER_TROUBLE_S: Final = 0.5
_SHORT_NAP_S: Final = 0.02
_GATHERING_S: Final = 0.001
_LARGEST_CLAIM: Final = 64


class Worker:
    """Claims and carries out executions until it is told to stop.

    Each ``run`` is a new incarnation with an owner id of its own: what a dead incarnation held is
    never mistaken for work in hand.
    """

    def __init__(self, engine: Engine, world: World, live: Live, *, concurrency: int = 50) -> None:
        """Get ready; *concurrency* is how many executions run at a time."""
        self._engine, self._world, self._live = engine, world, live
        self._concurrency = concurrency
        self._plans = Plans(engine)
        self._owner = ""
        self._claims: dict[str, Claim] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lost: set[tuple[str, int]] = set()
        self._held_until_s: dict[tuple[str, int], float] = {}
        self._is_stopping = False
        self._slot = asyncio.Event()

    @property
    def owner(self) -> str:
        """The id of the current incarnation."""
        return self._owner

    @property
    def in_flight(self) -> int:
        """How many executions run now."""
        return len(self._tasks)

    def stop(self) -> None:
        """Claim nothing more; ``run`` returns once what is in hand is done or given back.

        One that has not begun yet returns at once; the one after that works again.
        """
        self._is_stopping = True
        self._live.work.set()
        self._slot.set()

    async def run(self, *, drain: timedelta = timedelta(seconds=20)) -> None:
        """Work until ``stop``; then wait up to *drain* for what is in hand, and give back the rest.

        Raises:
            StorageError: the database cannot be reached at the start.
        """
        self._owner = f"worker-{secrets.token_hex(8)}"
        await recover(self._engine, self._owner)
        heart = asyncio.create_task(self._beat())
        try:
            async with self._engine.store.watch(self._live.work.set):
                while not self._is_stopping:
                    await self._claim_and_wait()
            await self._drain(drain)
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
            await self._give_back()
            self._is_stopping = False

    async def _claim_and_wait(self) -> None:
        self._live.work.clear()
        free = min(self._concurrency - len(self._tasks), _LARGEST_CLAIM)
        claims: list[Claim] = []
        began_s = running_s()
        if free > 0:
            try:
                claims = await self._engine.store.claim(
                    self._owner,
                    limit=free,
                    lease=self._engine.settings.lease,
                    now=self._engine.now(),
                    holding=self._claims.keys(),
                )
            except StorageError as error:
                _log.warning("no work can be claimed: %s", error.message)
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE_S)
                return
        for claim in claims:
            self._begin(claim, held_until_s=began_s + self._engine.settings.lease.total_seconds())
        if free <= 0:
            await self._wait_for_slot()
        elif len(claims) < free:
            await self._wait_for_work()

    async def _wait_for_slot(self) -> None:
        """Wait until executions have ended; a moment longer, so that one claim serves several."""
        self._slot.clear()
        await self._slot.wait()
        await asyncio.sleep(_GATHERING_S)

    async def _wait_for_work(self) -> None:
        if not await self._hears_work(_SHORT_NAP_S) and not self._is_stopping:
            await self._hears_work(await self._nap_s())

    async def _hears_work(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                return await self._live.work.wait()
        except TimeoutError:
            return False

    async def _nap_s(self) -> float:
        """Return how long nothing can become ready, as far as the store knows."""
        try:
            ready_at = await self._engine.store.next_ready_at()
        except StorageError:
            return _PAUSE_AFTER_TROUBLE_S
        if ready_at is None:
            return _LONGEST_NAP_S
        until_s = (ready_at - self._engine.now()).total_seconds()
        return min(max(until_s, 0.001), _LONGEST_NAP_S)

    def _begin(self, claim: Claim, *, held_until_s: float) -> None:
        self._claims[claim.id] = claim
        self._held_until_s[claim.id, claim.number] = held_until_s
        task = asyncio.create_task(self._carry_out(claim))
        self._tasks[claim.id] = task
        task.add_done_callback(lambda _: self._end(claim))

    def _end(self, claim: Claim) -> None:
        self._lost.discard((claim.id, claim.number))
        self._held_until_s.pop((claim.id, claim.number), None)
        if self._claims.get(claim.id) is claim:
            self._tasks.pop(claim.id, None)
            self._claims.pop(claim.id, None)
            self._live.running.pop(claim.id, None)
        self._slot.set()

    async def _carry_out(self, claim: Claim) -> None:
        BEFORE_SENDING.set(lambda: self._refuse_if_late(claim))
        try:
            run = await self._prepare(claim)
            self._live.running[claim.id] = run
            await run.execute()
        except (LeaseLost, Abandoned) as reason:
            _log.warning("%s goes on elsewhere: %s", claim.id, type(reason).__name__)
        except asyncio.CancelledError:
            if (claim.id, claim.number) not in self._lost:
                await self._release(claim)
        except StorageError as error:
            _log.warning("%s cannot be carried out now: %s", claim.id, error.message)
            await asyncio.sleep(_PAUSE_AFTER_TROUBLE_S)
            await self._release(claim)
        except SluicewayError as error:
            await self._fail(claim, error)
        except Exception as error:  # noqa: BLE001 - an execution must not take the worker down
            # Without the message: it may carry a value that logs must not show.
            _log.error(
                "%s broke: %s\n%s",
                claim.id,
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
            await self._fail(
                claim,
                SluicewayError(
                    f"expected to carry the execution out, it broke: {type(error).__name__}"
                ),
            )

    def _refuse_if_late(self, claim: Claim) -> None:
        """Refuse a call of a claim whose lease ran out while the process was frozen.

        Raises:
            LeaseLost: a successor may have made the call.
        """
        if running_s() > self._held_until_s.get((claim.id, claim.number), 0.0):
            raise LeaseLost(claim.id)

    async def _fail(self, claim: Claim, error: SluicewayError) -> None:
        """End an execution that cannot be carried out: no worker could do better."""
        shown = error.as_json()
        final: JsonObject = {"input": None, "output": None, "error": shown, "entries": []}
        finish = Finish(
            status=ExecutionStatus.FAILED,
            at=self._engine.now(),
            final=encode(final),
            error=error_line(shown),
        )
        with suppress(LeaseLost, Abandoned):
            await write_patiently(
                lambda: self._engine.store.finish(claim, finish),
                patience=self._engine.settings.write_patience,
            )

    async def _prepare(self, claim: Claim) -> Run:
        sealer = self._engine.sealer
        plan = await self._plans.load(claim.execution.flow_digest)
        payload = open_payload(sealer, claim.execution.payload, execution_id=claim.id)
        journal = Journal.read(claim.log, sealer, execution_id=claim.id)
        return Run(
            self._engine,
            self._world,
            self._live,
            claim=claim,
            plan=plan,
            payload=payload,
            journal=journal,
        )

    async def _release(self, claim: Claim) -> None:
        with suppress(StorageError):
            await self._engine.store.release(claim)

    async def _beat(self) -> None:
        lease = self._engine.settings.lease
        pause_s = min(lease.total_seconds() / 3, _LONGEST_NAP_S)
        while True:
            await asyncio.sleep(pause_s)
            claims = list(self._claims.values())
            if not claims:
                continue
            began_s = running_s()
            try:
                heard = await self._engine.store.heartbeat(self._owner, claims, lease=lease)
            except StorageError as error:
                _log.warning("the leases cannot be renewed: %s", error.message)
                continue
            for claim in claims:
                key = (claim.id, claim.number)
                if claim.id not in heard.lost and key in self._held_until_s:
                    self._held_until_s[key] = began_s + heard.lasts.total_seconds()
                if claim.id in heard.lost and self._claims.get(claim.id) is claim:
                    self._lost.add((claim.id, claim.number))
                    self._tasks[claim.id].cancel()
            for id_ in heard.to_cancel & self._live.running.keys():
                self._live.running[id_].request_cancel()

    async def _drain(self, drain: timedelta) -> None:
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=drain.total_seconds())

    async def _give_back(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
