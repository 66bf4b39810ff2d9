"""Bring a SQLite file to the schema of this version, one numbered migration at a time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Migration", "load_migrations", "upgrade", "version_of"]

_FOLDER: Final = Path(__file__).parents[1] / "migrations" / "sqlite"
_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")

Migration = tuple[int, str, str]
"""Number, file name, SQL."""


def load_migrations() -> list[Migration]:
    """Return the migrations of this version in order."""
    found: list[Migration] = []
    for entry in _FOLDER.iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            found.append((int(match[1]), entry.name, entry.read_text(encoding="utf-8")))
    return sorted(found)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration the file has had; 0 for a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def upgrade(connection: sqlite3.Connection, migrations: list[Migration] | None = None) -> int:
    """Apply the migrations that the file lacks, each in a transaction; return how many.

    Raises:
        StorageError: the file was written by a newer version.
    """
    known = load_migrations() if migrations is None else migrations
    newest = known[-1][0] if known else 0
    current = version_of(connection)
    if current > newest:
        raise StorageError(
            f"expected a database of schema {newest} or older, found schema {current}",
            hint="Install the Sluiceway version that wrote it, or a newer one.",
        )
    pending = [migration for migration in known if migration[0] > current]
    for number, name, sql in pending:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{sql}\n"
            f"CREATE TABLE IF NOT EXISTS schema_history (number INTEGER PRIMARY KEY, name TEXT,"
            f" applied_at TEXT);\n"
            f"INSERT INTO schema_history VALUES ({number}, '{name}', datetime('now'));\n"
            f"PRAGMA user_version = {number};\nCOMMIT;"
        )
    return len(pending)
