"""The embedded engine against a bare group-commit loop, and what a step costs above its call.

    python bench/engine.py [EXECUTIONS]

Prints one JSON line a measurement. The reference does what a durable engine cannot do without:
it inserts an execution, checkpoints each of five steps, and marks the end, all through one writer
thread that commits in groups (WAL, synchronous=FULL). It runs on the same disk in the same run.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.engine.base import Engine, World
from sluiceway.engine.live import Live
from sluiceway.engine.service import Executions, StartRequest
from sluiceway.engine.worker import Worker
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.masking import Masker
from sluiceway.storage.sqlite.database import SqliteDatabase
from sluiceway.storage.sqlite.store import SqliteStore
from sluiceway.vault.keyring import Keyring

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

STEPS = 5
IN_FLIGHT = 50


class NoParams(Params):
    pass


async def _nothing(_params: NoParams, _context: ActionContext) -> StepOutcome:
    return StepOutcome(output={})


class NoOps:
    """Two actions that do nothing: pure, and as if it had an effect."""

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


def _flow(action: str) -> Flow:
    step = {"type": "BENCH", "action": action, "params": {}}
    actions = [{"id": f"s{number}", **step} for number in range(STEPS)]
    return Flow.from_json({"name": action, "actions": actions})


async def reference(path: Path, executions: int) -> float:
    """Return executions a second of the bare loop."""
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
                for step in range(STEPS):
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


class Bench:
    """An engine over a file."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore.open(path)
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

    async def throughput(self, flow: Flow, executions: int) -> float:
        """Return executions a second: enqueued by callers, each in its own write, then run."""
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def enqueue() -> None:
            async with gate:
                await self.executions.start_many(flow, [StartRequest(input=ExecutionInput())])

        before = (await self.executions.count_by_status())[ExecutionStatus.COMPLETED]
        working = asyncio.create_task(self.worker.run())
        began = time.perf_counter()
        await asyncio.gather(*(enqueue() for _ in range(executions)))
        while (await self.executions.count_by_status())[  # noqa: ASYNC110 - no event tells it
            ExecutionStatus.COMPLETED
        ] < before + executions:
            await asyncio.sleep(0.005)  # looked at as a caller would: through the store
        took = time.perf_counter() - began
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


def _centile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _print(**line: object) -> None:
    print(json.dumps(line))


async def main(executions: int) -> None:
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        ratios: list[float] = []
        for turn in range(3):
            base = await reference(Path(folder) / f"reference{turn}.db", executions)
            bench = Bench(Path(folder) / f"engine{turn}.db")
            pure = await bench.throughput(_flow("PURE"), executions)
            effect = await bench.throughput(_flow("EFFECT"), executions // 2)
            await bench.store.close()
            ratios.append(pure / base)
            _print(
                turn=turn,
                reference_per_s=round(base),
                pure_per_s=round(pure),
                effect_per_s=round(effect),
                pure_to_reference=round(pure / base, 2),
            )
        _print(pure_to_reference_median=round(statistics.median(ratios), 2), target=0.5)
        bench = Bench(Path(folder) / "latency.db")
        pure_s = await bench.latency(_flow("PURE"), 200)
        effect_s = await bench.latency(_flow("EFFECT"), 200)
        await bench.store.close()
        for name, took in (("pure", pure_s), ("effect", effect_s)):
            _print(
                flow=name,
                execution_p50_ms=round(_centile(took, 0.5) * 1000, 2),
                execution_p99_ms=round(_centile(took, 0.99) * 1000, 2),
                step_p50_ms=round(_centile(took, 0.5) * 1000 / STEPS, 2),
                step_p99_ms=round(_centile(took, 0.99) * 1000 / STEPS, 2),
            )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
