"""Rows by their key: those that are asked for at the same time come in one statement.

A running execution looks up its flow, its connections, a provider: small things, often the same
as its neighbours do, which cost a round trip each. What is asked for while a statement is on its
way waits for the next, so that nobody sees anything older than the moment of asking.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.storage.postgres.database import PostgresDatabase

__all__ = ["LookUps", "Row"]

# A row is whatever the statement names; the driver types it as Any.
Row: TypeAlias = "tuple[Any, ...]"
_Key: TypeAlias = "tuple[str, ...]"
_Waiting: TypeAlias = "dict[_Key, list[asyncio.Future[Row | None]]]"

_STOPPING: Final = "expected the database to answer, the process is stopping"


class LookUps:
    """Answers by groups.

    *statement* takes a list for each part of the key, one item for each row that is wanted;
    *key_of* returns the key of a row that it found.
    """

    def __init__(
        self, database: PostgresDatabase, statement: str, key_of: Callable[[Row], _Key]
    ) -> None:
        """Ask *database*."""
        self._database = database
        self._statement = statement
        self._key_of = key_of
        self._waiting: _Waiting = {}
        self._serving: asyncio.Task[None] | None = None

    async def get(self, *key: str) -> Row | None:
        """Return the row as it is now, or later; ``None`` where there is none.

        Raises:
            StorageError: the database cannot be reached.
        """
        found: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(found)
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

    async def _answer(self, asked: _Waiting) -> None:
        try:
            parts = [list(part) for part in zip(*asked, strict=True)]
            rows = await self._database.read(self._statement, parts)
        except BaseException as error:
            refusal = error if isinstance(error, StorageError) else StorageError(_STOPPING)
            for found in (one for waiting in asked.values() for one in waiting if not one.done()):
                found.set_exception(refusal)
            if error is not refusal:
                raise
        else:
            by_key = {self._key_of(row): row for row in rows}
            for key, waiting in asked.items():
                for found in waiting:
                    if not found.done():  # who asked may have been cancelled
                        found.set_result(by_key.get(key))
