"""Documents by kind and id: those that are asked for at the same time come in one statement.

A running execution looks up its flow, its connections, a provider: small things, often the same
as its neighbours do, which cost a round trip each. What is asked for while a statement is on its
way waits for the next, so that nobody sees anything older than the moment of asking.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from sluiceway.storage.postgres.database import PostgresDatabase

__all__ = ["COLUMNS", "LookUps", "Row"]

# A row is whatever COLUMNS names; the driver types it as Any.
Row: TypeAlias = "tuple[Any, ...]"

COLUMNS: Final = (
    "d.kind, d.id, version, created_at, updated_at, body, secret, coalesce("
    "(SELECT json_agg(json_build_array(k.name, k.value, k.is_unique) ORDER BY k.position)::text"
    " FROM sluiceway.document_keys k WHERE k.document_seq = d.seq), '[]')"
)
_SELECT: Final = (
    f"SELECT {COLUMNS} FROM unnest(%s::text[], %s::text[]) AS asked (kind, id)"
    " JOIN sluiceway.documents d ON d.kind = asked.kind AND d.id = asked.id"
)
_STOPPING: Final = "expected the database to answer, the process is stopping"


class LookUps:
    """Answers by groups."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Ask *database*."""
        self._database = database
        self._waiting: dict[tuple[str, str], list[asyncio.Future[Row | None]]] = {}
        self._serving: asyncio.Task[None] | None = None

    async def get(self, kind: str, id_: str) -> Row | None:
        """Return the row as it is now, or later.

        Raises:
            StorageError: the database cannot be reached.
        """
        found: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((kind, id_), []).append(found)
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        return await found

    async def _serve(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, {}
                await self._answer(asked)
        finally:
            self._serving = None

    async def _answer(self, asked: dict[tuple[str, str], list[asyncio.Future[Row | None]]]) -> None:
        try:
            kinds, ids = zip(*asked, strict=True)
            rows = await self._database.read(_SELECT, (list(kinds), list(ids)))
        except BaseException as error:
            refusal = error if isinstance(error, StorageError) else StorageError(_STOPPING)
            for found in (one for waiting in asked.values() for one in waiting if not one.done()):
                found.set_exception(refusal)
            if error is not refusal:
                raise
        else:
            by_key = {(row[0], row[1]): row for row in rows}
            for key, waiting in asked.items():
                for found in waiting:
                    if not found.done():  # who asked may have been cancelled
                        found.set_result(by_key.get(key))
