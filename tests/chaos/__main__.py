"""Kill the engine at every write point and see that nothing is lost and nothing done twice.

    python -m tests.chaos [EXECUTIONS]

For each point: a process kills itself there several times over, with executions in flight; each
time the next one takes the same database. Prints one JSON line a point and exits 1 on a breach.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage import open_store
from sluiceway.storage.durable import ExecutionFilter, OutboxFilter

VICTIM = Path(__file__).with_name("victim.py")
ORDER = ("first", "create", "mail", "last", "post")
LEASE_S = 2.0
GRACE_S = 5.0
DEATHS = 3


def points() -> list[str]:
    """Return every point at which a victim can kill itself, and one from outside."""
    code = (
        f"import sys; sys.path.insert(0, {str(VICTIM.parent)!r});"
        "import victim; print('\\n'.join(victim.POINTS))"
    )
    listed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return [*listed.stdout.splitlines(), "any moment", "frozen"]


def run_point(
    point: str, *, executions: int, folder: Path, chance: random.Random, deaths_wanted: int = DEATHS
) -> dict[str, Any]:
    """Kill at *point* until it has died often enough, then run to the end and judge."""
    database, log = folder / "chaos.db", folder / "effects.log"
    deaths = 0
    for _ in range(deaths_wanted):
        # Anywhere in the run: from the first time the point is met to the last execution.
        deaths += _live_and_die(point, database, log, executions=executions, chance=chance)
    began = time.monotonic()
    with _start(database, log, executions, "none", 0) as victim:
        status = victim.wait(timeout=120 + executions / 20)
    took_s = time.monotonic() - began
    verdict = asyncio.run(_judge(database, log, executions))
    if status != 0:
        verdict["breaches"].append(f"the last process ended with {status}")
    return {"point": point, "deaths": deaths, "last_run_s": round(took_s, 2), **verdict}


def _start(
    database: Path, log: Path, executions: int, point: str, count: int
) -> subprocess.Popen[bytes]:
    arguments = [database, log, executions, point, count, LEASE_S]
    return subprocess.Popen(
        [sys.executable, str(VICTIM), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _live_and_die(
    point: str, database: Path, log: Path, *, executions: int, chance: random.Random
) -> bool:
    from_outside = point in {"any moment", "frozen"}
    groups = {"create_many": executions // 50, "claim": 3}  # these write many at a time
    most = max(1, groups.get(point.partition(" ")[2], executions // 2))
    count = chance.randint(1, most)
    with _start(database, log, executions, "none" if from_outside else point, count) as victim:
        try:
            if from_outside:
                _meddle(victim, point, chance.uniform(0, 0.3 + executions / 1000))
            return victim.wait(timeout=60 + executions / 20) != 0
        except subprocess.TimeoutExpired:
            victim.kill()
            return True


def _meddle(victim: subprocess.Popen[bytes], point: str, after_s: float) -> None:
    assert victim.stdout is not None
    victim.stdout.readline()
    time.sleep(after_s)
    if point == "frozen":
        victim.send_signal(signal.SIGSTOP)
        time.sleep(LEASE_S + 0.5)
        victim.send_signal(signal.SIGCONT)
    else:
        victim.send_signal(signal.SIGKILL)


async def _judge(database: Path, log: Path, executions: int) -> dict[str, Any]:
    store = open_store(f"sqlite:///{database}")
    try:
        breaches = await store.check()
        rows = []
        while page := await store.executions.list(
            ExecutionFilter(), limit=1000, before_seq=rows[-1].seq if rows else None
        ):
            rows.extend(page)
        messages = []
        while page_of := await store.outbox.list(
            OutboxFilter(), limit=1000, before_seq=messages[-1].seq if messages else None
        ):
            messages.extend(page_of)
    finally:
        await store.close()
    statuses = Counter(str(row.status) for row in rows)
    unknown = {row.id for row in rows if row.status is ExecutionStatus.FAILED}
    if len(rows) != executions:
        breaches.append(f"{executions} executions were started, {len(rows)} are there")
    if set(statuses) - {"COMPLETED", "FAILED"}:
        breaches.append(f"left unfinished: {dict(statuses)}")
    effects = log.read_text().splitlines()  # noqa: ASYNC240 - nothing else runs
    breaches += _judge_effects(effects, {row.id for row in rows}, unknown)
    if len(messages) != executions or len({m.idempotency_key for m in messages}) != executions:
        breaches.append(f"{len(messages)} messages for {executions} executions")
    return {
        "executions": executions,
        "unknown": len(unknown),
        "repeated_calls": len(effects) - len({tuple(e.split()[:2]) for e in effects}),
        "breaches": breaches,
    }


def _judge_effects(effects: list[str], ids: set[str], unknown: set[str]) -> list[str]:
    breaches: list[str] = []
    seen: dict[str, list[str]] = {id_: [] for id_ in ids}
    values: dict[str, set[str]] = {id_: set() for id_ in ids}
    for line in effects:
        id_, step, value = line.split()
        seen[id_].append(step)
        values[id_].add(value)
    for id_, steps in seen.items():
        order = [ORDER.index(step) for step in steps]
        counts = Counter(steps)
        if order != sorted(order):
            breaches.append(f"{id_}: a completed step ran again: {steps}")
        if counts["create"] != 1 or counts["post"] > 1:
            breaches.append(f"{id_}: a once-only call was repeated or lost: {steps}")
        if counts["post"] == 0 and id_ not in unknown:
            breaches.append(f"{id_}: COMPLETED without its last call")
        if len(values[id_]) != 1:
            breaches.append(f"{id_}: took another path after a crash: {values[id_]}")
    return breaches


def main(executions: int, only: str | None = None) -> int:
    """Run every point; return the exit status."""
    chance = random.Random(1)  # noqa: S311 - where to kill, and the same in each run
    failed = 0
    for point in points():
        if only is not None and only not in point:
            continue
        with tempfile.TemporaryDirectory() as folder:
            verdict = run_point(point, executions=executions, folder=Path(folder), chance=chance)
        print(json.dumps(verdict), flush=True)  # noqa: T201 - a report on the terminal
        failed += bool(verdict["breaches"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 1000,
            sys.argv[2] if len(sys.argv) > 2 else None,
        )
    )
