"""The engine on both databases against a bare loop, DBOS, and Absurd's own worker.

Turns are interleaved, and each one's best turn counts: a neighbour on the machine takes time from
whoever needs the processor most, and can only make things slower.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench._laboratory import STEPS, Laboratory, centile, no_op_flow, reference
from bench.rows import Row
from sluiceway.cli._session import run_async
from tests.postgres_cluster import Cluster

RIVALS = Path(__file__).with_name("_rivals.py")
TURNS = 4
EXECUTIONS = 1500
ON_POSTGRES = 400


def rival(name: str, url: str, executions: int) -> float:
    """Return the executions a second of another engine, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(RIVALS), name, url, str(executions)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("rate ")]
    if not lines:
        raise RuntimeError(f"{name} did not run: {done.stderr[-2000:]}")
    return float(lines[-1].split()[1])


async def _ours(url: str, executions: int) -> tuple[float, float]:
    laboratory = Laboratory(url)
    try:
        await laboratory.throughput(no_op_flow("PURE"), 50)
        pure = await laboratory.throughput(no_op_flow("PURE"), executions)
        effect = await laboratory.throughput(no_op_flow("EFFECT"), executions // 2)
    finally:
        await laboratory.store.close()
    return pure, effect


async def _latencies(url: str) -> tuple[list[float], list[float]]:
    laboratory = Laboratory(url)
    try:
        pure = await laboratory.latency(no_op_flow("PURE"), 150)
        effect = await laboratory.latency(no_op_flow("EFFECT"), 150)
    finally:
        await laboratory.store.close()
    return pure, effect


def _ratio_row(what: str, ours: list[float], theirs: list[float], target: float, note: str) -> Row:
    ratio = max(ours) / max(theirs)
    return Row(
        what=what,
        measured=f"{max(ours):,.0f}/s against {max(theirs):,.0f}/s: {ratio:.2f} times",
        target=f"at least {target:g} times",
        is_met=ratio >= target,
        note=note,
    )


def embedded(folder: Path) -> list[Row]:
    """Measure SQLite."""
    base: list[float] = []
    pure: list[float] = []
    effect: list[float] = []
    dbos: list[float] = []
    for turn in range(TURNS):
        base.append(
            run_async(reference(folder / f"reference{turn}.db", EXECUTIONS), is_lasting=True)
        )
        rates = run_async(_ours(f"sqlite:///{folder}/engine{turn}.db", EXECUTIONS), is_lasting=True)
        pure.append(rates[0])
        effect.append(rates[1])
        dbos.append(rival("dbos", f"sqlite:///{folder}/dbos{turn}.db", 60))
    pure_s, effect_s = run_async(_latencies(f"sqlite:///{folder}/latency.db"), is_lasting=True)
    journalled = "each step's result is journalled in a commit of its own, as for calls"
    rows = [
        _ratio_row(
            "embedded, 5 no-op steps, against the bare loop",
            pure,
            base,
            0.5,
            "steps without an effect, as DO_NOTHING: recomputed from the journal, not written",
        ),
        _ratio_row(
            "embedded, 5 journalled steps, against the bare loop", effect, base, 0.5, journalled
        ),
        _ratio_row("embedded, 5 no-op steps, against DBOS on SQLite", pure, dbos, 40, ""),
        _ratio_row("embedded, 5 journalled steps, against DBOS on SQLite", effect, dbos, 40, ""),
    ]
    for name, took in (("no-op", pure_s), ("journalled", effect_s)):
        p50, p99 = (centile(took, share) * 1000 / STEPS for share in (0.5, 0.99))
        rows.append(
            Row(
                what=f"embedded, overhead of a {name} step, p50 / p99",
                measured=f"{p50:.2f} ms / {p99:.2f} ms",
                target="1 ms / 5 ms",
                is_met=p50 <= 1 and p99 <= 5,
                note="a whole execution on an idle engine, start and end included, by its 5 steps",
            )
        )
    return rows


def on_postgres() -> list[Row]:
    """Measure PostgreSQL: its own cluster, fsync on."""
    cluster = Cluster.make(fsync="on", shared_buffers="512MB")
    if cluster is None:
        return [Row(what="PostgreSQL", measured="not installed, not measured")]
    pure: list[float] = []
    effect: list[float] = []
    absurd: list[float] = []
    dbos: list[float] = []
    try:
        cluster.start()
        for _ in range(TURNS):
            rates = run_async(_ours(cluster.new_database(), ON_POSTGRES), is_lasting=True)
            pure.append(rates[0])
            effect.append(rates[1])
            absurd.append(rival("absurd", cluster.new_database(is_empty=True), ON_POSTGRES))
            dbos.append(rival("dbos", cluster.new_database(is_empty=True), 80))
    finally:
        cluster.destroy()
    worker = "one worker each, on the same server, which shares the machine"
    return [
        _ratio_row("PostgreSQL, 5 no-op steps, against Absurd's worker", pure, absurd, 2, worker),
        _ratio_row(
            "PostgreSQL, 5 journalled steps, against Absurd's worker", effect, absurd, 2, worker
        ),
        _ratio_row("PostgreSQL, 5 no-op steps, against DBOS", pure, dbos, 5, worker),
        _ratio_row("PostgreSQL, 5 journalled steps, against DBOS", effect, dbos, 5, worker),
    ]


def run() -> list[Row]:
    """Measure both."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        return embedded(Path(folder)) + on_postgres()
