"""Every ciphertext in SQLite: see ``SealedValues``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.storage.base import SealedValue

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from sluiceway.storage.sqlite.database import SqliteDatabase

__all__ = ["SqliteSealedValues"]


class _Place(msgspec.Struct, frozen=True):
    """A column of ciphertexts and what its rows are told apart by.

    *also* is set with a new ciphertext, so that whoever read the row before does not put the old
    one back; *condition* picks the rows that hold a ciphertext. *rows* is what to read where the
    table itself lacks the key, and *matches* finds a row of the table by it.
    """

    table: str
    column: str
    key: tuple[str, ...]
    also: str = ""
    condition: str = "1"
    rows: str = ""
    matches: str = ""


_PLACES: Final = {
    "document": _Place("documents", "secret", ("kind", "id"), also=", version = version + 1"),
    "flow_snapshot": _Place("flow_snapshots", "sealed", ("digest",)),
    "execution": _Place("executions", "payload", ("id",)),
    "execution_resume": _Place("executions", "resume", ("id",)),
    "execution_log": _Place(
        "execution_log",
        "sealed",
        ("id", "position"),
        rows="executions JOIN execution_log ON execution_seq = seq",
        matches="execution_seq = (SELECT seq FROM executions WHERE id = ?) AND position = ?",
    ),
    "outbox": _Place("outbox", "sealed", ("id",)),
    # Only tokens are sealed there; sessions and the like are no secrets but their own digests.
    "shared_value": _Place("shared_values", "value", ("key",), condition="key GLOB 'token/*'"),
}
_NUMBERS: Final = frozenset({"position"})


class SqliteSealedValues:
    """See ``SealedValues``."""

    def __init__(self, database: SqliteDatabase, *, replaced: Callable[[], None]) -> None:
        """Look into *database*; *replaced* is called when rows were changed."""
        self._database = database
        self._replaced = replaced

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
            f"SELECT {columns}, {where.column} FROM {where.rows or where.table}"
            f" WHERE {where.column} IS NOT NULL AND {where.condition}"
            f" AND substr({where.column}, 1, ?) <> ?"
        )
        values: list[object] = [len(header), header or b"\0"]
        if after is not None:
            sql += f" AND ({columns}) > ({', '.join('?' * len(where.key))})"
            values += _key_values(where, after)
        sql += f" ORDER BY {columns} LIMIT ?"
        return await self._database.read(
            lambda c: [
                SealedValue(place=place, key=tuple(map(str, row[:-1])), value=bytes(row[-1]))
                for row in c.execute(sql, (*values, limit))
            ]
        )

    async def replace(self, changes: Sequence[tuple[SealedValue, bytes]]) -> int:
        """See ``SealedValues``."""

        def operation(connection: sqlite3.Connection) -> int:
            count = 0
            for old, new in changes:
                where = _PLACES[old.place]
                matches = where.matches or " AND ".join(f"{column} = ?" for column in where.key)
                count += connection.execute(
                    f"UPDATE {where.table} SET {where.column} = ?{where.also}"
                    f" WHERE {matches} AND {where.column} = ?",
                    (new, *_key_values(where, old), old.value),
                ).rowcount
            return count

        try:
            return await self._database.write(operation)
        finally:
            self._replaced()


def _key_values(where: _Place, value: SealedValue) -> list[object]:
    return [
        int(text) if column in _NUMBERS else text
        for column, text in zip(where.key, value.key, strict=True)
    ]
