"""The masked side of a running execution: its events, and hiding again what was learned late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sluiceway.engine.journal import read_entries
from sluiceway.engine.sealing import encode
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.durable import LogRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sluiceway.engine.base import Masker
    from sluiceway.engine.live import Live
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["SEQ_STEP", "RecordBook"]

SEQ_STEP: Final = 1_000_000
"""Each claim numbers its events from a multiple of this: never below one that was seen live."""


class RecordBook:
    """Collects an execution's events, masks them, and hands out what is to be written."""

    def __init__(self, execution_id: str, *, masker: Masker, live: Live, claim_number: int) -> None:
        """Start a claim's part of the book."""
        self.execution_id = execution_id
        self._masker = masker
        self._live = live
        self._seq = (claim_number - 1) * SEQ_STEP
        self._masked_values = 0
        self._kept: set[str] = set()
        self._told: list[JsonObject] = []
        self._unwritten: list[JsonObject] = []
        self._unwritten_since = 0
        self._written: dict[int, list[JsonObject]] = {}
        self._written_since = 0
        self.steps: dict[str, JsonObject] = {}
        """The steps that this claim recorded, by id, as they are shown."""

    @property
    def is_watched(self) -> bool:
        """Tell whether anybody follows the execution live."""
        return self._live.is_watched(self.execution_id)

    def hide(self, values: Iterable[JsonValue]) -> None:
        """Mask *values* from here on, and in what is in the book already."""
        for value in values:
            self._masked_values += self._masker.add(value)

    def not_kept(self, values: Iterable[JsonValue]) -> list[JsonValue]:
        """Return those of *values* that no entry of the journal has yet, and count them as kept.

        A tenant's token is a secret of every step that calls it: one entry with it is enough.
        """
        fresh: list[JsonValue] = []
        for value in values:
            if isinstance(value, str):
                if value in self._kept:
                    continue
                self._kept.add(value)
            fresh.append(value)
        return fresh

    def shown(self, value: JsonValue) -> JsonValue:
        """Return *value* as records may show it."""
        return self._masker.apply(value) if self._masked_values else value

    def add_written(self, rows: Iterable[LogRow]) -> None:
        """Take in what earlier claims wrote, in case it has to be masked anew."""
        for row in rows:
            self._written[row.position] = read_entries(row.entries)

    def emit(self, type_: str, at: datetime, step: JsonObject) -> None:
        """Add an event about *step*, whose values are masked already."""
        self._seq += 1
        self.steps[str(step["id"])] = step
        event: JsonObject = {
            "seq": self._seq,
            "type": type_,
            "at": format_timestamp(at),
            "step": step,
        }
        self._told.append(event)
        self._unwritten.append(event)
        self._publish(event)

    def emit_live(self, type_: str, at: datetime, **more: JsonValue) -> None:
        """Tell those who listen something that the store need not keep."""
        if self._live.is_watched(self.execution_id):
            self._seq += 1
            self._publish({"seq": self._seq, "type": type_, "at": format_timestamp(at), **more})

    def emit_beginning(self, at: datetime) -> None:
        """Tell those who listen that the execution has begun; the store's row says the same."""
        if self._live.is_watched(self.execution_id):
            self._publish({"seq": 0, "type": "execution_started", "at": format_timestamp(at)})

    def _publish(self, event: JsonObject) -> None:
        self._live.publish(self.execution_id, event)

    def told(self) -> list[JsonObject]:
        """Return this claim's events, masked by what is known now."""
        return self._masked(self._told) if self._masked_values else list(self._told)

    def take_entries(self, *, position: int | None) -> bytes:
        """Return the unwritten events as JSON; they are to be written at *position*."""
        events = self.take_events()
        if position is not None:
            self._written[position] = events
        return encode(events)

    def take_events(self) -> list[JsonObject]:
        """Return the unwritten events."""
        events, self._unwritten = self._unwritten, []
        if self._unwritten_since != self._masked_values:
            events = self._masked(events)
            self._unwritten_since = self._masked_values
        return events

    def take_rewritten(self) -> tuple[LogRow, ...]:
        """Return the rows written earlier that show something which is masked by now."""
        if self._written_since == self._masked_values:
            return ()
        self._written_since = self._masked_values
        rewritten: list[LogRow] = []
        for position, events in self._written.items():
            masked = self._masked(events)
            if masked != events:
                self._written[position] = masked
                rewritten.append(LogRow(position=position, entries=encode(masked)))
        return tuple(rewritten)

    def _masked(self, events: list[JsonObject]) -> list[JsonObject]:
        # Only the step's input, output and error come from outside; the rest is ours.
        return [
            {**event, "step": self._masked_step(cast("dict[str, Any]", event["step"]))}
            for event in events
        ]

    def _masked_step(self, step: JsonObject) -> JsonObject:
        return {
            **step,
            **{key: self._masker.apply(step[key]) for key in ("input", "output", "error")},
        }
