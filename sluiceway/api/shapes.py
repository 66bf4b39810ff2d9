"""Schemas of our own API's answers about executions, for its OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.models.execution import ExecutionStatus

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["COUNTS", "EXECUTION", "EXECUTIONS"]

_TEXT: Final[JsonObject] = {"type": "string"}
_TIME: Final[JsonObject] = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Final[JsonObject] = {"type": ["string", "null"], "format": "date-time"}
_STATUS: Final[JsonObject] = {"type": "string", "enum": [str(one) for one in ExecutionStatus]}
_ERROR: Final[JsonObject] = {
    "type": ["object", "null"],
    "required": ["code", "message"],
    "properties": {"code": _TEXT, "message": _TEXT, "details": {}},
}
_STEP: Final[JsonObject] = {
    "type": "object",
    "required": ["id", "type", "action", "status", "attempts", "input", "output", "error"],
    "properties": {
        "id": _TEXT,
        "alias": {"type": ["string", "null"]},
        "type": _TEXT,
        "action": _TEXT,
        "status": _TEXT,
        "attempts": {"type": "integer", "minimum": 0},
        "input": {},
        "output": {},
        "error": _ERROR,
        "status_code": {"type": ["integer", "null"]},
        "started_at": _MAYBE_TIME,
        "ended_at": _MAYBE_TIME,
        "messages": {"type": "array", "items": {"type": "object"}},
    },
}
_FLOW: Final[JsonObject] = {
    "type": "object",
    "required": ["id", "name", "version"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "name": {"type": ["string", "null"]},
        "version": {"type": ["integer", "null"]},
    },
}
_DEBUG: Final[JsonObject] = {
    "type": "object",
    "description": "Only with hydrate=debug, and in answers that waited for the end.",
    "required": ["flow", "input", "steps", "output", "error"],
    "properties": {
        "flow": _FLOW,
        "input": {"type": ["object", "null"]},
        "steps": {"type": "array", "items": _STEP},
        "output": {},
        "error": _ERROR,
    },
}

EXECUTION: Final[JsonObject] = {
    "type": "object",
    "required": ["id", "trace_id", "status", "created_at", "updated_at", "flow"],
    "properties": {
        "id": {"type": "string", "pattern": "^afe_[1-9A-HJ-NP-Za-km-z]{22}$"},
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "journey_id": _TEXT,
        "status": _STATUS,
        "created_at": _TIME,
        "updated_at": _TIME,
        "started_at": _TIME,
        "ended_at": _TIME,
        "flow": _FLOW,
        "debug": _DEBUG,
    },
}

EXECUTIONS: Final[JsonObject] = {
    "type": "object",
    "required": ["executions"],
    "properties": {
        "next": {"type": "string", "description": "Give it as `from` to go on; none at the end."},
        "executions": {"type": "array", "items": EXECUTION},
    },
}

COUNTS: Final[JsonObject] = {
    "type": "object",
    "required": [str(one) for one in ExecutionStatus],
    "additionalProperties": {"type": "integer", "minimum": 0},
}
