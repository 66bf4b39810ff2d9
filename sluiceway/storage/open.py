"""Open the database that a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from sluiceway.storage.base import Store
    from sluiceway.storage.postgres.store import PostgresStore

__all__ = ["open_store", "postgres_store", "sqlite_path"]

_SQLITE = "sqlite://"
_POSTGRES = ("postgresql://", "postgres://")


def open_store(url: str) -> Store:
    """Open the database at *url*.

    ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite://`` (memory), or
    ``postgresql://user@host/database``.

    Raises:
        UsageError: the URL names no database that Sluiceway can use.
        StorageError: the database cannot be opened; the message says why.
    """
    path = sqlite_path(url)
    if path is False:
        return postgres_store().open(url)
    from sluiceway.storage.sqlite.store import SqliteStore  # noqa: PLC0415 - only where chosen

    return SqliteStore.open(path)


def sqlite_path(url: str) -> Path | Literal[False] | None:
    """Return the file that *url* names, ``None`` for memory, ``False`` for a server.

    Raises:
        UsageError: the URL names no database that Sluiceway can use.
    """
    if url.startswith(_SQLITE):
        place = url.removeprefix(_SQLITE).removeprefix("/")
        return None if place in {"", ":memory:"} else Path(place)
    if url.startswith(_POSTGRES):
        return False
    raise UsageError(
        "expected a database URL that starts with sqlite: or postgresql:, "
        f"found {url.partition(':')[0]!r}",
        hint="Set SLUICEWAY_DATABASE_URL or --database, like sqlite:///.sluiceway/sluiceway.db.",
    )


def postgres_store() -> type[PostgresStore]:
    """Return the class of stores over PostgreSQL.

    Raises:
        UsageError: its driver is not installed.
    """
    try:
        from sluiceway.storage.postgres.store import (  # noqa: PLC0415 - only where chosen
            PostgresStore,
        )
    except ImportError as error:
        raise UsageError(
            "expected the PostgreSQL driver, found it not installed",
            hint="Run: pip install 'sluiceway[postgres]'",
        ) from error
    return PostgresStore
