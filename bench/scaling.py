"""What one PostgreSQL carries, and what 10 or 100 workers cost it: measured costs, then simulated.

Measured on a server of its own: the time that an idle claim, a start, a journalled step and an end
keep the database busy. Simulated: workers that poll and are rung, executions that arrive at random,
a database of so many cores that serves one statement a core at a time.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench._laboratory import Laboratory, no_op_flow
from bench.rows import Row
from tests.postgres_cluster import Cluster

PAGE = "scaling.md"
POLL_S = 1.0
"""How often an idle worker looks by itself; in between it is rung."""

CONNECTIONS = 7
"""Of each worker: two lanes, up to four readers, one that listens."""

EFFECTS = 3
"""Journalled steps of the flow that is simulated, as in the real flow of the other benches."""

DATABASE_CORES = 8


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds that the database is busy, at one caller at a time."""

    idle_claim_ms: float
    execution_ms: float
    step_ms: float

    @property
    def whole_ms(self) -> float:
        """One execution of the simulated flow."""
        return self.execution_ms + EFFECTS * self.step_ms


async def _measure(url: str) -> Costs:
    laboratory = Laboratory(url)
    store = laboratory.store.executions
    took: list[float] = []
    for number in range(200):
        began = time.perf_counter()
        now, lease = datetime.now(UTC), timedelta(seconds=10)
        await store.claim(f"w{number}", limit=50, lease=lease, now=now)
        took.append((time.perf_counter() - began) * 1000)
    plain = 1000 / await laboratory.throughput(no_op_flow("EFFECT", 1), 300)
    longer = 1000 / await laboratory.throughput(no_op_flow("EFFECT", 6), 300)
    await laboratory.store.close()
    return Costs(statistics.median(took), plain, max(0.01, (longer - plain) / 5))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulated minute was like."""

    busy: float
    wait_p50_ms: float
    wait_p99_ms: float


def simulate(
    costs: Costs, *, workers: int, rate: float, cores: int = DATABASE_CORES, seconds: float = 60
) -> Outcome:
    """Play *rate* executions a second on *workers* workers and a database of *cores* cores."""
    chance = random.Random(workers)
    jobs: list[tuple[float, float]] = []
    at = 0.0
    while at < seconds:
        at += chance.expovariate(rate)
        jobs.append((at, costs.whole_ms / 1000))
    # Work rings every idle worker: one takes it, the others look in vain, and all look now and
    # then by themselves. Rings within 20 ms are one.
    rings = min(rate, 50.0) * (workers - 1)
    at = 0.0
    while at < seconds:
        at += chance.expovariate(rings + workers / POLL_S)
        jobs.append((at, -costs.idle_claim_ms / 1000))
    jobs.sort()
    free = [0.0] * cores
    waits: list[float] = []
    busy = 0.0
    for arrival, cost in jobs:
        start = max(arrival, heapq.heappop(free))
        heapq.heappush(free, start + abs(cost))
        busy += abs(cost)
        if cost > 0:
            waits.append((start - arrival) * 1000)
    waits.sort()
    return Outcome(busy / (seconds * cores), waits[len(waits) // 2], waits[int(len(waits) * 0.99)])


def run() -> list[Row]:
    """Measure, then simulate."""
    cluster = Cluster.make(fsync="on", shared_buffers="512MB")
    if cluster is None:
        return [Row(what="PostgreSQL", measured="not installed, not measured")]
    try:
        cluster.start()
        costs = asyncio.run(_measure(cluster.new_database()))
    finally:
        cluster.destroy()
    rows = [
        Row(
            what="measured: an idle claim / an execution / a journalled step",
            measured=f"{costs.idle_claim_ms:.2f} / {costs.execution_ms:.2f} / "
            f"{costs.step_ms:.2f} ms",
            note="server, driver and engine on the same cores: an upper bound of the server's part",
        ),
        Row(
            what=f"one database of {DATABASE_CORES} cores carries at most",
            measured=f"{DATABASE_CORES * 1000 / costs.whole_ms:,.0f} executions a second",
            note=f"of one flow with {EFFECTS} journalled steps, were it busy with nothing else",
        ),
    ]
    for workers in (1, 10, 100):
        for share in (0.25, 0.5):
            rate = share * DATABASE_CORES * 1000 / costs.whole_ms
            outcome = simulate(costs, workers=workers, rate=rate)
            rows.append(
                Row(
                    what=f"{workers} workers ({workers * CONNECTIONS} connections), "
                    f"{rate:,.0f} executions a second",
                    measured=f"database {outcome.busy:.0%} busy; work waits "
                    f"{outcome.wait_p50_ms:.1f} ms, p99 {outcome.wait_p99_ms:.1f} ms",
                )
            )
    return rows
