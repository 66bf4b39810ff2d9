"""How an execution ends: its status, and what is kept of it for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sluiceway.engine.sealing import encode, seal_json
from sluiceway.models.execution import ExecutionStatus
from sluiceway.models.masking import mask_secret_keys
from sluiceway.storage.durable import Finish

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.engine.base import Engine
    from sluiceway.engine.record_book import RecordBook
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import Claim

__all__ = ["Ending", "error_line", "finish_of", "resume_identity"]

_LONGEST_ERROR = 500


class Ending(msgspec.Struct, frozen=True):
    """The final status, with what the flow returned or why it failed."""

    status: ExecutionStatus
    output: JsonValue = None
    error: JsonObject | None = None


def resume_identity(execution_id: str) -> str:
    """Return the identity that the place where an execution stopped is sealed for."""
    return f"execution/{execution_id}/resume"


def finish_of(
    ending: Ending,
    *,
    claim: Claim,
    book: RecordBook,
    input_: ExecutionInput,
    stopped: tuple[int, datetime],
    engine: Engine,
) -> Finish:
    """Return what to write; *stopped* is how many steps were passed and the clock reading then."""
    error = book.shown(ending.error) if ending.error is not None else None
    final: JsonObject = {
        "input": book.shown(mask_secret_keys(input_.as_json())[0]),
        "output": book.shown(ending.output),
        "error": error,
        "entries": [*book.take_events()],
    }
    resume: bytes | None = None
    if ending.status is not ExecutionStatus.COMPLETED:
        place: JsonObject = {"position": stopped[0], "clock": stopped[1].isoformat()}
        resume = seal_json(engine.sealer, place, identity=resume_identity(claim.id))
    return Finish(
        status=ending.status,
        at=engine.now(),
        final=encode(final),
        error=error_line(error),
        resume=resume,
        rewritten=book.take_rewritten(),
    )


def error_line(error: JsonValue) -> str | None:
    """Return a masked error as one line, for lists and searches."""
    if not isinstance(error, dict):
        return None
    return f"{error.get('code')}: {error.get('message')}"[:_LONGEST_ERROR]
