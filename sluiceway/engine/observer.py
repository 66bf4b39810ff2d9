"""Who is told when an execution has ended: metrics, traces, log events.

They are told once the end is in the database, in the worker that wrote it; a worker that dies in
between tells nobody. What must not be lost is in the execution's record.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from sluiceway.models.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sluiceway.models.execution import ExecutionStatus
    from sluiceway.models.json import JsonObject
    from sluiceway.storage.durable import ExecutionRow, Finish

__all__ = ["EndedExecution", "EndedStep", "Observer", "Observers", "ended_execution"]

_LOG: Final = logging.getLogger(__name__)


class EndedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was carried out, without its values."""

    id: str
    name: str
    status: str
    status_code: int | None
    started_at: datetime
    ended_at: datetime


class EndedExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that reached its final status. *error* is masked, on one line."""

    id: str
    trace_id: str
    journey_id: str | None
    flow_id: str
    flow_name: str
    status: ExecutionStatus
    created_at: datetime
    started_at: datetime
    ended_at: datetime
    steps: tuple[EndedStep, ...]
    error: str | None = None


class Observer(Protocol):
    """Is told of executions that ended. It must be quick and raise nothing."""

    def execution_ended(self, ended: EndedExecution) -> None:
        """Take note."""
        ...


class Observers:
    """Tells each observer in turn; one that fails is reported and passed over."""

    def __init__(self, *observers: Observer) -> None:
        """Tell *observers*, in this order."""
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        """Tell *observer*, too."""
        self._observers.append(observer)

    @property
    def is_empty(self) -> bool:
        """Whether there is nobody to tell."""
        return not self._observers

    def execution_ended(self, ended: EndedExecution) -> None:
        """See ``Observer``."""
        for observer in self._observers:
            try:
                observer.execution_ended(ended)
            except Exception:  # noqa: BLE001 - logged; whatever it is, the run must not suffer
                _LOG.exception("%s could not take note of %s", type(observer).__name__, ended.id)


def ended_execution(
    row: ExecutionRow, finish: Finish, steps: Iterable[JsonObject]
) -> EndedExecution:
    """Return what observers are told of *row* when *finish* was written; *steps* as recorded."""
    return EndedExecution(
        id=row.id,
        trace_id=row.trace_id,
        journey_id=row.journey_id,
        flow_id=row.flow_id,
        flow_name=row.flow_name,
        status=finish.status,
        created_at=row.created_at,
        started_at=row.started_at or row.created_at,
        ended_at=finish.at,
        steps=tuple(_ended_step(step, finish.at) for step in steps),
        error=finish.error,
    )


def _ended_step(step: JsonObject, at: datetime) -> EndedStep:
    ended, code = step["ended_at"], step["status_code"]
    return EndedStep(
        id=str(step["id"]),
        name=f"{step['type']}/{step['action']}",
        status=str(step["status"]),
        status_code=code if isinstance(code, int) else None,
        started_at=parse_timestamp(str(step["started_at"])),
        ended_at=parse_timestamp(ended) if isinstance(ended, str) else at,
    )
