"""Open any adapter with leases and delays on the clock that the test sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.storage import open_store
from sluiceway.storage.postgres.clock import ServerClock
from sluiceway.storage.postgres.store import PostgresStore

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

__all__ = ["open_for_test"]


def open_for_test(url: str) -> Store:
    if url.startswith("postgresql:"):
        return PostgresStore.open(url, clock=ServerClock(follows_caller=True))
    return open_store(url)
