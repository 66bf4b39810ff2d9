"""Let an execution that FAILED or was CANCELLED go on from where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from sluiceway.engine.ending import resume_identity
from sluiceway.engine.journal import log_identity, read_entries, retry_entry
from sluiceway.engine.record import events_of
from sluiceway.engine.sealing import encode, open_json, seal_json
from sluiceway.errors import Conflict
from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.durable import LogWrite

if TYPE_CHECKING:
    from sluiceway.engine.base import Engine
    from sluiceway.storage.durable import ExecutionRow

__all__ = ["reopen"]


async def reopen(engine: Engine, row: ExecutionRow) -> None:
    """Make the execution wait for a worker again, its journal kept.

    Raises:
        Conflict: it did not fail and was not cancelled, or somebody else reopened it first.
    """
    if row.status not in {ExecutionStatus.FAILED, ExecutionStatus.CANCELLED}:
        raise Conflict(
            f"expected an execution that FAILED or was CANCELLED, found {row.id} {row.status}"
        )
    write = None
    if row.resume is not None:
        log = await engine.store.log(row.id)
        place = cast(
            "_Place",
            open_json(engine.sealer, row.resume, identity=resume_identity(row.id)),
        )
        position = log[-1].position + 1 if log else 0
        kept = {str(event["seq"]) for part in log for event in read_entries(part.entries)}
        # What the last stretch wrote with its end moves into the journal: the record stays whole.
        events = [
            event
            for event in events_of(row, log)
            if "step" in event and str(event["seq"]) not in kept
        ]
        write = LogWrite(
            position=position,
            entries=encode(events),
            sealed=seal_json(
                engine.sealer,
                retry_entry(place["position"], place["clock"]),
                identity=log_identity(row.id, position),
            ),
        )
    reopened = await engine.store.reopen(
        row.id, claim_number=row.claim_number, write=write, at=engine.now()
    )
    if not reopened:
        raise Conflict(f"expected {row.id} as it was a moment ago, found it changed: look again")


class _Place(TypedDict):
    position: int
    clock: str
