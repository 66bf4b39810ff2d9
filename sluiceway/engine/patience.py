"""Write to the store in spite of passing trouble, and never half."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sluiceway.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

__all__ = ["Abandoned", "write_patiently"]

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


class Abandoned(Exception):
    """The database refused for too long; the execution is taken over once it answers again."""


async def write_patiently(write: Callable[[], Awaitable[None]], *, patience: timedelta) -> None:
    """Call *write* until the database takes it.

    The stores see to it that a caller that is cancelled meanwhile gets its ``CancelledError`` only
    once the write in flight is decided, so that what it does next comes after.

    Raises:
        LeaseLost: the claim is another's by now.
        Abandoned: the database refused for *patience*.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + patience.total_seconds()
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            await write()
        except StorageError as error:
            if loop.time() + pause_s > give_up_at:
                raise Abandoned(error.message) from error
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        else:
            return
