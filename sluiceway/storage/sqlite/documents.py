"""Documents in SQLite: see ``DocumentStore``."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from sluiceway.storage.base import Document, DuplicateKey, Key, StaleVersion
from sluiceway.storage.columns import document_columns, from_ms, json_text, parse_object, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sluiceway.storage.sqlite.database import SqliteDatabase

__all__ = ["SqliteDocumentStore"]

T = TypeVar("T")
_COLUMNS: Final = "seq, kind, id, version, created_at, updated_at, body, secret"
_SELECT: Final = f"SELECT {_COLUMNS} FROM documents"
_BODY: Final = 6

_FEW: Final = 100
_MOST_KEPT: Final = 512
_LONGEST_KEPT: Final = 16_384
"""Characters of a body: 8 MiB in all at the most."""

# A row is whatever _COLUMNS names; sqlite3 types it as Any.
_Row: TypeAlias = "tuple[Any, ...]"
_Found: TypeAlias = "tuple[_Row, tuple[Key, ...]]"


class SqliteDocumentStore:
    """Objects by kind and id; their keys in a table beside them."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Keep them in *database*, which no other process writes."""
        self._database = database
        self._generations: defaultdict[str, int] = defaultdict(int)
        self._kept: dict[tuple[str, str], tuple[int, _Found | None]] = {}

    async def insert(self, document: Document, *beside: Document) -> None:
        """See ``DocumentStore``."""

        def operation(connection: sqlite3.Connection) -> None:
            for one in (document, *beside):
                _insert(connection, one)

        await self._change(document.kind, operation)
        for kind in {one.kind for one in beside}:
            self._generations[kind] += 1

    async def replace(self, document: Document) -> None:
        """See ``DocumentStore``."""

        def operation(connection: sqlite3.Connection) -> None:
            found = connection.execute(
                "UPDATE documents SET version = ?, updated_at = ?, body = ?, secret = ?"
                " WHERE kind = ? AND id = ? AND version = ? RETURNING seq",
                (
                    document.version,
                    to_ms(document.updated_at),
                    json_text(document.body),
                    document.secret,
                    document.kind,
                    document.id,
                    document.version - 1,
                ),
            ).fetchall()
            if not found:
                raise StaleVersion
            connection.execute("DELETE FROM document_keys WHERE document_seq = ?", found[0])
            _put_keys(connection, found[0][0], document)

        await self._change(document.kind, operation)

    async def delete(self, kind: str, id_: str) -> bool:
        """See ``DocumentStore``."""
        return await self._change(
            kind,
            lambda c: (
                c.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id_)).rowcount
                > 0
            ),
        )

    async def clear(self, kind: str) -> int:
        """See ``DocumentStore``."""
        return await self._change(
            kind, lambda c: c.execute("DELETE FROM documents WHERE kind = ?", (kind,)).rowcount
        )

    async def get(self, kind: str, id_: str) -> Document | None:
        """See ``DocumentStore``."""
        generation = self._generations[kind]
        kept = self._kept.get((kind, id_))
        if kept is not None and kept[0] == generation:
            return None if kept[1] is None else _document(*kept[1])
        rows = await self._database.look_up(
            lambda c: _rows(c, f"{_SELECT} WHERE kind = ? AND id = ?", (kind, id_))
        )
        found = rows[0] if rows else None
        if found is None or len(found[0][_BODY]) <= _LONGEST_KEPT:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[kind, id_] = (generation, found)
        return None if found is None else _document(*found)

    async def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        """See ``DocumentStore``."""
        wanted = json_text(list(ids))

        def operation(connection: sqlite3.Connection) -> list[Document]:
            return _documents(
                connection,
                f"{_SELECT} WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
                (kind, wanted),
            )

        look = self._database.look_up if len(ids) <= _FEW else self._database.read
        by_id = {document.id: document for document in await look(operation)}
        return [by_id[id_] for id_ in ids if id_ in by_id]

    async def find(self, kind: str, name: str, value: str, *, limit: int = 100) -> list[Document]:
        """See ``DocumentStore``."""
        return await self._database.look_up(
            lambda c: _documents(
                c,
                f"{_SELECT} WHERE seq IN (SELECT document_seq FROM document_keys"
                " WHERE kind = ? AND name = ? AND value = ?) ORDER BY seq LIMIT ?",
                (kind, name, value, limit),
            )
        )

    async def list(
        self, kind: str, *, offset: int = 0, limit: int = 50, newest_first: bool = False
    ) -> list[Document]:
        """See ``DocumentStore``."""
        order = "DESC" if newest_first else "ASC"
        return await self._database.read(
            lambda c: _documents(
                c,
                f"{_SELECT} WHERE kind = ? ORDER BY seq {order} LIMIT ? OFFSET ?",
                (kind, limit, offset),
            )
        )

    async def count(self, kind: str) -> int:
        """See ``DocumentStore``."""
        return await self._database.read(
            lambda c: int(
                c.execute("SELECT count(*) FROM documents WHERE kind = ?", (kind,)).fetchone()[0]
            )
        )

    def forget(self) -> None:
        """Read everything anew: rows were changed by another way than this store's."""
        self._kept.clear()

    def generation(self, kind: str) -> int | None:
        """See ``DocumentStore``."""
        return self._generations[kind]

    async def _change(self, kind: str, operation: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._database.write(operation)
        finally:
            # Also where the caller was cancelled: the write is decided by now.
            self._generations[kind] += 1


def _insert(connection: sqlite3.Connection, document: Document) -> None:
    try:
        cursor = connection.execute(
            "INSERT INTO documents (kind, id, version, created_at, updated_at, body, secret)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            document_columns(document),
        )
    except sqlite3.IntegrityError as error:
        raise DuplicateKey(document.kind, "id") from error
    _put_keys(connection, int(cursor.lastrowid or 0), document)


def _put_keys(connection: sqlite3.Connection, seq: int, document: Document) -> None:
    for position, key in enumerate(document.keys):
        try:
            connection.execute(
                "INSERT INTO document_keys (document_seq, position, kind, name, value, is_unique)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (seq, position, document.kind, key.name, key.value, int(key.unique)),
            )
        except sqlite3.IntegrityError as error:
            raise DuplicateKey(document.kind, key.name) from error


def _documents(
    connection: sqlite3.Connection, sql: str, values: tuple[object, ...]
) -> list[Document]:
    return [_document(*found) for found in _rows(connection, sql, values)]


def _rows(connection: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> list[_Found]:
    rows = connection.execute(sql, values).fetchall()
    if not rows:
        return []
    keys: dict[int, list[Key]] = {row[0]: [] for row in rows}
    for seq, name, value, is_unique in connection.execute(
        "SELECT document_seq, name, value, is_unique FROM document_keys"
        " WHERE document_seq IN (SELECT value FROM json_each(?)) ORDER BY document_seq, position",
        (json_text(list(keys)),),
    ):
        keys[seq].append(Key(name=name, value=value, unique=bool(is_unique)))
    return [(row, tuple(keys[row[0]])) for row in rows]


def _document(row: _Row, keys: tuple[Key, ...]) -> Document:
    _, kind, id_, version, created_at, updated_at, body, secret = row
    return Document(
        kind=kind,
        id=id_,
        version=version,
        created_at=from_ms(created_at),
        updated_at=from_ms(updated_at),
        body=parse_object(body),
        secret=secret,
        keys=keys,
    )
