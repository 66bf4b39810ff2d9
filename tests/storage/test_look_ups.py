"""Look-ups that go together see what each would have seen alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from sluiceway.errors import StorageError
from sluiceway.storage.base import Document
from sluiceway.storage.postgres.database import PostgresDatabase
from sluiceway.storage.postgres.documents import PostgresDocumentStore
from sluiceway.storage.postgres.look_ups import LookUps

T0 = datetime(2026, 3, 1, tzinfo=UTC)


class Counted(PostgresDatabase):
    """A database that counts what it is asked, and keeps answers back while it is *held*."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reads = 0
        self.free = asyncio.Event()
        self.free.set()

    async def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self.reads += 1
        rows = await super().read(sql, values)
        await self.free.wait()
        return rows


def _document(id_: str, text: str = "first") -> Document:
    return Document(kind="k", id=id_, body={"text": text}, created_at=T0, updated_at=T0)


async def until(holds: Callable[[], Any]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


def _with_database(url: str, scenario: Any) -> None:
    async def main() -> None:
        database = Counted(url)
        try:
            await scenario(database, PostgresDocumentStore(database))
        finally:
            await database.close()

    asyncio.run(main())


@pytest.mark.postgres
def test_what_is_asked_for_together_comes_in_one_statement(new_database: Any) -> None:
    async def scenario(database: Counted, documents: PostgresDocumentStore) -> None:
        for number in range(3):
            await documents.insert(_document(str(number)))
        found = await asyncio.gather(
            *(documents.get("k", str(number % 4)) for number in range(400)),
            documents.get("other", "1"),
        )
        assert [one and one.id for one in found] == [*("0", "1", "2", None) * 100, None]
        assert found[0] == found[4]
        # What one caller does to its copy is nobody else's.
        assert found[0] is not None
        assert found[4] is not None
        assert found[0].body is not found[4].body
        assert database.reads == 1

    _with_database(new_database(), scenario)


@pytest.mark.postgres
def test_who_asks_after_a_write_sees_it_though_others_still_wait(new_database: Any) -> None:
    async def scenario(database: Counted, documents: PostgresDocumentStore) -> None:
        await documents.insert(_document("1"))
        database.free.clear()
        before = asyncio.create_task(documents.get("k", "1"))
        await until(lambda: database.reads)
        await asyncio.sleep(0.1)
        await documents.replace(replace(_document("1", "second"), version=2))
        after = asyncio.create_task(documents.get("k", "1"))
        await asyncio.sleep(0)
        database.free.set()
        texts = [one and one.body["text"] for one in await asyncio.gather(before, after)]
        assert texts == ["first", "second"]
        assert database.reads == 2

    _with_database(new_database(), scenario)


class Faulty:
    """What look-ups need of a database: it answers, refuses, or does not come back."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.silence: asyncio.Event | None = None

    async def read(self, _sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self.silence is not None:
            await self.silence.wait()
        if self.errors:
            raise self.errors.pop()
        return list(zip(*values, strict=True))


def _look_ups(database: Any) -> LookUps:
    return LookUps(database, "SELECT", key_of=lambda row: row)


def test_who_gives_up_takes_nobody_along() -> None:
    async def scenario() -> None:
        database: Any = Faulty()
        database.silence = asyncio.Event()
        look_ups = _look_ups(database)
        one, other = (asyncio.create_task(look_ups.get("k", "1")) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.wait([one])
        database.silence.set()
        assert await other == ("k", "1")
        assert one.cancelled()

    asyncio.run(scenario())


def test_a_refusal_is_told_to_all_who_asked_and_is_over_with_that() -> None:
    async def scenario() -> None:
        database: Any = Faulty()
        database.errors = [StorageError("expected the database to answer, found: nothing")]
        look_ups = _look_ups(database)
        told = await asyncio.gather(
            look_ups.get("k", "1"), look_ups.get("k", "2"), return_exceptions=True
        )
        assert [str(error) for error in told] == [str(told[0])] * 2
        assert isinstance(told[0], StorageError)
        assert await look_ups.get("k", "1") == ("k", "1")

    asyncio.run(scenario())


def test_nobody_waits_for_a_process_that_stops() -> None:
    async def scenario() -> None:
        database: Any = Faulty()
        database.silence = asyncio.Event()
        look_ups = _look_ups(database)
        asked = asyncio.create_task(look_ups.get("k", "1"))
        await asyncio.sleep(0.01)
        (serving,) = asyncio.all_tasks() - {asked, asyncio.current_task()}
        serving.cancel()
        with pytest.raises(StorageError, match="stopping"):
            await asked

    asyncio.run(scenario())
