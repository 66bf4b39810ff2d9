"""What is SQLite's own: one process, groups of writes, migrations, disk full, space given back."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluiceway.errors import StorageError, UsageError
from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage import open_store
from sluiceway.storage.durable import Finish, NewExecution
from sluiceway.storage.sqlite.database import SqliteDatabase
from sluiceway.storage.sqlite.schema import load_migrations, upgrade, version_of
from sluiceway.storage.sqlite.store import SqliteStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _new(number: int, size: int = 100) -> NewExecution:
    return NewExecution(
        id=f"afe_{number}",
        flow_id="af_1",
        flow_name="n",
        flow_version=1,
        flow_digest="d",
        snapshot=b"s",
        trace_id="t",
        created_at=NOW,
        payload=b"x" * size,
    )


def test_a_second_process_is_refused_with_the_holders_id(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    code = (
        "import sys, time; from sluiceway.storage import open_store;"
        f"open_store('sqlite:///{path}'); print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StorageError, match=f"held by process {other.pid}"):
            open_store(f"sqlite:///{path}")
        other.send_signal(signal.SIGKILL)
    asyncio.run(open_store(f"sqlite:///{path}").close())


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.db"
    asyncio.run(open_store(f"sqlite:///{path}").close())
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_writes_that_wait_share_a_commit_and_one_that_fails_leaves_the_others(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        database = SqliteDatabase(tmp_path / "a.db")
        database.open()
        gate = threading.Event()
        try:
            first = asyncio.ensure_future(database.write(lambda _: gate.wait(5)))
            await asyncio.sleep(0.05)

            def half(connection: sqlite3.Connection) -> None:
                connection.execute("INSERT INTO shared_values VALUES ('half', x'00', NULL)")
                raise LookupError("no")

            good = [
                asyncio.ensure_future(
                    database.write(
                        lambda c, n=n: (
                            c.execute(
                                "INSERT INTO shared_values VALUES (?, x'00', NULL)", (str(n),)
                            ).rowcount
                        )
                    )
                )
                for n in range(20)
            ]
            bad = asyncio.ensure_future(database.write(half))
            broken = asyncio.ensure_future(database.write(lambda c: c.execute("NONSENSE")))
            gate.set()
            assert await first
            assert await asyncio.gather(*good) == [1] * 20
            with pytest.raises(LookupError):
                await bad
            with pytest.raises(StorageError, match="syntax error"):
                await broken
            found = await database.read(
                lambda c: c.execute("SELECT count(*) FROM shared_values").fetchone()
            )
            assert found == (20,)
        finally:
            database.close()
        with pytest.raises(StorageError, match="closed"):
            await database.write(lambda _: None)

    asyncio.run(main())


def test_a_cancelled_caller_hears_of_it_once_its_write_is_decided(tmp_path: Path) -> None:
    async def main() -> None:
        database = SqliteDatabase(tmp_path / "a.db")
        database.open()
        gate = threading.Event()
        order: list[str] = []

        def slow(connection: sqlite3.Connection) -> None:
            gate.wait(5)
            connection.execute("INSERT INTO shared_values VALUES ('late', x'00', NULL)")
            order.append("written")

        async def caller(write: Any) -> None:
            try:
                await database.write(write)
            finally:
                order.append("told")

        def refused(_: sqlite3.Connection) -> None:
            order.append("refused")
            raise LookupError("no")

        for write, first in ((slow, "written"), (refused, "refused")):
            order.clear()
            task = asyncio.create_task(caller(write))
            await asyncio.sleep(0.05) if write is slow else await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            gate.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert order == [first, "told"]
        found = await database.read(
            lambda c: c.execute("SELECT count(*) FROM shared_values").fetchone()
        )
        assert found == (1,)
        database.close()

    asyncio.run(main())


def test_migrations_run_once_in_order_and_newer_files_are_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    own = load_migrations()
    assert upgrade(connection) == len(own)
    assert upgrade(connection) == 0
    assert version_of(connection) == own[-1][0]
    newer = [*own, (9999, "9999_more.sql", "CREATE TABLE more (a);")]
    assert upgrade(connection, newer) == 1
    with pytest.raises(StorageError, match="found schema 9999"):
        upgrade(connection)
    broken = [*newer, (10000, "10000_bad.sql", "CREATE TABLE yet (a); CREATE TABLE more (a);")]
    with pytest.raises(sqlite3.OperationalError):
        upgrade(connection, broken)
    connection.rollback() if connection.in_transaction else None
    assert version_of(connection) == 9999
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'yet'").fetchall()
    connection.close()


@pytest.mark.parametrize("number", [migration[0] for migration in load_migrations()])
def test_every_released_schema_is_upgraded_with_what_is_in_it(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path, isolation_level=None)
    upgrade(connection, [one for one in load_migrations() if one[0] <= number])
    connection.execute(
        "INSERT INTO documents (kind, id, version, created_at, updated_at, body)"
        " VALUES ('user', 'u1', 1, 0, 0, '{\"a\": 1}')"
    )
    connection.execute(
        "INSERT INTO outbox (id, idempotency_key, execution_id, step_id, queue, channel, status,"
        " created_at, updated_at, ready_at, shown, sealed)"
        " VALUES ('m1', 'k', 'e', 's', 'email', 'email', 'QUEUED', 0, 0, 0, '{}', x'00')"
    )
    connection.close()

    async def look() -> None:
        store = SqliteStore.open(path)
        found = await store.documents.get("user", "u1")
        assert found is not None
        assert found.body == {"a": 1}
        (row,) = await store.outbox.claim("email", "w", limit=5, lease=timedelta(1), now=NOW)
        assert row.id == "m1"
        await store.close()

    asyncio.run(look())


def test_a_file_that_is_no_database_and_a_url_that_is_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(StorageError, match="not a database"):
        open_store(f"sqlite:///{path}")
    with pytest.raises(UsageError, match="sqlite:"):
        open_store("redis://localhost")


def test_a_full_disk_is_an_error_and_no_harm(tmp_path: Path) -> None:
    async def main() -> None:
        store = SqliteStore.open(tmp_path / "a.db")
        await store.executions.create(_new(0))
        database: Any = store._database
        pages = await database.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
        await database.write(
            lambda c: c.execute(f"PRAGMA max_page_count = {pages + 20}").fetchall()
        )
        answers = await asyncio.gather(
            *(store.executions.create(_new(n, 20_000)) for n in range(1, 20)),
            return_exceptions=True,
        )
        assert any(isinstance(answer, StorageError) for answer in answers)
        await database.write(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchall())
        kept = {f"afe_{n}" for n, a in enumerate(answers, 1) if not isinstance(a, StorageError)}
        for number in range(1, 20):
            found = await store.executions.get(f"afe_{number}")
            assert (found is not None) == (f"afe_{number}" in kept)
        assert (await store.executions.create(_new(99, 20_000))).is_new
        assert await store.check() == []
        await store.close()

    asyncio.run(main())


def _limit_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))


def test_writes_that_the_system_refuses_are_reported_and_what_was_reported_done_is_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.db"
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from sluiceway.errors import StorageError
from sluiceway.storage import open_store
from test_sqlite import _new
async def main():
    store = open_store("sqlite:///{path}")
    for number in range(1000):
        try:
            await store.executions.create(_new(number, 5000))
        except StorageError:
            print("refused", flush=True)
            return
        print(number, flush=True)
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=_limit_files,
        timeout=60,
        check=False,
    )
    *kept, last = done.stdout.split()
    assert last == "refused", done.stderr

    async def look() -> None:
        store = open_store(f"sqlite:///{path}")
        assert await store.check() == []
        for number in kept:
            assert await store.executions.get(f"afe_{number}") is not None
        await store.close()

    asyncio.run(look())


def test_pruning_gives_the_space_back(tmp_path: Path) -> None:
    async def main() -> None:
        store = SqliteStore.open(tmp_path / "a.db")
        await store.executions.create_many([_new(n, 4000) for n in range(600)])
        while claims := await store.executions.claim(
            "a", limit=100, lease=timedelta(seconds=60), now=NOW
        ):
            for claim in claims:
                ending = Finish(status=ExecutionStatus.COMPLETED, at=NOW, final=b"{}")
                await store.executions.finish(claim, ending)
        full = await store.size_bytes()
        while await store.executions.prune(ended_before=NOW + timedelta(1)):
            pass
        assert await store.size_bytes() < full / 4
        assert await store.executions.snapshot("d") is None
        await store.close()
        assert (tmp_path / "a.db").stat().st_size < full / 4

    asyncio.run(main())


def test_a_backup_is_whole_while_writes_go_on(tmp_path: Path) -> None:
    async def main() -> None:
        store = SqliteStore.open(tmp_path / "a.db")
        await store.executions.create_many([_new(n) for n in range(50)])
        backup = asyncio.ensure_future(store.backup(tmp_path / "b.db"))
        await asyncio.gather(*(store.executions.create(_new(n)) for n in range(100, 150)))
        await backup
        await store.close()
        copy = SqliteStore.open(tmp_path / "b.db")
        assert await copy.check() == []
        assert await copy.executions.get("afe_49") is not None
        await copy.close()
        assert (tmp_path / "b.db").stat().st_mode & 0o077 == 0

    asyncio.run(main())
