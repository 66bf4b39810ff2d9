"""What a server takes when idle, and whether an engine grows with what it has done.

``BENCH_FULL=1`` does the target's 100,000 executions; without it, a fifth of them.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from bench._laboratory import Laboratory, no_op_flow
from bench.rows import Row

EXECUTIONS = 100_000 if os.environ.get("BENCH_FULL") else 20_000
MB = 1024 * 1024


def idle_server() -> float:
    """Return the resident megabytes of a server with a worker that has answered once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "sluiceway", "serve", "--port", "0"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        server.stdout.readline()
        time.sleep(3)
        resident = psutil.Process(server.pid).memory_info().rss / MB
        server.terminate()
    return float(resident)


async def _growth(url: str) -> list[float]:
    laboratory = Laboratory(url)
    process = psutil.Process()
    found: list[float] = []
    flow = no_op_flow("PURE")
    # The first part fills the caches; from there on it should stay where it is.
    for part in (EXECUTIONS // 5,) * 5:
        await laboratory.throughput(flow, part)
        found.append(process.memory_info().rss / MB)
    await laboratory.store.close()
    return found


def run() -> list[Row]:
    """Measure both."""
    idle = idle_server()
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        found = asyncio.run(_growth(f"sqlite:///{folder}/m.db"))
    growth = found[-1] / found[0] - 1
    steps = ", ".join(f"{megabytes:.0f}" for megabytes in found)
    return [
        Row(
            what="idle server, worker and console included",
            measured=f"{idle:.0f} MB",
            target="at most 150 MB",
            is_met=idle <= 150,
        ),
        Row(
            what=f"an engine over {EXECUTIONS:,} executions",
            measured=f"{growth:+.1%} ({steps} MB)",
            target="within 10 %",
            is_met=growth <= 0.10,
            note="resident memory after each fifth, against that after the first",
        ),
    ]
