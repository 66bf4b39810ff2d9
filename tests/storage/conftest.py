"""Every adapter, open and empty; the same suite runs over each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.stores import open_for_test

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

ADAPTERS = [
    "sqlite file",
    "sqlite memory",
    pytest.param("postgres", marks=pytest.mark.postgres),
]
T0 = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(params=ADAPTERS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        return new_database()
    return f"sqlite:///{tmp_path}/s.db" if request.param == "sqlite file" else "sqlite://"


@pytest.fixture
def with_store(store_url: str) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Run a scenario over an open store."""

    def run(scenario: Callable[[Store], Awaitable[None]]) -> None:
        async def main() -> None:
            store = open_for_test(store_url)
            try:
                await scenario(store)
                assert await store.check() == []
            finally:
                await store.close()

        asyncio.run(main())

    return run


@pytest.fixture
def at() -> Callable[..., datetime]:
    """Return the moment so many seconds after the tests' first."""

    def moment(seconds: float = 0) -> datetime:
        return T0 + timedelta(seconds=seconds)

    return moment
