"""What is the outbox's own in PostgreSQL: outcomes noted together, rows of an older schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from sluiceway.storage.durable import LeaseLost, NewMessage, OutboxStatus
from sluiceway.storage.postgres import schema
from sluiceway.storage.postgres.store import PostgresStore
from tests.postgres_cluster import Cluster

pytestmark = pytest.mark.postgres
LEASE = timedelta(seconds=60)


def _message(number: int) -> NewMessage:
    return NewMessage(
        id=f"msg_{number:03}",
        idempotency_key=f"k{number}",
        execution_id="afe_1",
        step_id="mail",
        queue="email",
        channel="email",
        created_at=datetime.now(UTC),
        shown={},
        sealed=b"x",
    )


async def _claim(store: PostgresStore, lease: timedelta = LEASE, limit: int = 500) -> list[Any]:
    now = datetime.now(UTC)
    return [*await store.outbox.claim("email", "a", limit=limit, lease=lease, now=now)]


def test_of_many_outcomes_at_once_only_those_whose_claim_is_lost_are_refused(
    new_database: Callable[[], str],
) -> None:
    async def main() -> None:
        store = PostgresStore.open(new_database())
        await asyncio.gather(*(store.outbox.enqueue(_message(n)) for n in range(250)))
        late = await _claim(store, timedelta(0), limit=50)
        rows = await _claim(store)
        at = datetime.now(UTC)
        noted = await asyncio.gather(
            *(store.outbox.mark_sent(row, at=at, receipt="r") for row in [*late, *rows]),
            return_exceptions=True,
        )
        assert [type(one) for one in noted[:50]] == [LeaseLost] * 50
        assert noted[50:] == [None] * 250
        assert (await store.outbox.count_by_status())[OutboxStatus.SENT] == 250
        await store.close()

    asyncio.run(main())


def test_an_outcome_that_cannot_be_kept_harms_no_other(new_database: Callable[[], str]) -> None:
    async def main() -> None:
        store = PostgresStore.open(new_database())
        await asyncio.gather(*(store.outbox.enqueue(_message(n)) for n in range(20)))
        rows = await _claim(store)
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute(
                "ALTER TABLE sluiceway.outbox ADD CHECK (receipt IS DISTINCT FROM 'bad')"
            )
        at = datetime.now(UTC)
        noted = await asyncio.gather(
            *(
                store.outbox.mark_sent(row, at=at, receipt="bad" if number == 7 else "r\0")
                for number, row in enumerate(rows)
            ),
            return_exceptions=True,
        )
        assert [number for number, one in enumerate(noted) if one is not None] == [7]
        assert (await store.outbox.count_by_status())[OutboxStatus.SENT] == 19
        await store.close()

    asyncio.run(main())


def test_workers_that_claim_at_once_never_share_a_message(new_database: Callable[[], str]) -> None:
    async def main() -> None:
        url = new_database()
        stores = [PostgresStore.open(url) for _ in range(3)]
        await asyncio.gather(*(stores[0].outbox.enqueue(_message(n)) for n in range(200)))
        taken: list[str] = []

        async def work(store: PostgresStore) -> None:
            while rows := await _claim(store, limit=7):
                taken.extend(row.id for row in rows)
                at = datetime.now(UTC)
                await asyncio.gather(
                    *(store.outbox.mark_sent(row, at=at, receipt=None) for row in rows)
                )

        await asyncio.gather(*(work(store) for store in stores))
        assert sorted(taken) == [f"msg_{n:03}" for n in range(200)]
        for store in stores:
            await store.close()

    asyncio.run(main())


def test_messages_that_wait_in_absurds_queues_go_on_after_the_upgrade(cluster: Cluster) -> None:
    url = cluster.new_database(is_empty=True)
    older = [one for one in schema.load_migrations() if one[0] <= 2]
    with psycopg.connect(url, autocommit=True) as connection:
        schema.upgrade(connection, older)
        connection.execute("SELECT absurd.create_queue('sluiceway_email')")
        connection.execute(
            "INSERT INTO sluiceway.outbox (id, idempotency_key, execution_id, step_id, queue,"
            " channel, status, created_at, updated_at, ready_at, shown, sealed, claim, task_id,"
            " run_id) SELECT 'm' || s.status, s.status, 'e', 's', 'email', 'email', s.status, 0, 0,"
            " s.ready_at, '{}', '', 1, s.task_id, s.run_id FROM (SELECT * FROM (VALUES"
            " ('QUEUED', 0), ('SENDING', 1), ('SENT', NULL), ('DEAD', NULL)) v (status, ready_at),"
            " absurd.spawn_task('sluiceway_email', 'message', '{}')) s"
        )
        schema.upgrade(connection)
        queues = connection.execute("SELECT queue_name FROM absurd.list_queues()").fetchall()
        assert queues == [("sluiceway",)]

    async def main() -> None:
        store = PostgresStore.open(url)
        rows = await _claim(store)
        assert {(row.id, row.claim_number) for row in rows} == {("mQUEUED", 2), ("mSENDING", 2)}
        assert await store.outbox.retry("mDEAD", at=datetime.now(UTC))
        assert [row.id for row in await _claim(store)] == ["mDEAD"]
        await store.close()

    asyncio.run(main())
