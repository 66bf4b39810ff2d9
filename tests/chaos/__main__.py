"""The fault suite: see that nothing is lost, nothing stuck, and nothing done twice.

    python -m tests.chaos [EXECUTIONS] [--only TEXT] [--sqlite | --postgres]

Kill at every write point; freeze beyond the lease; take the database away; fill the disk; put the
clock back. Prints one JSON line a scenario and exits 1 on a breach.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.judge import judge
from tests.chaos.stages import (
    LEASE_S,
    VICTIM,
    PostgresStage,
    SqliteStage,
    Stage,
    small_disk,
    start_victim,
)
from tests.postgres_cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

GRACE_S = 5.0
DEATHS = 3
FROM_OUTSIDE = ("any moment", "frozen", "clock back")


def kill_points() -> list[str]:
    """Return every point at which a victim can kill itself."""
    code = (
        f"import sys; sys.path.insert(0, {str(VICTIM.parent)!r});"
        "import victim; print('\\n'.join(victim.POINTS))"
    )
    listed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def run_scenario(
    stage: Stage, point: str, *, executions: int, chance: random.Random, deaths: int = DEATHS
) -> dict[str, Any]:
    """Play *point* until it has hurt often enough, then run to the end and judge."""
    # Where workers can stand side by side, one lives on while others die.
    peer = start_victim(stage, executions) if stage.is_shared else None
    hurt = 0
    if point == "database down":
        hurt = _take_away(stage, executions, chance)
    elif point == "disk full":
        hurt = _fill(stage, executions)
    else:
        for _ in range(deaths):
            hurt += _live_and_die(stage, point, executions=executions, chance=chance)
    began = time.monotonic()
    with start_victim(stage, executions) as last:
        status, stuck = _await(last, executions)
    took_s = time.monotonic() - began
    if peer is not None:
        peer_status, peer_stuck = _await(peer, executions)
        status, stuck = status or peer_status, max(stuck, peer_stuck)
    verdict = asyncio.run(judge(stage.url, stage.log, executions))
    if status != 0:
        verdict["breaches"].append(f"a process that nobody hurt ended with {status}")
    if stuck:
        verdict["breaches"].append(f"{stuck} stuck {GRACE_S:g} s beyond their lease")
    return {
        "store": stage.name,
        "point": point,
        "hurt": hurt,
        "last_run_s": round(took_s, 2),
        "stuck": stuck,
        **verdict,
    }


def _await(victim: subprocess.Popen[str], executions: int) -> tuple[int, int]:
    """Wait for a victim's end; return its status and how many it saw stuck."""
    try:
        told, _ = victim.communicate(timeout=180 + executions / 5)
    except subprocess.TimeoutExpired:
        victim.kill()
        victim.communicate()
        return -9, 0
    lines = [line for line in told.splitlines() if line.startswith("{")]
    return victim.returncode, json.loads(lines[-1])["stuck"] if lines else 0


def _live_and_die(stage: Stage, point: str, *, executions: int, chance: random.Random) -> bool:
    groups = {"create_many": executions // 50, "claim": 3}  # these write many at a time
    share = 6 if stage.is_shared else 2
    most = max(1, groups.get(point.partition(" ")[2], executions // share))
    count = chance.randint(1, most)
    is_outside = point in FROM_OUTSIDE
    with start_victim(stage, executions, "none" if is_outside else point, count) as victim:
        if is_outside:
            _meddle(victim, point, chance.uniform(0, 0.3 + executions / 1000))
        status, _ = _await(victim, executions)
    return status != 0 or point in {"frozen", "clock back"}


def _meddle(victim: subprocess.Popen[str], point: str, after_s: float) -> None:
    assert victim.stdout is not None
    victim.stdout.readline()
    time.sleep(after_s)
    if point == "frozen":
        victim.send_signal(signal.SIGSTOP)
        time.sleep(LEASE_S + 0.5)
        victim.send_signal(signal.SIGCONT)
    elif point == "clock back":
        for _ in range(3):
            victim.send_signal(signal.SIGUSR1)
            time.sleep(0.2)
    else:
        victim.send_signal(signal.SIGKILL)


def _take_away(stage: Stage, executions: int, chance: random.Random) -> int:
    """Stop the database every few seconds, for 0 to 2 s, until the work is done."""
    assert isinstance(stage, PostgresStage)
    hurt = 0
    with start_victim(stage, executions) as victim:
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(0.3)
        while victim.poll() is None:
            stage.bounce(chance.uniform(0, 2))
            hurt += 1
            for _ in range(int(chance.uniform(20, 40))):
                if victim.poll() is not None:
                    break
                time.sleep(0.1)
        _await(victim, executions)
    return hurt


def _fill(stage: Stage, executions: int) -> int:
    """Fill the disk now and then, until the work is done."""
    if not isinstance(stage, PostgresStage):
        # The process refuses itself room: its files may not grow.
        with start_victim(stage, executions, "disk full") as victim:
            _await(victim, executions)
        return 1
    hurt = 0
    filler = stage.cluster.folder / "filler"
    with start_victim(stage, executions) as victim:
        while victim.poll() is None and hurt < 20:
            time.sleep(1.0)
            _fill_up(filler)
            hurt += 1
            time.sleep(1.0)
            filler.unlink(missing_ok=True)
            # Where even the log of writes found no room, the server stops itself.
            stage.cluster.start_again()
        _await(victim, executions)
    return hurt


def _fill_up(filler: Path) -> None:
    with suppress(OSError):  # that is the end of it
        handle = os.open(filler, os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(handle, b"\0" * 65536):
                pass
        finally:
            os.close(handle)


def stages(point: str, only: str | None) -> Iterator[Stage]:
    """Yield a fresh stage for *point* on each adapter that it makes sense on."""
    if only != "postgres" and point != "database down":
        with tempfile.TemporaryDirectory() as folder:
            yield SqliteStage(Path(folder))
    if only == "sqlite":
        return
    if point == "disk full":
        with small_disk(220) as disk:
            if disk is None:
                print(json.dumps({"point": point, "skipped": "no mount"}))  # noqa: T201
                return
            yield from _postgres(disk, wal_segment_mb=1)
        return
    yield from _postgres(None)


def _postgres(disk: Path | None, wal_segment_mb: int = 16) -> Iterator[Stage]:
    cluster = Cluster.make(
        disk=disk, wal_segment_mb=wal_segment_mb, fsync="on", max_wal_size="64MB"
    )
    if cluster is None:
        print(json.dumps({"skipped": "PostgreSQL is not installed"}))  # noqa: T201
        return
    try:
        cluster.start()
        with tempfile.TemporaryDirectory() as folder:
            yield PostgresStage(Path(folder), cluster)
    finally:
        cluster.destroy()


def main(arguments: list[str]) -> int:
    """Play every scenario; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("executions", nargs="?", type=int, default=1000)
    parser.add_argument("--only", default="", help="scenarios whose name has this in it")
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args(arguments)
    store = "sqlite" if given.sqlite else "postgres" if given.postgres else None
    chance = random.Random(1)  # noqa: S311 - where to hurt, and the same in each run
    failed = 0
    for point in [*kill_points(), *FROM_OUTSIDE, "database down", "disk full"]:
        if given.only not in point:
            continue
        for stage in stages(point, store):
            verdict = run_scenario(stage, point, executions=given.executions, chance=chance)
            print(json.dumps(verdict), flush=True)  # noqa: T201 - a report on the terminal
            failed += bool(verdict["breaches"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
