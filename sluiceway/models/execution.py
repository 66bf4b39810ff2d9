"""What a run of a flow leaves: its status, its steps, its record as the wire shows it.

Source: contract of the Management API (``GET /api/v2/flows/{id}/executions/{id}?hydrate=debug``);
the layout of ``debug`` is ours, see docs/differences.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "ExecutionInput",
    "ExecutionStatus",
    "StepRecord",
    "StepStatus",
]


class ExecutionStatus(StrEnum):
    """Where an execution stands; the last three are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DELAYED = "DELAYED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing more will happen to the execution."""
        return self in {self.COMPLETED, self.FAILED, self.CANCELLED}


class StepStatus(StrEnum):
    """Where a step stands. A step that was not reached has no record."""

    RUNNING = "RUNNING"
    DELAYED = "DELAYED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ExecutionInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow is started with: the roots its expressions read."""

    context: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    fields: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    vars: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])

    def as_json(self) -> JsonObject:
        """Return ``{context, fields, vars}``."""
        return {"context": self.context, "fields": self.fields, "vars": self.vars}


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One step as the debugger shows it; every value in it is already masked."""

    id: str
    type: str
    action: str
    status: StepStatus
    started_at: datetime
    alias: str | None = None
    attempts: int = 1
    input: JsonValue = None
    output: JsonValue = None
    error: JsonObject | None = None
    status_code: int | None = None
    ended_at: datetime | None = None

    def as_json(self) -> JsonObject:
        """Return the step as ``debug.steps`` lists it; every key is always there."""
        return {
            "id": self.id,
            "alias": self.alias,
            "type": self.type,
            "action": self.action,
            "status": str(self.status),
            "attempts": self.attempts,
            "input": self.input,
            "output": self.output,
            "error": self.error,
            "status_code": self.status_code,
            "started_at": format_timestamp(self.started_at),
            "ended_at": format_timestamp(self.ended_at) if self.ended_at else None,
        }
