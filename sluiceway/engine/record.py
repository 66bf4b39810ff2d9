"""The execution record as the wire shows it, put together from what the store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import msgspec

from sluiceway.engine.journal import read_entries
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import ExecutionRow, LogRow

__all__ = ["debug_of", "events_of", "steps_of", "summary_of"]


def summary_of(row: ExecutionRow) -> JsonObject:
    """Return Auth0's keys; those without a value yet are left out, as on its wire."""
    shown: JsonObject = {"id": row.id, "trace_id": row.trace_id}
    if row.journey_id is not None:
        shown["journey_id"] = row.journey_id
    shown |= {
        "status": str(row.status),
        "created_at": format_timestamp(row.created_at),
        "updated_at": format_timestamp(row.updated_at),
    }
    for key, moment in (("started_at", row.started_at), ("ended_at", row.ended_at)):
        if moment is not None:
            shown[key] = format_timestamp(moment)
    return shown


def events_of(row: ExecutionRow, log: Sequence[LogRow]) -> list[JsonObject]:
    """Return the events that are kept, in order; the first and the last are told by the row."""
    events: list[JsonObject] = []
    if row.started_at is not None:
        events.append(
            {"seq": 0, "type": "execution_started", "at": format_timestamp(row.started_at)}
        )
    for part in log:
        events.extend(read_entries(part.entries))
    events.extend(_final(row).get("entries", []))
    if row.ended_at is not None:
        last = max((seq for event in events if isinstance(seq := event["seq"], int)), default=0)
        events.append(
            {
                "seq": last + 1,
                "type": "execution_finished",
                "at": format_timestamp(row.ended_at),
                "status": str(row.status),
            }
        )
    return events


def steps_of(events: Iterable[JsonObject]) -> list[JsonValue]:
    """Return the latest record of each step, in the order they were first reached."""
    steps: dict[str, JsonValue] = {}
    for event in events:
        step = event.get("step")
        if isinstance(step, dict):
            steps[str(step["id"])] = step
    return list(steps.values())


def debug_of(row: ExecutionRow, log: Sequence[LogRow], *, input_: JsonValue) -> JsonObject:
    """Return what ``hydrate=debug`` adds.

    Args:
        row: the execution.
        log: its journal.
        input_: what to show as its input while it has not ended.
    """
    final = _final(row)
    return {
        "flow": {"id": row.flow_id, "name": row.flow_name, "version": row.flow_version},
        "input": final.get("input") or input_,
        "steps": steps_of(events_of(row, log)),
        "output": final.get("output"),
        "error": final.get("error"),
    }


class _Final(TypedDict, total=False):
    """What ``finish_of`` wrote."""

    input: JsonValue
    output: JsonValue
    error: JsonValue
    entries: list[JsonObject]


def _final(row: ExecutionRow) -> _Final:
    if row.final is None:
        return {}
    final: _Final = msgspec.json.decode(row.final)
    return final
