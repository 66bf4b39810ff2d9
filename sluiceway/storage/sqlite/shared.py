"""What all workers share, in SQLite: one-time codes, rate limits, values that expire, the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.models.one_time_code import OneTimeCode
from sluiceway.storage.base import AuditEntry
from sluiceway.storage.columns import from_ms, json_text, parse_object, to_ms

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from sluiceway.storage.sqlite.database import SqliteDatabase

__all__ = ["SqliteAuditLog", "SqliteCodeStore", "SqliteSharedValues", "SqliteTokenBuckets"]


class SqliteCodeStore:
    """One-time codes: see ``CodeStore``."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Keep them in *database*."""
        self._database = database

    async def put(self, reference: str, code: OneTimeCode) -> None:
        """See ``CodeStore``."""
        values = (reference, code.salt, code.digest, to_ms(code.expires_at), code.attempts)
        await self._database.write(
            lambda c: c.execute("REPLACE INTO one_time_codes VALUES (?, ?, ?, ?, ?)", values)
        )

    async def get(self, reference: str) -> OneTimeCode | None:
        """See ``CodeStore``."""

        def operation(connection: sqlite3.Connection) -> OneTimeCode | None:
            row = connection.execute(
                "SELECT salt, digest, expires_at, attempts FROM one_time_codes WHERE reference = ?",
                (reference,),
            ).fetchone()
            if row is None:
                return None
            return OneTimeCode(
                salt=row[0], digest=row[1], expires_at=from_ms(row[2]), attempts=row[3]
            )

        return await self._database.look_up(operation)

    async def swap(self, reference: str, old: OneTimeCode, new: OneTimeCode) -> bool:
        """See ``CodeStore``."""
        put = (new.salt, new.digest, to_ms(new.expires_at), new.attempts)
        found = (reference, old.salt, old.digest, to_ms(old.expires_at), old.attempts)
        changed = await self._database.write(
            lambda c: (
                c.execute(
                    "UPDATE one_time_codes SET salt = ?, digest = ?, expires_at = ?, attempts = ?"
                    " WHERE reference = ? AND salt = ? AND digest = ? AND expires_at = ?"
                    " AND attempts = ?",
                    (*put, *found),
                ).rowcount
            )
        )
        return bool(changed)

    async def delete(self, reference: str) -> None:
        """See ``CodeStore``."""
        await self._database.write(
            lambda c: c.execute("DELETE FROM one_time_codes WHERE reference = ?", (reference,))
        )

    async def prune(self, *, expired_before: datetime, limit: int = 200) -> int:
        """See ``CodeStore``."""
        return await self._database.write(
            lambda c: (
                c.execute(
                    "DELETE FROM one_time_codes WHERE reference IN"
                    " (SELECT reference FROM one_time_codes WHERE expires_at < ? LIMIT ?)",
                    (to_ms(expired_before), limit),
                ).rowcount
            )
        )


class SqliteTokenBuckets:
    """Rate limits: see ``TokenBuckets``."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Keep them in *database*."""
        self._database = database

    async def take(
        self, key: str, *, now: datetime, rate: float | None, burst: float, count: int = 1
    ) -> float:
        """See ``TokenBuckets``."""
        now_ms = to_ms(now)

        def operation(connection: sqlite3.Connection) -> float:
            learned_rate, learned_burst, level, levelled_at, blocked_until = _bucket(
                connection, key, burst, now_ms
            )
            wait_s = max(0, blocked_until - now_ms) / 1000
            effective = rate if learned_rate is None else learned_rate
            if effective is None:
                return wait_s
            level = _level_at(
                now_ms, level, levelled_at, effective, learned_burst or burst
            ) - float(count)
            # Reserved from the moment the block ends: those who wait come out one after another.
            _put(connection, key, (learned_rate, learned_burst, level, now_ms, blocked_until))
            return wait_s + max(0.0, -level / effective)

        return await self._database.write(operation)

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
        now_ms = to_ms(now)

        def operation(connection: sqlite3.Connection) -> None:
            known_rate, known_burst, level, levelled_at, blocked = _bucket(
                connection, key, burst or 1.0, now_ms
            )
            new_rate, new_burst = rate or known_rate, burst or known_burst
            if new_rate is not None:
                level = _level_at(now_ms, level, levelled_at, new_rate, new_burst or level)
                levelled_at = now_ms
            if remaining is not None:
                level, levelled_at = min(level, remaining), now_ms
            if blocked_until is not None:
                blocked = max(blocked, to_ms(blocked_until))
            _put(connection, key, (new_rate, new_burst, level, levelled_at, blocked))

        await self._database.write(operation)


