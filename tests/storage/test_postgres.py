"""What is PostgreSQL's own: upgrades, groups of writes, lost connections, many workers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from sluiceway.errors import StorageError, UsageError
from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage import open_store
from sluiceway.storage.durable import (
    CancelAnswer,
    Claim,
    ExecutionFilter,
    Finish,
    LeaseLost,
    LogWrite,
    NewExecution,
)
from sluiceway.storage.postgres import schema
from sluiceway.storage.postgres.database import PostgresDatabase
from sluiceway.storage.postgres.store import PostgresStore, without_password
from sluiceway.storage.upgrade import database_status, upgrade_database
from tests.postgres_cluster import Cluster

pytestmark = pytest.mark.postgres
LEASE = timedelta(seconds=1)


def _new(number: int, **more: Any) -> NewExecution:
    values: dict[str, Any] = {
        "id": f"afe_{number}",
        "flow_id": "af_1",
        "flow_name": "n",
        "flow_version": 1,
        "flow_digest": "d",
        "snapshot": b"s",
        "trace_id": "t",
        "created_at": datetime.now(UTC),
        "payload": b"x",
    }
    return NewExecution(**{**values, **more})


def _finish() -> Finish:
    return Finish(status=ExecutionStatus.COMPLETED, at=datetime.now(UTC), final=b"{}")


async def _claim(store: Any, owner: str = "a", limit: int = 10, **more: Any) -> list[Claim]:
    claims: list[Claim] = await store.executions.claim(
        owner, **{"limit": limit, "lease": LEASE, "now": datetime.now(UTC), **more}
    )
    return claims


def test_an_empty_database_is_set_up_on_first_use_and_only_once(cluster: Cluster) -> None:
    url = cluster.new_database(is_empty=True)
    assert database_status(url).schema == 0
    stores: list[PostgresStore] = []
    threads = [
        threading.Thread(target=lambda: stores.append(PostgresStore.open(url))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 4
    assert database_status(url).is_current
    assert upgrade_database(url) == []


def test_a_database_behind_or_ahead_is_refused_until_it_fits(cluster: Cluster) -> None:
    url = cluster.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE sluiceway.schema_history SET name = 'old' WHERE number = 0")
        with pytest.raises(StorageError, match="expected a database of this version") as caught:
            PostgresStore.open(url)
        assert "sluiceway database upgrade" in caught.value.hint
        assert upgrade_database(url) == ["put the functions in place"]
        connection.execute("INSERT INTO sluiceway.schema_history VALUES (9999, 'later')")
    with pytest.raises(StorageError, match="schema 9999") as caught:
        PostgresStore.open(url)
    assert "newer" in caught.value.hint
    with pytest.raises(StorageError, match="found schema 9999"):
        upgrade_database(url)


@pytest.mark.parametrize("number", [migration[0] for migration in schema.load_migrations()])
def test_every_released_schema_is_upgraded_with_what_is_in_it(
    cluster: Cluster, number: int
) -> None:
    url = cluster.new_database(is_empty=True)
    migrations = schema.load_migrations()
    with psycopg.connect(url, autocommit=True) as connection:
        schema.upgrade(connection, [one for one in migrations if one[0] <= number])
        connection.execute(
            "INSERT INTO sluiceway.documents (kind, id, version, created_at, updated_at, body)"
            " VALUES ('user', 'u1', 1, 0, 0, '{\"a\": 1}')"
        )
        assert schema.inspect(connection).schema == number
        schema.upgrade(connection)
        assert schema.inspect(connection).is_current

    async def look() -> None:
        store = open_store(url)
        found = await store.documents.get("user", "u1")
        assert found is not None
        assert found.body == {"a": 1}
        assert await store.check() == []
        await store.close()

    asyncio.run(look())


def test_a_failed_migration_leaves_nothing_behind(cluster: Cluster) -> None:
    url = cluster.new_database()
    broken = [
        *schema.load_migrations(),
        (9998, "9998_bad.sql", "CREATE TABLE sluiceway.yet (a int); NONSENSE;"),
    ]
    with psycopg.connect(url, autocommit=True) as connection:
        with pytest.raises(psycopg.Error):
            schema.upgrade(connection, broken)
        row = connection.execute("SELECT to_regclass('sluiceway.yet')").fetchone()
        assert row == (None,)
        assert schema.inspect(connection).is_current


def test_absurd_of_another_version_is_migrated_or_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = cluster.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION absurd.get_schema_version() RETURNS text"
            " LANGUAGE sql AS $$ SELECT '99.0.0' $$"
        )
        with pytest.raises(StorageError, match=r"found Absurd 99\.0\.0|found 99\.0\.0"):
            schema.upgrade(connection)
    names = [label for label, _ in schema._absurd_steps("0.4.0")]
    assert names == ["migrated Absurd with 0.4.0-0.5.0.sql", "migrated Absurd with 0.5.0-0.5.1.sql"]
    assert [label for label, _ in schema._absurd_steps("")] == ["installed Absurd 0.5.1"]


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    url = "postgresql://ada:s3cret@localhost:1/db"
    with pytest.raises(StorageError, match="ada@localhost:1") as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)
    assert without_password("postgresql:///db") == "postgresql:///db"
    with pytest.raises(UsageError, match="sqlite: or postgresql:"):
        open_store("mysql://x")


def test_one_bad_write_of_a_group_leaves_its_neighbours(new_database: Callable[[], str]) -> None:
    async def main() -> None:
        store = PostgresStore.open(new_database())
        await store.executions.create_many([_new(n) for n in range(20)])
        claims = await _claim(store, limit=20)
        stale = replace(claims[7], number=99)
        writes = [
            store.executions.append(claim, LogWrite(position=0, entries=b"[]"))
            for claim in [*claims[:7], stale, *claims[8:]]
        ]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(answer) for answer in answers if answer is not None] == [LeaseLost]
        assert isinstance(answers[7], LeaseLost)
        for index, claim in enumerate(claims):
            assert len(await store.executions.log(claim.id)) == (0 if index == 7 else 1)
        await store.close()

    asyncio.run(main())


def test_a_write_that_was_heard_of_twice_is_one_write(new_database: Callable[[], str]) -> None:
    """A commit whose answer was lost with the connection is asked for again."""

    async def main() -> None:
        store = PostgresStore.open(new_database())
        await store.executions.create(_new(1))
        (claim,) = await _claim(store)
        write = LogWrite(position=0, entries=b"[]", sealed=b"s")
        await store.executions.append(claim, write)
        await store.executions.append(claim, write)
        assert len(await store.executions.log("afe_1")) == 1
        await store.executions.finish(claim, _finish())
        with pytest.raises(LeaseLost):
            await store.executions.finish(claim, _finish())
        row = await store.executions.get("afe_1")
        assert row is not None
        assert row.status is ExecutionStatus.COMPLETED
        await store.close()

    asyncio.run(main())


def test_writes_that_wait_when_everything_is_cancelled_are_decided(
    new_database: Callable[[], str],
) -> None:
    async def main() -> None:
        database = PostgresDatabase(new_database())
        slow = ("SELECT pg_sleep(0.2)", ())
        writes = [asyncio.create_task(database.write(slow)) for _ in range(100)]
        await asyncio.sleep(0.1)
        everything = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everything:
            task.cancel()
        _, waiting = await asyncio.wait(everything, timeout=20)
        assert not waiting
        assert all(write.cancelled() for write in writes)

    asyncio.run(main())


def test_connections_that_the_server_dropped_are_opened_anew(cluster: Cluster) -> None:
    url = cluster.new_database()

    async def main() -> None:
        store = PostgresStore.open(url)
        for number in range(3):
            assert (await store.executions.create(_new(number))).is_new
            await store.executions.get("afe_0")
            with psycopg.connect(url, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            await asyncio.sleep(0.1)
        await store.close()

    asyncio.run(main())


def test_a_server_that_stops_is_an_error_and_no_more_once_it_is_back() -> None:
    cluster = Cluster.make()
    if cluster is None:
        pytest.skip("PostgreSQL is not installed")
    try:
        cluster.start()
        url = cluster.new_database()

        async def main() -> None:
            store = PostgresStore.open(url)
            await store.executions.create(_new(1))
            await asyncio.to_thread(cluster.stop, "immediate")
            with pytest.raises(StorageError):
                await store.executions.create(_new(2))
            with pytest.raises(StorageError):
                await store.executions.get("afe_1")
            await asyncio.to_thread(cluster.start)
            assert (await store.executions.create(_new(2))).is_new
            assert await store.executions.get("afe_1") is not None
            await store.close()

        asyncio.run(main())
    finally:
        cluster.destroy()


def test_two_processes_share_the_work_and_never_one_execution(
    new_database: Callable[[], str],
) -> None:
    async def main() -> None:
        url = new_database()
        stores = [PostgresStore.open(url) for _ in range(3)]
        await stores[0].executions.create_many([_new(n) for n in range(100)])
        taken = await asyncio.gather(
            *(_claim(stores[n % 3], f"w{n % 3}", limit=7) for n in range(30))
        )
        ids = [claim.id for claims in taken for claim in claims]
        assert len(ids) == len(set(ids)) == 100
        for store in stores:
            await store.close()

    asyncio.run(main())


def test_work_rings_where_it_is_waited_for(new_database: Callable[[], str]) -> None:
    async def main() -> None:
        url = new_database()
        here, there = PostgresStore.open(url), PostgresStore.open(url)
        rang = asyncio.Event()
        async with there.executions.watch(rang.set):
            await asyncio.sleep(0.3)
            await here.executions.create(_new(1))
            async with asyncio.timeout(3):
                await rang.wait()
        await here.close()
        await there.close()

    asyncio.run(main())


def test_what_a_dead_worker_ran_can_be_cancelled_once_its_lease_is_over(
    new_database: Callable[[], str],
) -> None:
    async def main() -> None:
        store = PostgresStore.open(new_database())
        await store.executions.create(_new(1))
        await _claim(store)
        ending = Finish(status=ExecutionStatus.CANCELLED, at=datetime.now(UTC), final=b"{}")
        assert await store.executions.cancel("afe_1", finish=ending) is CancelAnswer.REQUESTED
        await asyncio.sleep(1.1)
        assert await store.executions.cancel("afe_1", finish=ending) is CancelAnswer.CANCELLED
        assert await _claim(store, "b") == []
        await store.close()

    asyncio.run(main())


def test_absurds_own_tables_stay_small(new_database: Callable[[], str]) -> None:
    async def main() -> None:
        url = new_database()
        store = PostgresStore.open(url)
        await store.executions.create_many([_new(n) for n in range(50)])
        for claim in await _claim(store, limit=50):
            await store.executions.finish(claim, _finish())
        store.executions._tidied_s = 0
        await asyncio.sleep(0.01)
        assert await _claim(store) == []
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM absurd.t_sluiceway").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM absurd.r_sluiceway").fetchone() == (0,)
        assert await store.executions.count(ExecutionFilter()) == 50
        await store.close()

    asyncio.run(main())


def test_pruning_gives_the_space_at_the_end_back(new_database: Callable[[], str]) -> None:
    url = new_database()

    def size() -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT pg_table_size('sluiceway.executions')").fetchone()
        return row[0] if row else 0

    async def main() -> None:
        store = PostgresStore.open(url)
        await store.executions.create_many([_new(n, payload=b"x" * 1900) for n in range(1200)])
        while claims := await _claim(store, limit=500, lease=timedelta(seconds=60)):
            await asyncio.gather(*(store.executions.finish(c, _finish()) for c in claims))
        full = size()
        while await store.executions.prune(ended_before=datetime.now(UTC) + timedelta(1)):
            pass
        assert size() < full / 4
        assert await store.executions.snapshot("d") is None
        await store.close()

    asyncio.run(main())


def test_a_wording_that_is_started_while_it_is_pruned_is_kept(
    new_database: Callable[[], str],
) -> None:
    async def main() -> None:
        store = PostgresStore.open(new_database())

        async def start_and_end(number: int) -> None:
            await store.executions.create(_new(number))
            for claim in await _claim(store):
                await store.executions.finish(claim, _finish())

        async def prune() -> None:
            for _ in range(40):
                await store.executions.prune(ended_before=datetime.now(UTC) + timedelta(1))

        await asyncio.gather(prune(), *(start_and_end(number) for number in range(60)))
        await store.executions.create(_new(1000))
        assert await store.executions.snapshot("d") == b"s"
        await store.close()

    asyncio.run(main())


def test_a_backup_can_be_restored(cluster: Cluster, tmp_path: Path) -> None:
    url, other = cluster.new_database(), cluster.new_database(is_empty=True)

    async def save() -> None:
        store = PostgresStore.open(url)
        await store.executions.create(_new(1))
        await store.backup(tmp_path / "b.dump")
        await store.close()

    asyncio.run(save())
    assert (tmp_path / "b.dump").stat().st_mode & 0o077 == 0
    cluster.restore(other, tmp_path / "b.dump")

    async def look() -> None:
        store = PostgresStore.open(other)
        assert [claim.id for claim in await _claim(store)] == ["afe_1"]
        assert await store.check() == []
        await store.close()

    asyncio.run(look())


def test_an_execution_that_no_run_would_end_is_told(new_database: Callable[[], str]) -> None:
    async def main() -> None:
        url = new_database()
        store = PostgresStore.open(url)
        await store.executions.create(_new(1))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DELETE FROM absurd.r_sluiceway")
        (problem,) = await store.check()
        assert problem.startswith("1 execution")
        await store.close()

    asyncio.run(main())
