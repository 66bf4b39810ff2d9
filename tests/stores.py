"""Open any adapter with leases and delays on the clock that the test sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.storage.open import sqlite_path
from sluiceway.storage.postgres.clock import ServerClock
from sluiceway.storage.postgres.store import PostgresStore
from sluiceway.storage.sqlite.lease_clock import LeaseClock
from sluiceway.storage.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

__all__ = ["open_for_test"]


def open_for_test(url: str) -> Store:
    path = sqlite_path(url)
    if path is False:
        return PostgresStore.open(url, clock=ServerClock(follows_caller=True))
    # Its own clock stands at 1970, so that it is never ahead of what the test says.
    return SqliteStore.open(path, lease_clock=LeaseClock(wall_s=lambda: 0.0))
