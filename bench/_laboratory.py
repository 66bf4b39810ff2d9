"""An engine over a database, with steps that do nothing: what is left is the engine's own cost."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.cli._collector import spare_the_collector
from sluiceway.engine.base import Engine, World
from sluiceway.engine.live import Live
from sluiceway.engine.service import Executions, StartRequest
from sluiceway.engine.worker import Worker
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.masking import Masker
from sluiceway.storage import open_store
from sluiceway.storage.sqlite.database import SqliteDatabase
from sluiceway.vault.keyring import Keyring

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.actions.base import ActionContext

__all__ = ["IN_FLIGHT", "STEPS", "Laboratory", "centile", "no_op_flow", "reference"]

STEPS = 5
IN_FLIGHT = 50


class NoParams(Params):
    pass


async def _nothing(_params: NoParams, _context: ActionContext) -> StepOutcome:
    return StepOutcome(output={})


class NoOps:
    """Two actions that do nothing: pure, and as if it had an effect, so that it is journalled."""

    def __init__(self) -> None:
        self._specs = {
            name: ActionSpec(
                type_="BENCH",
                action=name,
                title=name,
                summary="",
                params=NoParams,
                run=_nothing,
                output={},
                effect=effect,
                source="",
                example={},
            )
            for name, effect in (("PURE", Effect.PURE), ("EFFECT", Effect.REPEATABLE))
        }

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        return self._specs.get(action) if type_ == "BENCH" else None


def no_op_flow(action: str, steps: int = STEPS) -> Flow:
    """Return a flow of *steps* steps: ``PURE`` ones, or ``EFFECT`` ones that are journalled."""
    step = {"type": "BENCH", "action": action, "params": {}}
    actions = [{"id": f"s{number}", **step} for number in range(steps)]
    return Flow.from_json({"name": action, "actions": actions})


class Laboratory:
    """One database with an engine and a worker over it."""

    def __init__(self, url: str) -> None:
        self.store = open_store(url)
        nothing: Any = None
        world = World(
            tenant=nothing,
            send=nothing,
            connections=nothing,
            require_provider=nothing,
            codes=self.store.codes,
        )
        self.engine = Engine(
            store=self.store.executions,
            actions=NoOps(),
            sealer=Keyring({1: bytes(32)}),
            new_masker=Masker,
        )
        live = Live()
        self.executions = Executions(self.engine, live)
        self.worker = Worker(self.engine, world, live, concurrency=IN_FLIGHT)

    async def throughput(self, flow: Flow, executions: int, *, works: bool = True) -> float:
        """Return executions a second: enqueued by callers, each in its own write, then run."""
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def enqueue() -> None:
            async with gate:
                await self.executions.start_many(flow, [StartRequest(input=ExecutionInput())])

        before = (await self.executions.count_by_status())[ExecutionStatus.COMPLETED]
        spare_the_collector()  # as a server and a worker do
        working = asyncio.create_task(self.worker.run()) if works else None
        began = time.perf_counter()
        await asyncio.gather(*(enqueue() for _ in range(executions)))
        while (await self.executions.count_by_status())[  # noqa: ASYNC110 - no event tells it
            ExecutionStatus.COMPLETED
        ] < before + executions:
            await asyncio.sleep(0.01)  # looked at as a caller would: through the store
        took = time.perf_counter() - began
        if working is not None:
            self.worker.stop()
            await working
        return executions / took

    async def latency(self, flow: Flow, samples: int) -> list[float]:
        """Return the seconds from start to end of single executions on an idle system."""
        working = asyncio.create_task(self.worker.run())
        took: list[float] = []
        for _ in range(samples):
            began = time.perf_counter()
            id_ = await self.executions.start(flow, ExecutionInput())
            await self.executions.wait(id_, timeout_s=10)
            took.append(time.perf_counter() - began)
        self.worker.stop()
        await working
        return took


async def reference(path: Path, executions: int, steps: int = STEPS) -> float:
    """Return executions a second of a bare loop that keeps what a durable engine has to.

    It inserts an execution, checkpoints each step, and marks the end, all through one writer thread
    that commits in groups (WAL, synchronous=FULL), on the same disk.
    """
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.executescript(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, status TEXT, input TEXT);"
            "CREATE TABLE steps (run INTEGER, step INTEGER, output TEXT, PRIMARY KEY (run, step))"
            " WITHOUT ROWID;"
        )
    made.close()
    database = SqliteDatabase.bare(path)
    try:
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(number: int) -> None:
            async with gate:
                await database.write(
                    lambda c: c.execute("INSERT INTO runs VALUES (?, 'QUEUED', '{}')", (number,))
                )
                for step in range(steps):
                    await database.write(
                        lambda c, s=step: c.execute(
                            "INSERT INTO steps VALUES (?, ?, '{}')", (number, s)
                        )
                    )
                await database.write(
                    lambda c: c.execute("UPDATE runs SET status = 'DONE' WHERE id = ?", (number,))
                )

        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(executions)))
        return executions / (time.perf_counter() - began)
    finally:
        database.close()


def centile(values: list[float], share: float) -> float:
    """Return the value that *share* of all are not over."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
