"""Install Absurd and our own tables in a PostgreSQL database, and bring them up to date.

Absurd's SQL is what its release ships (``absurdctl`` carries it), run as it is. Ours is numbered
migrations, run once each, and ``functions.sql``, put in place anew whenever it has changed.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = [
    "ABSURD_VERSION",
    "Installed",
    "functions_digest",
    "inspect",
    "load_migrations",
    "newest_schema",
    "upgrade",
]

ABSURD_VERSION: Final = "0.5.1"
"""The release of Absurd that this version is made for and tested with."""

QUEUE: Final = "sluiceway"
_FOLDER: Final = Path(__file__).parents[1] / "migrations" / "postgres"
_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")
_LOCK: Final = "sluiceway upgrade"

Migration = tuple[int, str, str]
"""Number, file name, SQL."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """What a database has: *schema* is 0 and *absurd* ``""`` where there is none."""

    schema: int
    functions: str
    absurd: str

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing of ours is there."""
        return self.schema == 0

    @property
    def is_current(self) -> bool:
        """Tell whether it is what this version needs."""
        return (self.schema, self.functions, self.absurd) == (
            newest_schema(),
            functions_digest(),
            ABSURD_VERSION,
        )


def _read(name: str) -> str:
    return _FOLDER.joinpath(name).read_text(encoding="utf-8")


def load_migrations() -> list[Migration]:
    """Return the migrations of this version in order."""
    names = sorted(entry.name for entry in _FOLDER.iterdir() if _NAME.fullmatch(entry.name))
    return [(int(name[:4]), name, _read(name)) for name in names]


def newest_schema() -> int:
    """Return the number of the last migration."""
    return load_migrations()[-1][0]


def functions_digest() -> str:
    """Return what names the wording of the functions."""
    return hashlib.sha256(_read("functions.sql").encode()).hexdigest()[:16]


def inspect(connection: Connection) -> Installed:
    """Return what the database has."""
    # From the catalogue's tables: to_regclass may answer from before another process upgraded, if
    # this one waited for that with nothing but an advisory lock.
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_tables"
        " WHERE schemaname = 'sluiceway' AND tablename = 'schema_history'),"
        " EXISTS (SELECT FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace"
        " WHERE nspname = 'absurd' AND proname = 'get_schema_version'),"
        " EXISTS (SELECT FROM pg_tables WHERE schemaname = 'absurd' AND tablename = 'queues')"
    ).fetchone()
    has_ours, has_version, has_absurd = found or (False, False, False)
    schema, functions, absurd = 0, "", ""
    if has_ours:
        for number, name in connection.execute(
            "SELECT number, name FROM sluiceway.schema_history"
        ).fetchall():
            schema = max(schema, number)
            functions = name if number == 0 else functions
    if has_version:
        row = connection.execute("SELECT absurd.get_schema_version()").fetchone()
        absurd = row[0] if row else ""
    elif has_absurd:
        absurd = "0.0.0"
    return Installed(schema=schema, functions=functions, absurd=absurd)


def upgrade(connection: Connection, migrations: list[Migration] | None = None) -> list[str]:
    """Bring the database to this version in one transaction; return what was done, in sentences.

    Processes that upgrade at the same time wait for each other.

    Raises:
        StorageError: the database, or Absurd in it, is newer than this version knows.
        psycopg.Error: the server refused.
    """
    known = load_migrations() if migrations is None else migrations
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (_LOCK,))
        installed = inspect(connection)
        if installed.schema > known[-1][0]:
            raise StorageError(
                f"expected a database of schema {known[-1][0]} or older, "
                f"found schema {installed.schema}",
                hint="Install the Sluiceway version that wrote it, or a newer one.",
            )
        done = _upgrade_absurd(connection, installed.absurd)
        return done + _upgrade_ours(connection, installed, known)


def _upgrade_absurd(connection: Connection, found: str) -> list[str]:
    done: list[str] = []
    if found != ABSURD_VERSION:
        for label, sql in _absurd_steps(found):
            _run_script(connection, sql)
            done.append(label)
    connection.execute("SELECT absurd.create_queue(%s)", (QUEUE,))
    return done


def _absurd_steps(found: str) -> list[tuple[str, str]]:
    """Return the scripts that lead from *found* to ``ABSURD_VERSION``, with what each does."""
    # Large, and only an upgrade needs its SQL; it has no types of its own.
    absurdctl: Any = importlib.import_module("absurdctl")
    if absurdctl.ABSURD_SCHEMA_TARGET_VERSION != ABSURD_VERSION:
        raise StorageError(
            f"expected absurdctl {ABSURD_VERSION}, "
            f"found {absurdctl.ABSURD_SCHEMA_TARGET_VERSION} installed",
            hint=f"Run: pip install 'absurdctl=={ABSURD_VERSION}'",
        )
    if not found:
        return [(f"installed Absurd {ABSURD_VERSION}", str(absurdctl.BUNDLED_SCHEMA_SQL))]
    # Not every release has a migration of its own: which ones lead here, its own tool knows.
    path: list[dict[str, str]] | None = absurdctl.resolve_migration_path(
        found, ABSURD_VERSION, absurdctl.discover_bundled_migrations()
    )
    if path is None:
        raise StorageError(
            f"expected Absurd {ABSURD_VERSION} or older, found {found}",
            hint="Use a database of its own for Sluiceway, or a newer version of it.",
        )
    return [(f"migrated Absurd with {step['name']}", step["sql"]) for step in path]


def _upgrade_ours(
    connection: Connection, installed: Installed, known: list[Migration]
) -> list[str]:
    done: list[str] = []
    connection.execute("CREATE SCHEMA IF NOT EXISTS sluiceway")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS sluiceway.schema_history (number integer PRIMARY KEY,"
        " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    for number, name, sql in known:
        if number > installed.schema:
            _run_script(connection, sql)
            connection.execute(
                "INSERT INTO sluiceway.schema_history (number, name) VALUES (%s, %s)",
                (number, name),
            )
            done.append(f"applied {name}")
    if installed.functions != functions_digest():
        _run_script(connection, _read("functions.sql"))
        connection.execute(
            "INSERT INTO sluiceway.schema_history (number, name) VALUES (0, %s)"
            " ON CONFLICT (number) DO UPDATE SET name = excluded.name,"
            " applied_at = clock_timestamp()",
            (functions_digest(),),
        )
        done.append("put the functions in place")
    return done


def _run_script(connection: Connection, sql: str) -> None:
    # Without parameters, the server takes several statements at once; they are files of ours and
    # of Absurd's release, and no value is put into them.
    connection.execute(sql.encode())
