"""All stores over one PostgreSQL database."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg

from sluiceway.errors import StorageError
from sluiceway.storage.postgres.bell import Bell
from sluiceway.storage.postgres.clock import ServerClock
from sluiceway.storage.postgres.database import PostgresDatabase, storage_error
from sluiceway.storage.postgres.documents import PostgresDocumentStore
from sluiceway.storage.postgres.executions import PostgresExecutionStore
from sluiceway.storage.postgres.outbox import PostgresOutboxStore
from sluiceway.storage.postgres.schema import Installed, inspect, newest_schema, upgrade
from sluiceway.storage.postgres.sealed import PostgresSealedValues
from sluiceway.storage.postgres.shared import (
    PostgresAuditLog,
    PostgresCodeStore,
    PostgresSharedValues,
    PostgresTokenBuckets,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PostgresStore", "connect_once", "without_password"]

_CONNECT_S: Final = 10
_OLDEST_SERVER: Final = 130_000
_STRANDED: Final = (
    "SELECT count(*) FROM sluiceway.executions e WHERE e.ready_at IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM absurd.r_sluiceway r WHERE r.task_id = e.task_id"
    " AND r.state IN ('pending', 'sleeping', 'running'))"
)
_SIZE: Final = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname IN ('sluiceway', 'absurd') AND c.relkind = 'r'"
)


class PostgresStore:
    """See ``Store``."""

    def __init__(self, database: PostgresDatabase, clock: ServerClock) -> None:
        """Put the stores over *database*."""
        self._database = database
        self._bell = Bell(database)
        self.documents = PostgresDocumentStore(database)
        self.executions = PostgresExecutionStore(database, clock, self._bell)
        self.outbox = PostgresOutboxStore(database, clock)
        self.codes = PostgresCodeStore(database)
        self.buckets = PostgresTokenBuckets(database, clock)
        self.shared = PostgresSharedValues(database)
        self.audit = PostgresAuditLog(database)
        self.sealed = PostgresSealedValues(database)

    @classmethod
    def open(cls, url: str, *, clock: ServerClock | None = None) -> PostgresStore:
        """Open the database at *url*; one that has nothing of ours is set up first.

        Raises:
            StorageError: the server cannot be reached, or the database is not of this version.
        """
        with connect_once(url) as connection:
            installed = inspect(connection)
            try:
                if installed.is_empty:
                    upgrade(connection)
                    installed = inspect(connection)
            except psycopg.Error as error:
                raise storage_error(error) from error
        if not installed.is_current:
            raise StorageError(
                f"expected a database of this version, found {_found(installed)}",
                hint="Stop the workers, then run: sluiceway database upgrade"
                if installed.schema <= newest_schema()
                else "Install the Sluiceway version that wrote it, or a newer one.",
            )
        return cls(PostgresDatabase(url), clock or ServerClock())

    @staticmethod
    def upgrade(url: str) -> list[str]:
        """Install what the database lacks; return what was done, in sentences.

        Raises:
            StorageError: the server refuses, or a newer version wrote the database.
        """
        with connect_once(url) as connection:
            try:
                return upgrade(connection)
            except psycopg.Error as error:
                raise storage_error(error) from error

    @staticmethod
    def look(url: str) -> tuple[Installed, int]:
        """Return what the database has, and its size in bytes.

        Raises:
            StorageError: the server cannot be reached.
        """
        with connect_once(url) as connection:
            row = connection.execute(_SIZE).fetchone()
            return inspect(connection), int(row[0]) if row else 0

    @staticmethod
    def masked(url: str) -> str:
        """Return *url* without its password."""
        return without_password(url)

    @property
    def url(self) -> str:
        """See ``Store``."""
        return without_password(self._database.url)

    async def check(self) -> list[str]:
        """See ``Store``."""
        ((stranded,),) = await self._database.read(_STRANDED)
        if not stranded:
            return []
        return [f"{stranded} executions have not ended, and no run of Absurd's would end them"]

    async def size_bytes(self) -> int:
        """See ``Store``."""
        ((size,),) = await self._database.read(_SIZE)
        return int(size)

    async def backup(self, path: Path) -> None:
        """See ``Store``. It is an archive of ``pg_dump``; ``pg_restore`` reads it."""
        program = shutil.which("pg_dump")
        if program is None:
            raise StorageError(
                "expected pg_dump to write the backup with, found none",
                hint="Install the PostgreSQL client, or run pg_dump where the server is.",
            )
        address, password = self.url, urlsplit(self._database.url).password
        environment = {**os.environ, **({"PGPASSWORD": unquote(password)} if password else {})}
        await asyncio.to_thread(path.touch, mode=0o600, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            program,
            *("--format=custom", "--schema=sluiceway", "--schema=absurd"),
            *(f"--file={path}", f"--dbname={address}"),
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode:
            first = said.decode("utf-8", "replace").strip().partition("\n")[0]
            raise StorageError(f"expected pg_dump to write {path}, found: {first}")

    async def close(self) -> None:
        """See ``Store``."""
        await self._bell.close()
        await self._database.close()


def connect_once(url: str) -> psycopg.Connection:
    """Open a connection to look at the schema with.

    Raises:
        StorageError: the server cannot be reached, or is too old.
    """
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=_CONNECT_S, application_name="sluiceway"
        )
    except psycopg.Error as error:
        raise StorageError(
            f"expected a PostgreSQL server at {without_password(url)}, "
            f"found: {str(error).strip().partition(chr(10))[0] or type(error).__name__}",
            hint="See whether it runs, and whether the URL names its host, port and database.",
        ) from error
    if connection.info.server_version < _OLDEST_SERVER:
        found = connection.info.server_version // 10_000
        connection.close()
        raise StorageError(f"expected PostgreSQL 13 or newer, found {found}")
    return connection


def without_password(url: str) -> str:
    """Return *url* as logs and messages may show it."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{host}"))


def _found(installed: Installed) -> str:
    absurd = installed.absurd or "none"
    return f"schema {installed.schema} with functions {installed.functions}, and Absurd {absurd}"
