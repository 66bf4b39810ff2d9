"""A database in memory, a keyring over it, and one loop to run scenarios on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.storage.open import open_store

if TYPE_CHECKING:
    from sluiceway.storage.base import Store


@pytest.fixture
def with_store() -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Run a scenario over an open, empty database in memory."""

    def run(scenario: Callable[[Store], Awaitable[None]]) -> None:
        async def main() -> None:
            store = open_store("sqlite://")
            try:
                await scenario(store)
            finally:
                await store.close()

        asyncio.run(main())

    return run
