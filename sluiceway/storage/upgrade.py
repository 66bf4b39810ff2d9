"""Tell of which version a database is, and bring it up to date, whatever keeps it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from sluiceway.errors import StorageError
from sluiceway.storage.open import open_store, postgres_store, sqlite_path

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.models.json import JsonObject

__all__ = ["DatabaseStatus", "database_status", "upgrade_database"]


class DatabaseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a database has, and what this version needs.

    *schema* is 0 where nothing is installed; *absurd* is ``None`` where none is needed.
    """

    url: str
    schema: int
    newest_schema: int
    is_current: bool
    size_bytes: int
    absurd: str | None = None

    @property
    def is_newer(self) -> bool:
        """Tell whether a newer version of Sluiceway wrote it."""
        return self.schema > self.newest_schema

    def as_json(self) -> JsonObject:
        """Return it for scripts."""
        return {
            "url": self.url,
            "schema": self.schema,
            "newest_schema": self.newest_schema,
            "absurd": self.absurd,
            "is_current": self.is_current,
            "size_bytes": self.size_bytes,
        }


def database_status(url: str) -> DatabaseStatus:
    """Look at the database at *url*, without changing anything.

    Raises:
        UsageError: the URL names no database that Sluiceway can use.
        StorageError: the database cannot be read.
    """
    path = sqlite_path(url)
    return _postgres_status(url) if path is False else _sqlite_status(url, path)


def upgrade_database(url: str) -> list[str]:
    """Install what the database lacks; return what was done, in sentences.

    Raises:
        UsageError: the URL names no database that Sluiceway can use.
        StorageError: it cannot be opened or changed, or a newer version wrote it.
    """
    path = sqlite_path(url)
    if path is not False:
        return _upgrade_sqlite(url, path)
    store = postgres_store()
    return store.upgrade(url)


def _sqlite_status(url: str, path: Path | None) -> DatabaseStatus:
    from sluiceway.storage.sqlite.schema import load_migrations, version_of  # noqa: PLC0415 - one adapter

    newest = load_migrations()[-1][0]
    schema, size = 0, 0
    if path is not None and path.exists():
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                schema = version_of(connection)
            size = path.stat().st_size
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"expected to read the database {path}, found: {error}") from error
    return DatabaseStatus(
        url=url,
        schema=schema,
        newest_schema=newest,
        is_current=schema == newest,
        size_bytes=size,
    )


def _upgrade_sqlite(url: str, path: Path | None) -> list[str]:
    import asyncio  # noqa: PLC0415 - only to close

    from sluiceway.storage.sqlite.schema import load_migrations  # noqa: PLC0415 - one adapter

    before = _sqlite_status(url, path).schema
    asyncio.run(open_store(url).close())
    return [f"applied {name}" for number, name, _ in load_migrations() if number > before]


def _postgres_status(url: str) -> DatabaseStatus:
    store = postgres_store()
    from sluiceway.storage.postgres.schema import newest_schema  # noqa: PLC0415 - one adapter

    installed, size = store.look(url)
    return DatabaseStatus(
        url=store.masked(url),
        schema=installed.schema,
        newest_schema=newest_schema(),
        is_current=installed.is_current,
        size_bytes=size,
        absurd=installed.absurd,
    )
