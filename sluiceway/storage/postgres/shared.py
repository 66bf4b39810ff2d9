"""What all workers share, in PostgreSQL: codes, rate limits, values that expire, the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from sluiceway.models.one_time_code import OneTimeCode
from sluiceway.storage.base import AuditEntry
from sluiceway.storage.columns import from_ms, json_text, parse_object, to_ms
from sluiceway.storage.postgres.database import storage_error

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.storage.postgres.clock import ServerClock
    from sluiceway.storage.postgres.database import PostgresDatabase

__all__ = [
    "PostgresAuditLog",
    "PostgresCodeStore",
    "PostgresSharedValues",
    "PostgresTokenBuckets",
]


class _Table:
    """One table of *database*."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Keep it in *database*."""
        self._database = database

    # A row is whatever the statement names; the driver types it as Any.
    async def _write(self, sql: str, *values: object, order: str = "") -> list[tuple[Any, ...]]:
        try:
            return await self._database.write((sql, values), order=order)
        except psycopg.Error as error:
            raise storage_error(error) from error

    async def _prune(self, table: str, key: str, moment: str, before: datetime, limit: int) -> int:
        sql = (
            f"WITH gone AS (DELETE FROM sluiceway.{table} WHERE {key} IN (SELECT {key}"
            f" FROM sluiceway.{table} WHERE {moment} < %s LIMIT %s FOR UPDATE SKIP LOCKED)"
            " RETURNING 1) SELECT count(*) FROM gone"
        )
        ((deleted,),) = await self._write(sql, to_ms(before), limit)
        return int(deleted)


class PostgresCodeStore(_Table):
    """One-time codes: see ``CodeStore``."""

    async def put(self, reference: str, code: OneTimeCode) -> None:
        """See ``CodeStore``."""
        await self._write(
            "INSERT INTO sluiceway.one_time_codes VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (reference) DO UPDATE SET salt = excluded.salt,"
            " digest = excluded.digest, expires_at = excluded.expires_at,"
            " attempts = excluded.attempts",
            reference,
            code.salt,
            code.digest,
            to_ms(code.expires_at),
            code.attempts,
            order=f"code {reference}",
        )

    async def get(self, reference: str) -> OneTimeCode | None:
        """See ``CodeStore``."""
        rows = await self._database.read(
            "SELECT salt, digest, expires_at, attempts FROM sluiceway.one_time_codes"
            " WHERE reference = %s",
            (reference,),
        )
        if not rows:
            return None
        salt, digest, expires_at, attempts = rows[0]
        return OneTimeCode(
            salt=salt, digest=digest, expires_at=from_ms(expires_at), attempts=attempts
        )

    async def swap(self, reference: str, old: OneTimeCode, new: OneTimeCode) -> bool:
        """See ``CodeStore``."""
        rows = await self._write(
            "UPDATE sluiceway.one_time_codes SET salt = %s, digest = %s, expires_at = %s,"
            " attempts = %s WHERE reference = %s AND salt = %s AND digest = %s"
            " AND expires_at = %s AND attempts = %s RETURNING true",
            *(new.salt, new.digest, to_ms(new.expires_at), new.attempts, reference),
            *(old.salt, old.digest, to_ms(old.expires_at), old.attempts),
            order=f"code {reference}",
        )
        return bool(rows)

    async def delete(self, reference: str) -> None:
        """See ``CodeStore``."""
        await self._write(
            "DELETE FROM sluiceway.one_time_codes WHERE reference = %s",
            reference,
            order=f"code {reference}",
        )

    async def prune(self, *, expired_before: datetime, limit: int = 200) -> int:
        """See ``CodeStore``."""
        return await self._prune("one_time_codes", "reference", "expires_at", expired_before, limit)


