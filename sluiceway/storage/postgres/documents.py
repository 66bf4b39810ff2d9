"""Documents in PostgreSQL: see ``DocumentStore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import psycopg

from sluiceway.storage.base import Document, DuplicateKey, Key, StaleVersion
from sluiceway.storage.columns import document_columns, from_ms, json_text, parse_object, to_ms
from sluiceway.storage.postgres.database import KEY_TAKEN, storage_error
from sluiceway.storage.postgres.look_ups import LookUps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.storage.postgres.database import PostgresDatabase, Statement
    from sluiceway.storage.postgres.look_ups import Row

__all__ = ["PostgresDocumentStore"]

_COLUMNS: Final = (
    "d.kind, d.id, version, created_at, updated_at, body, secret, coalesce("
    "(SELECT json_agg(json_build_array(k.name, k.value, k.is_unique) ORDER BY k.position)::text"
    " FROM sluiceway.document_keys k WHERE k.document_seq = d.seq), '[]')"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM sluiceway.documents d"
_LOOK_UP: Final = (
    f"SELECT {_COLUMNS} FROM unnest(%s::text[], %s::text[]) AS asked (kind, id)"
    " JOIN sluiceway.documents d ON d.kind = asked.kind AND d.id = asked.id"
)
_INSERT: Final = (
    "SELECT sluiceway.insert_document(%s, %s, %s::integer, %s::bigint, %s::bigint, %s, %s,"
    " %s::text[], %s::text[], %s::boolean[])"
)
_REPLACE: Final = (
    "SELECT sluiceway.replace_document(%s, %s, %s::integer, %s::bigint, %s, %s,"
    " %s::text[], %s::text[], %s::boolean[])"
)
_decode_keys: Final = msgspec.json.Decoder(list[tuple[str, str, bool]]).decode


class PostgresDocumentStore:
    """Objects by kind and id; their keys in a table beside them."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Keep them in *database*."""
        self._database = database
        self._look_ups = LookUps(database, _LOOK_UP, key_of=lambda row: (row[0], row[1]))

    async def _write(self, *statements: Statement, kind: str, id_: str = "") -> list[Row]:
        try:
            return await self._database.write(*statements, order=f"document {kind} {id_}")
        except psycopg.Error as error:
            if error.sqlstate == KEY_TAKEN:
                raise DuplicateKey(kind, error.diag.message_primary or "") from error
            raise storage_error(error) from error

    async def _read(self, condition: str, values: Sequence[object]) -> list[Document]:
        rows = await self._database.read(f"{_SELECT} {condition}", values)
        return [_document(row) for row in rows]

    async def insert(self, document: Document, *beside: Document) -> None:
        """See ``DocumentStore``."""
        statements = [(_INSERT, _insertion(one)) for one in (document, *beside)]
        await self._write(*statements, kind=document.kind, id_=document.id)

    async def replace(self, document: Document) -> None:
        """See ``DocumentStore``."""
        values = (
            document.kind,
            document.id,
            document.version,
            to_ms(document.updated_at),
            json_text(document.body),
            document.secret,
            *_columns(document.keys),
        )
        ((is_replaced,),) = await self._write(
            (_REPLACE, values), kind=document.kind, id_=document.id
        )
        if not is_replaced:
            raise StaleVersion

    async def delete(self, kind: str, id_: str) -> bool:
        """See ``DocumentStore``."""
        sql = "DELETE FROM sluiceway.documents WHERE kind = %s AND id = %s RETURNING true"
        return bool(await self._write((sql, (kind, id_)), kind=kind, id_=id_))

    async def clear(self, kind: str) -> int:
        """See ``DocumentStore``."""
        sql = (
            "WITH gone AS (DELETE FROM sluiceway.documents WHERE kind = %s RETURNING 1)"
            " SELECT count(*) FROM gone"
        )
        ((number,),) = await self._write((sql, (kind,)), kind=kind)
        return int(number)

    async def get(self, kind: str, id_: str) -> Document | None:
        """See ``DocumentStore``."""
        row = await self._look_ups.get(kind, id_)
        return None if row is None else _document(row)

    async def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        """See ``DocumentStore``."""
        found = await self._read("WHERE kind = %s AND id = ANY (%s::text[])", (kind, list(ids)))
        by_id = {document.id: document for document in found}
        return [by_id[id_] for id_ in ids if id_ in by_id]

    async def find(self, kind: str, name: str, value: str, *, limit: int = 100) -> list[Document]:
        """See ``DocumentStore``."""
        condition = (
            "WHERE seq IN (SELECT document_seq FROM sluiceway.document_keys WHERE kind = %s"
            " AND name = %s AND md5(value) = md5(%s) AND value = %s) ORDER BY seq LIMIT %s"
        )
        return await self._read(condition, (kind, name, value, value, limit))

    async def list(
        self, kind: str, *, offset: int = 0, limit: int = 50, newest_first: bool = False
    ) -> list[Document]:
        """See ``DocumentStore``."""
        order = "DESC" if newest_first else "ASC"
        return await self._read(
            f"WHERE kind = %s ORDER BY seq {order} LIMIT %s OFFSET %s", (kind, limit, offset)
        )

    async def count(self, kind: str) -> int:
        """See ``DocumentStore``."""
        ((number,),) = await self._database.read(
            "SELECT count(*) FROM sluiceway.documents WHERE kind = %s", (kind,)
        )
        return int(number)

    def generation(self, kind: str) -> None:
        """See ``DocumentStore``: other processes write, too."""
        del kind


def _insertion(document: Document) -> tuple[object, ...]:
    """Return the values of ``_INSERT``."""
    return (*document_columns(document), *_columns(document.keys))


def _columns(keys: Sequence[Key]) -> tuple[list[str], list[str], list[bool]]:
    return (
        [key.name for key in keys],
        [key.value for key in keys],
        [key.unique for key in keys],
    )


def _document(row: Row) -> Document:
    kind, id_, version, created_at, updated_at, body, secret, keys = row
    return Document(
        kind=kind,
        id=id_,
        version=version,
        created_at=from_ms(created_at),
        updated_at=from_ms(updated_at),
        body=parse_object(body),
        secret=secret,
        keys=tuple(
            Key(name=name, value=value, unique=unique) for name, value, unique in _decode_keys(keys)
        ),
    )
