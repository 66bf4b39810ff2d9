"""A throwaway PostgreSQL cluster: on a unix socket of its own, deleted at the end.

PostgreSQL refuses to run as root; where the tests do, it runs as the user ``postgres``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from sluiceway.storage.postgres.schema import upgrade

__all__ = ["Cluster", "programs"]

_SUPERUSER = "postgres"


def programs() -> Path | None:
    """Return the folder of the newest server's programs, or ``None`` where none is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4])
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@dataclass
class Cluster:
    """Start it with ``start``; every ``new_database`` is a fresh one with the schema installed."""

    folder: Path
    bin: Path
    options: dict[str, str] = field(default_factory=dict)
    _count: int = 0
    _has_template: bool = False

    @classmethod
    def make(
        cls, *, disk: Path | None = None, wal_segment_mb: int = 16, **options: str
    ) -> Cluster | None:
        """Make a cluster, not started yet; ``None`` where PostgreSQL is not installed.

        *disk* is where to put it, a folder for temporary files without it.
        """
        found = programs()
        if found is None:
            return None
        folder = Path(tempfile.mkdtemp(prefix="sluiceway-pg-", dir=disk))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_SUPERUSER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        # Nobody pulls the plug on a test; benches say otherwise.
        cluster = cls(folder, found, {"fsync": "off", **options})
        cluster._run(
            found / "initdb", "-D", folder / "data", "-U", _SUPERUSER, "-A", "trust", "-N",
            "-E", "UTF8", "--locale=C.UTF-8", f"--wal-segsize={wal_segment_mb}",
        )  # fmt: skip
        return cluster

    def _run(self, *command: object) -> None:
        arguments = [str(part) for part in command]
        if os.geteuid() == 0:
            arguments = ["setpriv", f"--reuid={_SUPERUSER}", f"--regid={_SUPERUSER}",
                         "--clear-groups", *arguments]  # fmt: skip
        done = subprocess.run(
            arguments, capture_output=True, text=True, check=False, cwd=self.folder, timeout=60
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"

    def start(self) -> None:
        settings = {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{self.folder}'",
            "max_connections": "200",
            "logging_collector": "off",
            **self.options,
        }
        text = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run(
            self.bin / "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w",
            "-t", "30", "-o", text, "start",
        )  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """Stop it; *mode* ``immediate`` is as a crash is."""
        self._run(self.bin / "pg_ctl", "-D", self.folder / "data", "-w", "-m", mode, "stop")

    def start_again(self) -> None:
        """Start it if it is down."""
        with suppress(AssertionError):
            self.start()

    def destroy(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}@/{database}?host={quote(str(self.folder), safe='')}"

    def new_database(self, *, is_empty: bool = False) -> str:
        """Make a database and return its URL."""
        self._count += 1
        name = f"test_{self._count}"
        if is_empty:
            self.sql("postgres", f"CREATE DATABASE {name}")
            return self.url(name)
        if not self._has_template:
            self.sql("postgres", "CREATE DATABASE sluiceway_template")
            with psycopg.connect(self.url("sluiceway_template"), autocommit=True) as connection:
                upgrade(connection)
            self._has_template = True
        self.sql("postgres", f"CREATE DATABASE {name} TEMPLATE sluiceway_template")
        return self.url(name)

    def sql(self, database: str, statement: str) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def restore(self, url: str, archive: Path) -> None:
        """Read an archive of ``pg_dump`` into the database at *url*."""
        command = [self.bin / "pg_restore", "--no-owner", f"--dbname={url}", archive]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