_Bucket = tuple[float | None, float | None, float, int, int]


def _bucket(connection: sqlite3.Connection, key: str, burst: float, now_ms: int) -> _Bucket:
    row: _Bucket | None = connection.execute(
        "SELECT rate, burst, level, levelled_at, blocked_until FROM token_buckets WHERE key = ?",
        (key,),
    ).fetchone()
    return (None, None, burst, now_ms, 0) if row is None else row


def _level_at(now_ms: int, level: float, levelled_at: int, rate: float, burst: float) -> float:
    # A clock that stepped back must neither drain the bucket nor freeze it.
    elapsed_s = max(0, now_ms - levelled_at) / 1000
    return min(burst, level + elapsed_s * rate)


def _put(connection: sqlite3.Connection, key: str, bucket: _Bucket) -> None:
    connection.execute(
        "REPLACE INTO token_buckets (key, rate, burst, level, levelled_at, blocked_until)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (key, *bucket),
    )


class SqliteSharedValues:
    """Values that expire: see ``SharedValues``."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Keep them in *database*."""
        self._database = database

    async def put(self, key: str, value: bytes, *, expires_at: datetime | None = None) -> None:
        """See ``SharedValues``."""
        values = (key, value, None if expires_at is None else to_ms(expires_at))
        await self._database.write(
            lambda c: c.execute("REPLACE INTO shared_values VALUES (?, ?, ?)", values)
        )

    async def get(self, key: str, *, now: datetime) -> bytes | None:
        """See ``SharedValues``."""

        def operation(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT value FROM shared_values WHERE key = ?"
                " AND (expires_at IS NULL OR expires_at > ?)",
                (key, to_ms(now)),
            ).fetchone()
            return None if row is None else bytes(row[0])

        return await self._database.look_up(operation)

    async def claim(self, key: str, value: bytes, *, now: datetime, until: datetime) -> bool:
        """See ``SharedValues``."""
        return await self._database.write(
            lambda c: (
                c.execute(
                    "INSERT INTO shared_values VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
                    " SET value = excluded.value, expires_at = excluded.expires_at"
                    " WHERE expires_at <= ?",
                    (key, value, to_ms(until), to_ms(now)),
                ).rowcount
                > 0
            )
        )

    async def delete(self, key: str) -> None:
        """See ``SharedValues``."""
        await self._database.write(
            lambda c: c.execute("DELETE FROM shared_values WHERE key = ?", (key,))
        )

    async def prune(self, *, expired_before: datetime, limit: int = 200) -> int:
        """See ``SharedValues``."""
        return await self._database.write(
            lambda c: (
                c.execute(
                    "DELETE FROM shared_values WHERE key IN"
                    " (SELECT key FROM shared_values WHERE expires_at < ? LIMIT ?)",
                    (to_ms(expired_before), limit),
                ).rowcount
            )
        )


_AUDIT_COLUMNS: Final = "seq, at, actor, action, target, details"


class SqliteAuditLog:
    """The audit log: see ``AuditLog``."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Keep it in *database*."""
        self._database = database

    async def append(self, entry: AuditEntry) -> None:
        """See ``AuditLog``."""
        values = (
            to_ms(entry.at),
            entry.actor,
            entry.action,
            entry.target,
            json_text(entry.details),
        )
        await self._database.write(
            lambda c: c.execute(
                "INSERT INTO audit_log (at, actor, action, target, details) VALUES (?, ?, ?, ?, ?)",
                values,
            )
        )

    async def list(
        self, *, limit: int = 50, before_seq: int | None = None, target: str | None = None
    ) -> list[AuditEntry]:
        """See ``AuditLog``."""
        values = (before_seq, before_seq, target, target, limit)
        return await self._database.read(
            lambda c: [
                AuditEntry(
                    seq=seq,
                    at=from_ms(at),
                    actor=actor,
                    action=action,
                    target=about,
                    details=parse_object(details),
                )
                for seq, at, actor, action, about, details in c.execute(
                    f"SELECT {_AUDIT_COLUMNS} FROM audit_log WHERE (? IS NULL OR seq < ?)"
                    " AND (? IS NULL OR target = ?) ORDER BY seq DESC LIMIT ?",
                    values,
                )
            ]
        )

    async def prune(self, *, before: datetime, limit: int = 200) -> int:
        """See ``AuditLog``."""
        return await self._database.write(
            lambda c: (
                c.execute(
                    "DELETE FROM audit_log WHERE seq IN"
                    " (SELECT seq FROM audit_log WHERE at < ? LIMIT ?)",
                    (to_ms(before), limit),
                ).rowcount
            )
        )
