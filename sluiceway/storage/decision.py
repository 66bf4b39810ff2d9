"""What a write comes to."""

from __future__ import annotations

import asyncio
from typing import TypeVar

__all__ = ["Decision"]

T = TypeVar("T")


class Decision(asyncio.Future[T]):
    """A future that goes on, whoever waits for it.

    A task that is cancelled meanwhile gets its ``CancelledError`` only once the write is decided,
    so that what it does next comes after. ``asyncio.shield`` promises less and costs two futures.
    """

    def cancel(self, msg: object = None) -> bool:
        """Refuse: the task that waits is told that it was cancelled when this is decided."""
        del msg
        return False

    def refuse(self, error: Exception) -> None:
        """Decide for *error*, also where nobody is left to take it."""
        self.set_exception(error)
        self.exception()
