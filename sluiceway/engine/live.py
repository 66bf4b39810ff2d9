"""What workers and the service of one process tell each other without the database.

Nothing here is needed for correctness: what is missed is found in the store a little later.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

    from sluiceway.models.json import JsonObject

__all__ = ["Live", "Running"]


class Running(Protocol):
    """An execution that runs here."""

    def request_cancel(self) -> None:
        """Stop as soon as that is safe, and end CANCELLED."""
        ...

    def told(self) -> list[JsonObject]:
        """Return the events of this claim so far, written or not, as they may be shown now."""
        ...


class Live:
    """Live events by execution, a bell for new work, and the executions that run here."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._listeners: dict[str, set[asyncio.Queue[JsonObject]]] = {}
        self.work = asyncio.Event()
        self.running: dict[str, Running] = {}

    def is_watched(self, execution_id: str) -> bool:
        """Tell whether anybody listens, so that nobody makes events for nobody."""
        return execution_id in self._listeners

    def told(self, execution_id: str) -> list[JsonObject]:
        """Return what was told of the execution before anybody listened, where it runs here."""
        running = self.running.get(execution_id)
        return running.told() if running is not None else []

    def publish(self, execution_id: str, event: JsonObject) -> None:
        """Hand *event* to those who listen."""
        for queue in self._listeners.get(execution_id, ()):
            queue.put_nowait(event)

    @contextmanager
    def listen(self, execution_id: str) -> Generator[asyncio.Queue[JsonObject]]:
        """Return a queue that gets the execution's events from here on."""
        queue: asyncio.Queue[JsonObject] = asyncio.Queue()
        self._listeners.setdefault(execution_id, set()).add(queue)
        try:
            yield queue
        finally:
            listeners = self._listeners[execution_id]
            listeners.discard(queue)
            if not listeners:
                del self._listeners[execution_id]
