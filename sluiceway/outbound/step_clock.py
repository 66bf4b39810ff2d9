"""The time that a step is given. It stands while the step waits for its turn at a tenant.

A batch keeps many steps waiting, each of which is quick once it may call: how long the queue is
must not decide which of them fail.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

__all__ = ["standing", "step_clock"]


class _Clock:
    """A time-out that can stand; of several waits at once, until the last is over."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._waits = 0
        self._left_s = 0.0

    def stand(self) -> None:
        self._waits += 1
        if self._waits == 1 and not self._timeout.expired():
            until = self._timeout.when()
            now = asyncio.get_running_loop().time()
            self._left_s = 0.0 if until is None else until - now
            self._timeout.reschedule(None)

    def go_on(self) -> None:
        self._waits -= 1
        if not self._waits and not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left_s)


_CURRENT: Final[ContextVar[_Clock | None]] = ContextVar("_CURRENT", default=None)


@asynccontextmanager
async def step_clock(limit_s: float) -> AsyncGenerator[asyncio.Timeout]:
    """End what runs inside with ``TimeoutError`` after *limit_s*, what it stands apart."""
    async with asyncio.timeout(limit_s) as timeout:
        token = _CURRENT.set(_Clock(timeout))
        try:
            yield timeout
        finally:
            _CURRENT.reset(token)


@contextmanager
def standing() -> Generator[None]:
    """Let the time of the step that runs stand, if one does."""
    clock = _CURRENT.get()
    if clock is None:
        yield
        return
    clock.stand()
    try:
        yield
    finally:
        clock.go_on()
