"""Waiting for a write that goes on, whoever waits for it."""

from __future__ import annotations

import asyncio
from typing import TypeVar

__all__ = ["decided"]

T = TypeVar("T")


async def decided(write: asyncio.Future[T]) -> T:
    """Return what *write* came to.

    A caller that is cancelled meanwhile gets its ``CancelledError`` only once the write is decided,
    so that what it does next comes after.
    """
    try:
        return await asyncio.shield(write)
    except asyncio.CancelledError:
        await asyncio.wait([write])
        if not write.cancelled():
            write.exception()
        raise
