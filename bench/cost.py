"""Cost against work: more executions, more steps, more workers; drawn as docs/performance.svg.

``BENCH_FULL=1`` goes to 100,000 executions; without it, to 10,000.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench._laboratory import Laboratory, no_op_flow
from bench._plot import Line, Panel, draw
from bench.rows import Row
from tests.postgres_cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Path(__file__).parent.parent / "docs" / "performance.svg"
WORKER = Path(__file__).with_name("_worker.py")
IS_FULL = bool(os.environ.get("BENCH_FULL"))
EXECUTIONS = (1, 10, 100, 1_000, 10_000, *((100_000,) if IS_FULL else ()))
STEPS = (1, 2, 5, 10, 20)
WORKERS = (1, 2, 4)
ON_POSTGRES = 400


async def _took(url: str, action: str, executions: int, steps: int) -> float:
    laboratory = Laboratory(url)
    try:
        flow = no_op_flow(action, steps)
        await laboratory.throughput(flow, 20)
        return executions / await laboratory.throughput(flow, executions)
    finally:
        await laboratory.store.close()


def by_executions(folder: Path) -> Panel:
    lines = []
    for action, name in (("PURE", "no-op steps"), ("EFFECT", "journalled steps")):
        points = []
        for count in EXECUTIONS:
            if action == "EFFECT" and count > 10_000:
                continue
            url = f"sqlite:///{folder}/{action}{count}.db"
            took = asyncio.run(_took(url, action, count, 5))
            points.append((float(count), took / count * 1000))
        lines.append(Line(name, points))
    return Panel("ms an execution, by executions (SQLite, 5 steps)", lines, is_log=True)


def by_steps(folder: Path) -> Panel:
    lines = []
    for action, name in (("PURE", "no-op steps"), ("EFFECT", "journalled steps")):
        points = []
        for steps in STEPS:
            url = f"sqlite:///{folder}/{action}s{steps}.db"
            took = asyncio.run(_took(url, action, 500, steps))
            points.append((float(steps), took / 500 * 1000))
        lines.append(Line(name, points))
    return Panel("ms an execution, by steps (SQLite, 500 executions)", lines)


def by_workers() -> Panel | None:
    """Return what further worker processes bring on one PostgreSQL, all on this machine."""
    cluster = Cluster.make(fsync="on", shared_buffers="512MB")
    if cluster is None:
        return None
    points = []
    try:
        cluster.start()
        for count in WORKERS:
            url = cluster.new_database()
            with _workers(url, count):
                points.append((float(count), asyncio.run(_together(url))))
    finally:
        cluster.destroy()
    return Panel(
        "executions a second, by workers (PostgreSQL, 5 journalled steps)", [Line("", points)]
    )


@contextmanager
def _workers(url: str, count: int) -> Iterator[None]:
    processes = [
        subprocess.Popen([sys.executable, str(WORKER), url], stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def _together(url: str) -> float:
    laboratory = Laboratory(url)
    try:
        return await laboratory.throughput(no_op_flow("EFFECT"), ON_POSTGRES, works=False)
    finally:
        await laboratory.store.close()


def run() -> list[Row]:
    """Measure, draw, and tell the ends of each line."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        panels = [by_executions(Path(folder)), by_steps(Path(folder)), by_workers()]
    drawn = [panel for panel in panels if panel is not None]
    PICTURE.write_text(draw(drawn), encoding="utf-8")
    rows: list[Row] = []
    for panel in drawn:
        for line in panel.lines:
            (x0, y0), (x1, y1) = line.points[0], line.points[-1]
            name = f"{panel.title}: {line.name}".rstrip(": ")
            rows.append(Row(what=name, measured=f"{y0:.2f} at {x0:,.0f}, {y1:.2f} at {x1:,.0f}"))
    return rows
