"""Everything that works in a process besides answering: executions, messages, deleting."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from sluiceway.errors import SluicewayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Crew", "Member"]

_log: Final = logging.getLogger(__name__)
_RESTART_S: Final = 1.0


class Member(Protocol):
    """Works until it is told to stop, then finishes what it has in hand."""

    @property
    def in_flight(self) -> int:
        """How much it has in hand."""
        ...

    def stop(self) -> None:
        """Take nothing more."""
        ...

    async def run(self, *, drain: timedelta = ...) -> None:
        """Work until ``stop``; wait up to *drain* for what is in hand, and give back the rest."""
        ...


class Crew:
    """Runs *members* and *chores* side by side; a member that breaks is started again."""

    def __init__(
        self,
        members: Sequence[Member],
        chores: Sequence[Callable[[], Awaitable[None]]] = (),
        *,
        drain: timedelta = timedelta(seconds=20),
    ) -> None:
        """Get ready. Chores run until they are cancelled, after the members have ended."""
        self._members = members
        self._chores = chores
        self._drain = drain
        self._stopped = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def in_flight(self) -> int:
        """How much is in hand now."""
        return sum(member.in_flight for member in self._members)

    def stop(self) -> None:
        """Take nothing more; ``run`` returns once what is in hand is done or given back.

        Asked a second time, nothing more is waited for: what is in hand is given back at once.
        """
        if self._stopped.is_set() and self._running is not None:
            self._running.cancel()
        self._stopped.set()
        for member in self._members:
            member.stop()

    async def run(self) -> None:
        """Work until ``stop``."""
        chores = [asyncio.ensure_future(self._do(chore)) for chore in self._chores]
        self._running = asyncio.create_task(self._run_members())
        try:
            await asyncio.shield(self._running)
        except asyncio.CancelledError:
            if not self._running.cancelled():
                raise
        finally:
            if not self._running.done():
                self._running.cancel()
                await asyncio.wait([self._running])
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)

    async def _run_members(self) -> None:
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(self._keep_running(member))
            group.create_task(self._stopped.wait())

    async def _keep_running(self, member: Member) -> None:
        while True:
            try:
                await member.run(drain=self._drain)
            except SluicewayError as error:
                _log.warning("%s cannot work: %s", type(member).__name__, error.message)
            except Exception:  # noqa: BLE001 - one fault must not stop the others
                _log.exception("%s broke", type(member).__name__)
            if self._stopped.is_set():
                return
            await asyncio.sleep(_RESTART_S)

    async def _do(self, chore: Callable[[], Awaitable[None]]) -> None:
        try:
            await chore()
        except Exception:  # noqa: BLE001 - as above
            _log.exception("a chore broke")
