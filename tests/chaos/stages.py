"""Where the play is given: a SQLite file, or a PostgreSQL server of its own that can be hurt."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.postgres_cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PostgresStage", "SqliteStage", "Stage", "start_victim"]

VICTIM = Path(__file__).with_name("victim.py")
LEASE_S = 2.0


class Stage(Protocol):
    """One database for one scenario."""

    name: str
    url: str
    log: Path
    is_shared: bool


class SqliteStage:
    """A file: one process at a time."""

    name = "sqlite"
    is_shared = False

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/chaos.db"
        self.log = folder / "effects.log"


class PostgresStage:
    """A database on a server: processes side by side, and a server that can be stopped."""

    name = "postgres"
    is_shared = True

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.cluster = cluster
        self.url = cluster.new_database()
        self.log = folder / "effects.log"

    def bounce(self, down_s: float) -> None:
        """Let the server crash, and come back after *down_s*."""
        self.cluster.stop("immediate")
        time.sleep(down_s)
        self.cluster.start()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """Mount a disk of that size in memory; ``None`` where that is not allowed."""
    folder = Path(tempfile.mkdtemp(prefix="sluiceway-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        folder.rmdir()
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        folder.rmdir()


def start_victim(
    stage: Stage, executions: int, point: str = "none", count: int = 0
) -> subprocess.Popen[str]:
    """Start a process that runs the executions; it dies at *point*, if that is one."""
    arguments = [stage.url, stage.log, executions, point, count, LEASE_S]
    return subprocess.Popen(
        [sys.executable, str(VICTIM), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("CHAOS_SHOW") else subprocess.DEVNULL,
        text=True,
    )
