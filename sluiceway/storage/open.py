"""Open the database that a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

__all__ = ["open_store"]

_SQLITE = "sqlite://"


def open_store(url: str) -> Store:
    """Open ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``sqlite://`` (memory).

    Raises:
        UsageError: the URL names no database that Sluiceway can use.
        StorageError: the database cannot be opened; the message says why.
    """
    if url.startswith(_SQLITE):
        from sluiceway.storage.sqlite.store import SqliteStore  # noqa: PLC0415 - only where chosen

        place = url.removeprefix(_SQLITE).removeprefix("/")
        return SqliteStore.open(None if place in {"", ":memory:"} else Path(place))
    scheme = url.partition(":")[0]
    raise UsageError(
        f"expected a database URL that starts with sqlite:, found {scheme!r}",
        hint="Set SLUICEWAY_DATABASE_URL or --database, like sqlite:///.sluiceway/sluiceway.db.",
    )
