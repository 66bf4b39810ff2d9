"""Open the database that a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from sluiceway.storage.base import Store
    from sluiceway.storage.postgres.store import PostgresStore

__all__ = ["open_store"]

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
    if url.startswith(_SQLITE):
        from sluiceway.storage.sqlite.store import SqliteStore  # noqa: PLC0415 - only where chosen

        place = url.removeprefix(_SQLITE).removeprefix("/")
        return SqliteStore.open(None if place in {"", ":memory:"} else Path(place))
    if url.startswith(_POSTGRES):
        return _postgres().open(url)
    scheme = url.partition(":")[0]
    raise UsageError(
        f"expected a database URL that starts with sqlite: or postgresql:, found {scheme!r}",
        hint="Set SLUICEWAY_DATABASE_URL or --database, like sqlite:///.sluiceway/sluiceway.db.",
    )


def _postgres() -> type[PostgresStore]:
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
