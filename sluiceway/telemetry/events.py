"""Tenant log events: one for each execution that ended, in the log and to a webhook.

Source: Auth0's tenant log types ``flows_execution_completed`` and ``flows_execution_failed``, in
the form of its custom webhook log streams: a JSON array of ``{log_id, data}``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sluiceway.models.execution import ExecutionStatus
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.engine.observer import EndedExecution
    from sluiceway.models.json import JsonObject

__all__ = ["EVENT_TYPES", "LogEvents", "event_of"]

EVENT_TYPES: Final = {
    ExecutionStatus.COMPLETED: "flows_execution_completed",
    ExecutionStatus.FAILED: "flows_execution_failed",
}
"""The log type by status. Auth0 has none for a cancelled execution, so that leaves no event."""

_LOG: Final = logging.getLogger("sluiceway.events")


def event_of(ended: EndedExecution, *, tenant_name: str) -> JsonObject | None:
    """Return the event ``{log_id, data}``; ``None`` where there is no type for the status."""
    type_ = EVENT_TYPES.get(ended.status)
    if type_ is None:
        return None
    duration = (ended.ended_at - ended.started_at).total_seconds()
    return {
        # One execution ends once, so that a receiver can tell an event it has seen.
        "log_id": ended.id,
        "data": {
            "log_id": ended.id,
            "type": type_,
            "date": format_timestamp(ended.ended_at),
            "description": ended.error or f"The flow {ended.flow_name!r} ended",
            "tenant_name": tenant_name,
            "details": {
                "execution_id": ended.id,
                "flow_id": ended.flow_id,
                "flow_name": ended.flow_name,
                "journey_id": ended.journey_id,
                "trace_id": ended.trace_id,
                "status": str(ended.status),
                "started_at": format_timestamp(ended.started_at),
                "ended_at": format_timestamp(ended.ended_at),
                "duration_ms": round(duration * 1000),
                "steps": len(ended.steps),
                "error": ended.error,
            },
        },
    }


class LogEvents:
    """Writes each event to the log, and hands it on."""

    def __init__(
        self, *, tenant_name: str, hand_on: Callable[[JsonObject], None] | None = None
    ) -> None:
        """Take events of *tenant_name*; *hand_on* sends them elsewhere."""
        self._tenant_name = tenant_name
        self._hand_on = hand_on

    def execution_ended(self, ended: EndedExecution) -> None:
        """See ``Observer``."""
        event = event_of(ended, tenant_name=self._tenant_name)
        if event is None:
            return
        took = (ended.ended_at - ended.started_at).total_seconds()
        level = logging.INFO if ended.status is ExecutionStatus.COMPLETED else logging.WARNING
        _LOG.log(
            level,
            "%s %s in %.3f s: %s%s",
            ended.id,
            ended.status,
            took,
            ended.flow_name,
            f": {ended.error}" if ended.error else "",
            extra={"event": event["data"]},
        )
        if self._hand_on is not None:
            self._hand_on(event)
