"""What became of messages, noted for many of them in one statement.

While one note is on its way to the disk, what ends meanwhile gathers; the next takes all of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import psycopg

from sluiceway.errors import StorageError
from sluiceway.storage.decision import Decision
from sluiceway.storage.postgres.database import storage_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.storage.postgres.database import PostgresDatabase

__all__ = ["Settlement", "Settlements"]

_SETTLE: Final = (
    "SELECT * FROM sluiceway.settle_messages(%s::text[], %s::integer[], %s::text[], %s::bigint[],"
    " %s::bigint[], %s::integer[], %s::text[], %s::text[], %s::bigint)"
)
_LARGEST: Final = 100


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a row becomes, if the claim still holds; *clock* is the functions' ``p_clock``."""

    id: str
    claim_number: int
    status: str
    at: int
    ready_at: int | None
    attempts: int
    history: str
    receipt: str | None
    clock: int | None


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    settlement: Settlement
    decision: Decision[bool]


class Settlements:
    """Gathers settlements and writes them."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Write to *database*."""
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def settle(self, settlement: Settlement) -> bool:
        """Note it; tell, once that is on disk, whether the claim still held.

        Raises:
            StorageError: the server refused or cannot be reached.
        """
        decision: Decision[bool] = Decision()
        self._waiting.append(_Waiting(settlement, decision))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await decision

    async def _write(self) -> None:
        group: list[_Waiting] = []
        try:
            while self._waiting:
                # In the order of ids, as everybody who locks several rows does.
                group = sorted(self._waiting[:_LARGEST], key=lambda one: one.settlement.id)
                del self._waiting[:_LARGEST]
                await self._write_group(group)
        finally:
            # Only a process that is stopping leaves anybody without an answer.
            for one in (*group, *self._waiting):
                _refuse(one, StorageError("expected the write to end, the process is stopping"))
            self._waiting.clear()

    async def _write_group(self, group: Sequence[_Waiting]) -> None:
        try:
            lost = await self._run([one.settlement for one in group])
        except StorageError as error:
            if len(group) == 1:
                _refuse(group[0], error)
            else:
                # One of them may be to blame, and only that one should hear of it.
                await asyncio.gather(*(self._write_group([one]) for one in group))
            return
        for place, one in enumerate(group, 1):
            one.decision.set_result(place not in lost)

    async def _run(self, group: Sequence[Settlement]) -> set[int]:
        """Write *group*; return the places, from 1, of those whose claim was lost."""
        values = (
            [one.id for one in group],
            [one.claim_number for one in group],
            [one.status for one in group],
            [one.at for one in group],
            [one.ready_at for one in group],
            [one.attempts for one in group],
            [one.history for one in group],
            [one.receipt for one in group],
            group[-1].clock,
        )
        try:
            rows = await self._database.write((_SETTLE, values), order=group[0].id)
        except psycopg.Error as error:
            raise storage_error(error) from error
        return {row[0] for row in rows}


def _refuse(one: _Waiting, error: StorageError) -> None:
    if not one.decision.done():
        one.decision.refuse(error)
