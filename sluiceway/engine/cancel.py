"""Cancel an execution: at once where nobody runs it, else through its worker; never silently."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sluiceway.engine.sealing import encode
from sluiceway.errors import Conflict, NotFound
from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.durable import CancelAnswer, Finish

if TYPE_CHECKING:
    from sluiceway.engine.base import Engine
    from sluiceway.engine.live import Live, Running
    from sluiceway.storage.durable import ExecutionRow

__all__ = ["cancel_execution"]

_LOOK_AGAIN_S: Final = 0.05


async def cancel_execution(engine: Engine, live: Live, row: ExecutionRow) -> None:
    """End the execution CANCELLED, or say why that is not possible.

    Raises:
        NotFound: it was deleted meanwhile.
        Conflict: it has ended, or a once-only call is in flight that must not be interrupted; the
            request stands then, and the execution stops after that call.
    """
    finish = Finish(
        status=ExecutionStatus.CANCELLED,
        at=engine.now(),
        # The input is left out: readers work out what of it may be shown, as before the end.
        final=encode({"input": None, "output": None, "error": None, "entries": []}),
    )
    answer = await engine.store.cancel(row.id, finish=finish)
    if answer is CancelAnswer.MISSING:
        raise NotFound(f"expected an execution, found none with the id {row.id!r}")
    if answer is CancelAnswer.ENDED:
        raise Conflict(f"expected an execution that has not ended, found {row.id} at its end")
    if answer is CancelAnswer.REQUESTED:
        await _wait_for_worker(engine, live, row.id, finish)
    live.publish(row.id, {"seq": -1, "type": "execution_finished", "status": "CANCELLED"})


async def _wait_for_worker(engine: Engine, live: Live, id_: str, finish: Finish) -> None:
    patience_s = engine.settings.cancel_patience.total_seconds()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    told: Running | None = None
    while True:
        # A worker of this process is told at once, as soon as it has taken the execution up.
        run = live.running.get(id_)
        if run is not None and run is not told:
            run.request_cancel()
            told = run
        row = await engine.store.get(id_)
        if row is None:
            raise NotFound(f"expected an execution, found none with the id {id_!r}")
        if row.status is ExecutionStatus.CANCELLED:
            return
        if row.status.is_terminal:
            raise Conflict(f"expected to cancel {id_}, found it {row.status} before it could stop")
        if row.status is not ExecutionStatus.RUNNING:
            # It fell asleep before its worker heard.
            if await engine.store.cancel(id_, finish=finish) is CancelAnswer.CANCELLED:
                return
            continue
        if loop.time() > deadline:
            raise Conflict(
                f"expected {id_} to stop within {patience_s:g} s, found a call in flight that must "
                "not be interrupted, or a worker that does not answer",
                hint="The request stands: the execution stops once that call is answered, or "
                "another worker has taken it over.",
            )
        await asyncio.sleep(_LOOK_AGAIN_S)
