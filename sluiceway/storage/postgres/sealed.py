"""Every ciphertext in PostgreSQL: see ``SealedValues``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import psycopg

from sluiceway.storage.base import SealedValue
from sluiceway.storage.postgres.database import storage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.storage.postgres.database import PostgresDatabase, Statement

__all__ = ["PostgresSealedValues"]


class _Place(msgspec.Struct, frozen=True):
    """A column of ciphertexts and what its rows are told apart by; see ``SqliteSealedValues``."""

    table: str
    column: str
    key: tuple[str, ...]
    also: str = ""
    condition: str = "true"


_PLACES: Final = {
    "document": _Place("documents", "secret", ("kind", "id"), also=", version = version + 1"),
    "flow_snapshot": _Place("flow_snapshots", "sealed", ("digest",)),
    "execution": _Place("executions", "payload", ("id",)),
    "execution_resume": _Place("executions", "resume", ("id",)),
    "execution_log": _Place("execution_log", "sealed", ("execution_id", "position")),
    "outbox": _Place("outbox", "sealed", ("id",)),
    # Only tokens are sealed there; sessions and the like are no secrets but their own digests.
    "shared_value": _Place(
        "shared_values", "value", ("key",), condition="starts_with(key, 'token/')"
    ),
}
_NUMBERS: Final = frozenset({"position"})


class PostgresSealedValues:
    """See ``SealedValues``."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Look into *database*."""
        self._database = database

    @property
    def places(self) -> tuple[str, ...]:
        """See ``SealedValues``."""
        return tuple(_PLACES)

    async def list(
        self, place: str, *, after: SealedValue | None = None, limit: int = 200, header: bytes = b""
    ) -> list[SealedValue]:
        """See ``SealedValues``."""
        where = _PLACES[place]
        columns = ", ".join(where.key)
        sql = (
            f"SELECT {columns}, {where.column} FROM sluiceway.{where.table}"
            f" WHERE {where.column} IS NOT NULL AND {where.condition}"
            f" AND substr({where.column}, 1, %s) <> %s"
        )
        values: list[object] = [len(header), header or b"\0"]
        if after is not None:
            sql += f" AND ({columns}) > ({', '.join(['%s'] * len(where.key))})"
            values += _key_values(where, after)
        rows = await self._database.read(f"{sql} ORDER BY {columns} LIMIT %s", [*values, limit])
        return [
            SealedValue(place=place, key=tuple(map(str, row[:-1])), value=row[-1]) for row in rows
        ]

    async def replace(self, changes: Sequence[tuple[SealedValue, bytes]]) -> int:
        """See ``SealedValues``."""
        statements: list[Statement] = []
        for old, new in sorted(changes, key=lambda change: change[0].key):
            where = _PLACES[old.place]
            matches = " AND ".join(f"{column} = %s" for column in where.key)
            sql = (
                f"UPDATE sluiceway.{where.table} SET {where.column} = %s{where.also}"
                f" WHERE {matches} AND {where.column} = %s RETURNING true"
            )
            statements.append((sql, (new, *_key_values(where, old), old.value)))
        if not statements:
            return 0
        try:
            return len(await self._database.write(*statements))
        except psycopg.Error as error:
            raise storage_error(error) from error


def _key_values(where: _Place, value: SealedValue) -> list[object]:
    return [
        int(text) if column in _NUMBERS else text
        for column, text in zip(where.key, value.key, strict=True)
    ]
