"""Connections to PostgreSQL: lanes that commit writes in groups, and readers beside them.

A write is one or more statements. Each lane takes what waits, runs it as one transaction over a
pipeline, and tells the callers once that is committed: one flush to disk, and one round trip, for
many writes. Where a member of a group fails, each is run again in a transaction of its own, so that
only the one that is to blame hears of it.
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncCursor, errors

from sluiceway.errors import StorageError
from sluiceway.storage.decision import Decision

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

__all__ = ["CLAIM_LOST", "KEY_TAKEN", "PostgresDatabase", "Statement", "storage_error"]

Statement: TypeAlias = "tuple[str, Sequence[object]]"
"""SQL with ``%s`` marks, and their values."""

# The driver warns of a pipeline that ends by an error, which is then raised or tried again.
logging.getLogger("psycopg").setLevel(logging.ERROR)

# A row is whatever the SQL names; the driver types it as Any.
Rows: TypeAlias = "list[tuple[Any, ...]]"

CLAIM_LOST: Final = "SW001"
KEY_TAKEN: Final = "SW002"
_LANES: Final = 2
_READERS: Final = 4
_LARGEST_GROUP: Final = 32
_TRIES: Final = 5
_CONNECT_S: Final = 10
_STOPPING: Final = "expected the write to end, the process is stopping"


class _Job(msgspec.Struct, eq=False):
    statements: Sequence[Statement]
    order: str
    decision: Decision[Rows]


class PostgresDatabase:
    """One database, by *url*. Connections are opened when they are first needed."""

    def __init__(self, url: str) -> None:
        """Remember the address; nothing is opened yet."""
        self.url = url
        self._jobs: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self._lanes: list[asyncio.Task[None]] = []
        self._idle: list[AsyncConnection] = []
        self._readers = asyncio.Semaphore(_READERS)
        self._is_closed = False

    async def write(self, *statements: Statement, order: str = "") -> Rows:
        """Run *statements* in the next group; return all their rows once that is on disk.

        *order* is the same for writes about the same thing; groups are sorted by it, so that two
        of them lock things in the same order. A caller that is cancelled gets its
        ``CancelledError`` once the write is decided.

        Raises:
            StorageError: the server refused or cannot be reached.
            psycopg.Error: with a state of ours, ``CLAIM_LOST`` or ``KEY_TAKEN``, or of Absurd's.
        """
        if self._is_closed:
            raise StorageError("expected an open database, found it closed")
        if not self._lanes:
            self._lanes = [asyncio.create_task(self._serve()) for _ in range(_LANES)]
        decision: Decision[Rows] = Decision()
        self._jobs.append(_Job(statements, order, decision))
        self._wake.set()
        return await decision

    async def read(self, sql: str, values: Sequence[object] = ()) -> Rows:
        """Run one statement that changes nothing; it sees every write that was reported done."""
        try:
            async with self.connection() as connection:
                return await _run(connection, sql, values)
        except psycopg.Error as error:
            raise storage_error(error) from error

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection]:
        """Lend a connection in autocommit, apart from the lanes.

        Raises:
            StorageError: the server cannot be reached.
        """
        async with self._readers:
            connection = self._idle.pop() if self._idle else None
            if connection is None or is_stale(connection):
                if connection is not None:
                    await connection.close()
                connection = await self.connect()
            try:
                yield connection
            finally:
                if connection.closed or self._is_closed:
                    await connection.close()
                else:
                    self._idle.append(connection)

    async def connect(self) -> AsyncConnection:
        """Open a connection of the caller's own.

        Raises:
            StorageError: the server cannot be reached.
        """
        try:
            return await AsyncConnection.connect(
                self.url,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                application_name="sluiceway",
                prepare_threshold=0,
            )
        except psycopg.Error as error:
            raise storage_error(error) from error

    async def close(self) -> None:
        """Finish the writes that wait and hang up."""
        self._is_closed = True
        self._wake.set()
        if self._lanes:
            await asyncio.wait(self._lanes)
        for connection in self._idle:
            await connection.close()
        self._idle.clear()

    async def _serve(self) -> None:
        connection: AsyncConnection | None = None
        try:
            while True:
                while not self._jobs:
                    if self._is_closed:
                        return
                    self._wake.clear()
                    await self._wake.wait()
                group = [self._jobs.popleft() for _ in range(min(len(self._jobs), _LARGEST_GROUP))]
                connection = await self._commit(connection, group)
        except asyncio.CancelledError:
            # Only a process that is stopping cancels a lane; nobody may wait for it for ever.
            while self._jobs:
                _refuse(self._jobs.popleft(), StorageError(_STOPPING))
            raise
        finally:
            if connection is not None:
                await connection.close()

    async def _commit(
        self, connection: AsyncConnection | None, group: list[_Job]
    ) -> AsyncConnection | None:
        """Run *group* and settle its decisions; return the connection, if it can be used again."""
        try:
            if connection is None or is_stale(connection):
                if connection is not None:
                    await connection.close()
                connection = await self.connect()
            if len(group) > 1 and await _run_together(connection, group):
                return connection
            for job in group:
                await _run_alone(connection, job)
        except (StorageError, psycopg.Error) as error:
            refusal = error if isinstance(error, StorageError) else storage_error(error)
            for job in group:
                _refuse(job, refusal)
        except BaseException:
            await _abandon(connection, group)
            raise
        if connection is not None and connection.closed:
            return None
        return connection


def is_stale(connection: AsyncConnection) -> bool:
    """Tell whether the server hung up while nobody looked, without asking it."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    # Nothing was asked, so whatever there is to read is a good-bye, or not worth the risk.
    return bool(poll.poll(0))


