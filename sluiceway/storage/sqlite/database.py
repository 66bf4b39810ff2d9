"""The SQLite file: one writer thread that commits in groups, readers beside it.

Every write is a function over the connection. The writer takes all that wait, runs them one after
the other, and commits them with one flush to disk, so durability (``synchronous=FULL``) costs one
flush for many writes. Where one refuses, the group is rolled back and run again with a savepoint
for each: operations must bear being run twice. A caller is told only after the commit: what it
knows to be written is.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from sluiceway.errors import StorageError
from sluiceway.storage.decision import Decision
from sluiceway.storage.sqlite.file_lock import FileLock, lock_of
from sluiceway.storage.sqlite.schema import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SqliteDatabase"]

T = TypeVar("T")

# A job's result has the type its caller knows; the queue between them cannot say it.
_Operation: TypeAlias = "Callable[[sqlite3.Connection], Any]"
_Job: TypeAlias = "tuple[_Operation, asyncio.AbstractEventLoop, Decision[Any]]"
_Settled: TypeAlias = "tuple[Decision[Any], Any, Exception | None]"

_LARGEST_GROUP: Final = 256
_READERS: Final = 2
_CACHE_KIB: Final = 16 * 1024


class SqliteDatabase:
    """One open file, or memory where *path* is ``None``. Make it with ``open``."""

    def __init__(self, path: Path | None) -> None:
        """Remember the path; nothing is opened yet."""
        self.path = path
        self._lock = FileLock(lock_of(path)) if path else None
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition(threading.Lock())
        self._is_closing = False
        self._readers: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []
        self._thread: threading.Thread | None = None
        self._writer: sqlite3.Connection | None = None

    def open(self) -> None:
        """Lock the file, bring its schema up to date and start the threads.

        Raises:
            StorageError: another process has the file, it is newer than this version, it is not
                a database, or it cannot be made or read.
        """
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._abandon()
            reason = getattr(error, "strerror", None) or str(error)
            raise StorageError(
                f"expected to open the database {self.path}, found: {reason}",
                hint="Choose a file in a folder that may be written, with --database or "
                "SLUICEWAY_DATABASE_URL.",
            ) from error
        except StorageError:
            self._abandon()
            raise

    @classmethod
    def bare(cls, path: Path) -> SqliteDatabase:
        """Open the file at *path* without a lock and with whatever schema it has: for benches."""
        database = cls(path)
        database._lock = None
        database._writer = database._connect()
        database._start()
        return database

    def _open(self) -> None:
        if self.path is not None and self._lock is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire(self.path)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._writer = self._connect()
        upgrade(self._writer)
        self._start()

    def _start(self) -> None:
        if self.path is not None:
            self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sluiceway-read")
        self._thread = threading.Thread(
            target=self._write_loop, name="sluiceway-write", daemon=True
        )
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path or ":memory:",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        for setting in (
            "auto_vacuum = INCREMENTAL",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "busy_timeout = 5000",
            "temp_store = MEMORY",
            "trusted_schema = OFF",
            f"cache_size = -{_CACHE_KIB}",
            f"journal_size_limit = {64 * 1024 * 1024}",
        ):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def _abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()

    async def write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run *operation* in the next group and return its result once that is on disk.

        An operation that raises leaves nothing behind, and its neighbours in the group stand. A
        caller that is cancelled gets its ``CancelledError`` once the write is decided.

        Raises:
            StorageError: the database refused: disk full, input or output error.
            Exception: whatever *operation* raised.
        """
        loop = asyncio.get_running_loop()
        decision: Decision[T] = Decision(loop=loop)
        with self._wake:
            if self._is_closing:
                raise StorageError(f"expected an open database, found {self.path} closed")
            self._jobs.append((operation, loop, decision))
            self._wake.notify()
        return await decision

    async def read(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run *operation* on a reading connection; it sees every write that was reported done."""
        if self._readers is None:
            return await self.write(operation)
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._readers, self._read, operation
            )
        except (sqlite3.Error, RuntimeError) as error:
            raise _unreadable(error) from error

    async def look_up(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Read a few rows by key: at once, as handing that to another thread would take longer."""
        if self._readers is None:
            return await self.write(operation)
        try:
            return self._read(operation)
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def _read(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            self._reader_connections.append(connection)
        return operation(connection)

    def close(self) -> None:
        """Finish the writes that wait, fold the journal into the file and give the lock up."""
        with self._wake:
            if self._is_closing:
                return
            self._is_closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
        if self._readers is not None:
            self._readers.shutdown(wait=True)
        for connection in self._reader_connections:
            connection.close()
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
        if self._lock is not None:
            self._lock.release()

    def _write_loop(self) -> None:
        connection = self._writer
        if connection is None:
            return
        while True:
            with self._wake:
                while not self._jobs and not self._is_closing:
                    self._wake.wait()
                if not self._jobs:
                    return
                group = [self._jobs.popleft() for _ in range(min(len(self._jobs), _LARGEST_GROUP))]
            _deliver(group, _commit_group(connection, group))


def _commit_group(connection: sqlite3.Connection, group: list[_Job]) -> list[_Settled]:
    """Run the group's operations and commit: at once, or guarded from each other if one refuses."""
    run_one = _run_plainly
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            settled = [run_one(connection, operation, decision) for operation, _, decision in group]
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes to who asked
            _roll_back(connection)
            if run_one is _run_in_savepoint or len(group) == 1:
                # Nothing of the group is on disk, whatever its members were told before.
                return [(decision, None, _as_refusal(error)) for _, _, decision in group]
            run_one = _run_in_savepoint
        else:
            return settled


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _run_plainly(
    connection: sqlite3.Connection, operation: _Operation, decision: Decision[Any]
) -> _Settled:
    return decision, operation(connection), None


def _run_in_savepoint(
    connection: sqlite3.Connection, operation: _Operation, decision: Decision[Any]
) -> _Settled:
    connection.execute("SAVEPOINT one")
    try:
        result = operation(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise _TransactionLost(str(error)) from error
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return decision, None, _as_refusal(error)
    connection.execute("RELEASE one")
    return decision, result, None


class _TransactionLost(Exception):
    """SQLite rolled the whole transaction back by itself (disk full, input or output error)."""


def _unreadable(error: Exception) -> StorageError:
    return StorageError(f"expected to read the database, found: {error}")


def _as_refusal(error: Exception) -> Exception:
    if not isinstance(error, (sqlite3.Error, _TransactionLost)):
        return error
    refusal = StorageError(f"expected to write the database, found: {error}")
    refusal.__cause__ = error
    return refusal


def _deliver(group: list[_Job], settled: list[_Settled]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Settled]] = {}
    for (_, loop, _), one in zip(group, settled, strict=True):
        by_loop.setdefault(loop, []).append(one)
    for loop, results in by_loop.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, results)


def _settle(results: list[_Settled]) -> None:
    for decision, result, error in results:
        if error is None:
            decision.set_result(result)
        else:
            decision.refuse(error)
