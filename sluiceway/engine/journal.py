"""What earlier claims of an execution left: intents, outcomes, clock readings, step records.

A row of the journal has two halves: ``entries``, masked events that records and traces are made
of, and ``sealed``, what only resuming needs. The sealed kinds:

    {k: "intent", step, began_at}              a once-only call is about to be made
    {k: "done", step, outcome, clock?}         the step completed; clock: the reading until then
    {k: "failed", step, error, secrets}        it failed and was allowed to
    {k: "retry", position, clock}              an operator reopened the execution there
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.actions.base import StepOutcome
from sluiceway.engine.sealing import open_json

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import LogRow
    from sluiceway.vault.base import Sealer

__all__ = [
    "Adopted",
    "Intent",
    "Journal",
    "done_entry",
    "failed_entry",
    "intent_entry",
    "log_identity",
    "read_entries",
    "retry_entry",
]

_decode: Final = msgspec.json.Decoder().decode


def log_identity(execution_id: str, position: int) -> str:
    """Return the identity that a journal row's second half is sealed for."""
    return f"execution/{execution_id}/{position}"


def read_entries(data: bytes) -> list[JsonObject]:
    """Return the events of one row."""
    events: list[JsonObject] = _decode(data)
    return events


class Intent(msgspec.Struct, frozen=True):
    """A once-only call that was about to be made; *is_excused* after an operator's retry."""

    began_at: datetime
    is_excused: bool


class Adopted(msgspec.Struct, frozen=True):
    """A step that an earlier claim finished: with an outcome, or with an error it was allowed."""

    outcome: StepOutcome
    secrets: tuple[JsonValue, ...]
    error: JsonObject | None = None


class Journal(msgspec.Struct):
    """The journal of one execution, read."""

    adopted: dict[str, Adopted] = msgspec.field(default_factory=dict["str", "Adopted"])
    intents: dict[str, Intent] = msgspec.field(default_factory=dict["str", "Intent"])
    clocks: deque[tuple[int, datetime]] = msgspec.field(default_factory=deque)
    """(how many steps were passed, the reading that was valid until then), in order."""
    records: dict[str, JsonObject] = msgspec.field(default_factory=dict["str", "JsonObject"])
    """The latest masked record of each step, by its id."""
    last_seq: int = 0
    next_position: int = 0

    @classmethod
    def read(cls, rows: tuple[LogRow, ...], sealer: Sealer, *, execution_id: str) -> Journal:
        """Read what earlier claims wrote. Raises ``VaultError``."""
        journal = cls()
        for row in rows:
            for event in read_entries(row.entries):
                journal.see_event(event)
            if row.sealed is not None:
                identity = log_identity(execution_id, row.position)
                journal._see_sealed(open_json(sealer, row.sealed, identity=identity))
            journal.next_position = row.position + 1
        return journal

    def see_event(self, event: JsonObject) -> None:
        """Take one masked event in."""
        seq, step = event.get("seq"), event.get("step")
        if isinstance(seq, int):
            self.last_seq = max(self.last_seq, seq)
        if isinstance(step, dict):
            self.records[str(step["id"])] = step

    # The shapes are those that the functions below write.
    def _see_sealed(self, entry: Any) -> None:
        kind, step = entry["k"], entry.get("step", "")
        if kind == "intent":
            began_at = datetime.fromisoformat(entry["began_at"])
            earlier = self.intents.get(step)
            self.intents[step] = Intent(earlier.began_at if earlier else began_at, is_excused=False)
        elif kind == "done":
            self.adopted[step] = Adopted(_outcome(entry["outcome"]), tuple(entry["secrets"]))
            self._see_clock(entry)
        elif kind == "failed":
            error = entry["error"]
            output: JsonObject = {"success": False, "error": error}
            self.adopted[step] = Adopted(
                StepOutcome(output=output), tuple(entry["secrets"]), error=error
            )
        else:
            self._see_clock(entry)
            self.intents = {
                id_: Intent(intent.began_at, is_excused=True)
                for id_, intent in self.intents.items()
            }

    def _see_clock(self, entry: Any) -> None:
        if entry.get("clock") is not None:
            self.clocks.append((entry["position"], datetime.fromisoformat(entry["clock"])))


def intent_entry(step_id: str, began_at: datetime) -> JsonObject:
    """Return the sealed half for a once-only call that is about to be made."""
    return {"k": "intent", "step": step_id, "began_at": began_at.isoformat()}


def done_entry(
    step_id: str,
    outcome: StepOutcome,
    secrets: list[JsonValue],
    *,
    clock: tuple[int, datetime] | None = None,
) -> JsonObject:
    """Return the sealed half for a step that completed.

    *secrets* are the values it added to the mask; *clock* is how many steps are passed when the
    reading stops being valid, and the reading.
    """
    kept: JsonObject = {
        "output": outcome.output,
        "status_code": outcome.status_code,
        "branch": outcome.branch,
        "vars": outcome.vars,
        "ends_flow": outcome.ends_flow,
        "result": outcome.result,
    }
    entry: JsonObject = {"k": "done", "step": step_id, "outcome": kept, "secrets": [*secrets]}
    if clock is not None:
        entry |= {"position": clock[0], "clock": clock[1].isoformat()}
    return entry


# What done_entry wrote.
def _outcome(kept: Any) -> StepOutcome:
    return StepOutcome(**kept)


def failed_entry(step_id: str, error: JsonObject, secrets: list[JsonValue]) -> JsonObject:
    """Return the sealed half for a step that failed and was allowed to."""
    return {"k": "failed", "step": step_id, "error": error, "secrets": [*secrets]}


def retry_entry(position: int, clock: str) -> JsonObject:
    """Return the sealed half for an operator's retry after *position* steps."""
    return {"k": "retry", "position": position, "clock": clock}