def storage_error(error: psycopg.Error) -> StorageError:
    """Return *error* as the port has it: one line, without values."""
    first = str(error).strip().partition("\n")[0]
    return StorageError(f"expected the database to answer, found: {first or type(error).__name__}")


async def _run(connection: AsyncConnection, sql: str, values: Sequence[object]) -> Rows:
    cursor = connection.cursor(binary=True)
    await _execute(cursor, sql, values)
    return await cursor.fetchall() if _has_rows(cursor) else []


def _has_rows(cursor: AsyncCursor) -> bool:
    """Tell whether there is a result; to describe it would cost as much as to read it."""
    return cursor.rownumber is not None


async def _execute(cursor: AsyncCursor, sql: str, values: Sequence[object]) -> None:
    kept = [_keepable(value) for value in values]
    await cursor.execute(sql.encode(), kept or None, prepare=True)


def _keepable(value: object) -> object:
    """Return *value* as PostgreSQL can keep it: without the one character that no text may have."""
    if isinstance(value, str):
        return value.replace("\0", "\N{SYMBOL FOR NULL}") if "\0" in value else value
    if isinstance(value, list):
        return [_keepable(item) for item in cast("list[object]", value)]
    return value


async def _run_together(connection: AsyncConnection, group: list[_Job]) -> bool:
    """Run *group* as one transaction; tell whether it stands."""
    group.sort(key=lambda job: job.order)
    try:
        results = await _transact(connection, group)
    except psycopg.Error:
        if connection.closed:
            raise
        return False
    for job, rows in zip(group, results, strict=True):
        _fulfil(job, rows)
    return True


async def _transact(connection: AsyncConnection, group: list[_Job]) -> list[Rows]:
    """Run *group* in one transaction, without waiting for one answer before the next question."""
    cursors: list[list[AsyncCursor]] = []
    async with connection.pipeline(), connection.transaction():
        for job in group:
            mine: list[AsyncCursor] = []
            for sql, values in job.statements:
                cursor = connection.cursor(binary=True)
                await _execute(cursor, sql, values)
                mine.append(cursor)
            cursors.append(mine)
    return [
        [row for cursor in mine if _has_rows(cursor) for row in await cursor.fetchall()]
        for mine in cursors
    ]


async def _run_alone(connection: AsyncConnection, job: _Job) -> None:
    for is_last in (*(False,) * (_TRIES - 1), True):
        try:
            if len(job.statements) == 1:
                rows = await _run(connection, *job.statements[0])
            else:
                (rows,) = await _transact(connection, [job])
        except (errors.SerializationFailure, errors.DeadlockDetected) as error:
            if is_last:
                _refuse(job, storage_error(error))
        except psycopg.Error as error:
            if connection.closed:
                raise
            _refuse(job, error if _is_verdict(error) else storage_error(error))
            return
        else:
            _fulfil(job, rows)
            return


def _is_verdict(error: psycopg.Error) -> bool:
    """Tell whether the error is an answer: ours, Absurd's, or a function's own refusal."""
    state = error.sqlstate or ""
    return state[:2] in {"SW", "AB"} or isinstance(error, errors.RaiseException)


async def _abandon(connection: AsyncConnection | None, group: list[_Job]) -> None:
    for job in group:
        _refuse(job, StorageError(_STOPPING))
    if connection is not None:
        await connection.close()


def _fulfil(job: _Job, rows: Rows) -> None:
    job.decision.set_result(rows)


def _refuse(job: _Job, error: Exception) -> None:
    if not job.decision.done():  # others of its group may have been decided before
        job.decision.refuse(error)
