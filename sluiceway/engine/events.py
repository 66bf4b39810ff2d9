"""Follow an execution: what the store keeps of it, then what happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sluiceway.engine.record import events_of
from sluiceway.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sluiceway.engine.live import Live
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.durable import ExecutionStore

__all__ = ["follow"]

_POLL_S: Final = 0.5
_END: Final = "execution_finished"


async def follow(
    store: ExecutionStore, live: Live, id_: str, *, after: int = -1
) -> AsyncIterator[JsonObject]:
    """Yield the execution's events whose ``seq`` is over *after*, until it ends.

    Live events come at once where its worker is in this process; otherwise the store is asked
    every half second. What is told live but never kept (a step that starts) may be missed.

    Raises:
        NotFound: there is no such execution.
    """
    fresh = _Fresh(after)
    with live.listen(id_) as queue:
        # What was told before, and may not be written yet: the first row read may lack it.
        told = live.told(id_)
        while True:
            row = await store.get(id_)
            if row is None:
                raise NotFound(f"expected an execution, found none with the id {id_!r}")
            for event in _merged(events_of(row, await store.log(id_)), told):
                if fresh.takes(event, is_kept=True):
                    yield event
            told = []
            if row.status.is_terminal:
                return
            while (heard := await _next(queue)) is not None:
                is_new = fresh.takes(heard)
                if is_new:
                    yield heard
                if heard["type"] == _END:
                    if is_new:
                        return
                    break  # told without a number: the store has the last word


class _Fresh:
    """Lets each event through once."""

    def __init__(self, after: int) -> None:
        self._last = after

    def takes(self, event: JsonObject, *, is_kept: bool = False) -> bool:
        """Tell whether *event* comes after all before it."""
        if is_kept and event["type"] == _END:
            # What was told live may have counted further than what is kept.
            event["seq"] = max(_seq(event), self._last + 1)
        if _seq(event) <= self._last:
            return False
        self._last = _seq(event)
        return True


def _merged(kept: list[JsonObject], told: list[JsonObject]) -> list[JsonObject]:
    """Return both by number; what is kept counts where both have it, and its end comes last."""
    by_seq = {_seq(event): event for event in told}
    by_seq.update({_seq(event): event for event in kept if event["type"] != _END})
    ends = [event for event in kept if event["type"] == _END]
    return [by_seq[seq] for seq in sorted(by_seq)] + ends


async def _next(queue: asyncio.Queue[JsonObject]) -> JsonObject | None:
    try:
        async with asyncio.timeout(_POLL_S):
            return await queue.get()
    except TimeoutError:
        return None


def _seq(event: JsonObject) -> int:
    seq = event["seq"]
    return seq if isinstance(seq, int) else 0