class PostgresTokenBuckets(_Table):
    """Rate limits: see ``TokenBuckets``. They fill by the server's clock, not the callers'."""

    def __init__(self, database: PostgresDatabase, clock: ServerClock) -> None:
        """Keep them in *database*."""
        super().__init__(database)
        self._clock = clock

    async def take(
        self, key: str, *, now: datetime, rate: float | None, burst: float, count: int = 1
    ) -> float:
        """See ``TokenBuckets``."""
        ((wait_s,),) = await self._write(
            "SELECT sluiceway.take_tokens(%s, %s::float8, %s::float8, %s::float8, %s::bigint)",
            key,
            rate,
            burst,
            count,
            self._clock.at(now),
            order=f"bucket {key}",
        )
        return float(wait_s)

    async def learn(
        self,
        key: str,
        *,
        now: datetime,
        rate: float | None = None,
        burst: float | None = None,
        remaining: float | None = None,
        blocked_until: datetime | None = None,
    ) -> None:
        """See ``TokenBuckets``."""
        await self._write(
            "SELECT sluiceway.learn_limit(%s, %s::float8, %s::float8, %s::float8, %s::bigint,"
            " %s::bigint)",
            key,
            rate,
            burst,
            remaining,
            None if blocked_until is None else to_ms(blocked_until) - to_ms(now),
            self._clock.at(now),
            order=f"bucket {key}",
        )


class PostgresSharedValues(_Table):
    """Values that expire: see ``SharedValues``."""

    async def put(self, key: str, value: bytes, *, expires_at: datetime | None = None) -> None:
        """See ``SharedValues``."""
        await self._write(
            "INSERT INTO sluiceway.shared_values VALUES (%s, %s, %s) ON CONFLICT (key)"
            " DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
            key,
            value,
            to_ms(expires_at),
            order=f"value {key}",
        )

    async def get(self, key: str, *, now: datetime) -> bytes | None:
        """See ``SharedValues``."""
        rows = await self._database.read(
            "SELECT value FROM sluiceway.shared_values WHERE key = %s"
            " AND (expires_at IS NULL OR expires_at > %s)",
            (key, to_ms(now)),
        )
        return bytes(rows[0][0]) if rows else None

    async def claim(self, key: str, value: bytes, *, now: datetime, until: datetime) -> bool:
        """See ``SharedValues``."""
        rows = await self._write(
            "INSERT INTO sluiceway.shared_values AS v VALUES (%s, %s, %s) ON CONFLICT (key)"
            " DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
            " WHERE v.expires_at <= %s RETURNING true",
            *(key, value, to_ms(until), to_ms(now)),
            order=f"value {key}",
        )
        return bool(rows)

    async def delete(self, key: str) -> None:
        """See ``SharedValues``."""
        await self._write(
            "DELETE FROM sluiceway.shared_values WHERE key = %s", key, order=f"value {key}"
        )

    async def prune(self, *, expired_before: datetime, limit: int = 200) -> int:
        """See ``SharedValues``."""
        return await self._prune("shared_values", "key", "expires_at", expired_before, limit)


_AUDIT_COLUMNS: Final = "seq, at, actor, action, target, details"


class PostgresAuditLog(_Table):
    """The audit log: see ``AuditLog``."""

    async def append(self, entry: AuditEntry) -> None:
        """See ``AuditLog``."""
        await self._write(
            "INSERT INTO sluiceway.audit_log (at, actor, action, target, details)"
            " VALUES (%s, %s, %s, %s, %s)",
            to_ms(entry.at),
            entry.actor,
            entry.action,
            entry.target,
            json_text(entry.details),
        )

    async def list(
        self, *, limit: int = 50, before_seq: int | None = None, target: str | None = None
    ) -> list[AuditEntry]:
        """See ``AuditLog``."""
        rows = await self._database.read(
            f"SELECT {_AUDIT_COLUMNS} FROM sluiceway.audit_log"
            " WHERE (%s::bigint IS NULL OR seq < %s::bigint)"
            " AND (%s::text IS NULL OR target = %s::text) ORDER BY seq DESC LIMIT %s",
            (before_seq, before_seq, target, target, limit),
        )
        return [
            AuditEntry(
                seq=seq,
                at=from_ms(at),
                actor=actor,
                action=action,
                target=about,
                details=parse_object(details),
            )
            for seq, at, actor, action, about, details in rows
        ]

    async def prune(self, *, before: datetime, limit: int = 200) -> int:
        """See ``AuditLog``."""
        return await self._prune("audit_log", "seq", "at", before, limit)
