"""Numbers for Prometheus: how many executions and steps ended, how, and how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    start_http_server,
)

from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from sluiceway.engine.observer import EndedExecution

__all__ = ["METRICS", "ExecutionMetrics"]

METRICS: Final = {
    "sluiceway_executions_ended_total": "Executions that ended in this process, by status.",
    "sluiceway_execution_seconds": "From the start to the end of an execution, waits included.",
    "sluiceway_execution_queue_seconds": "From when an execution was made to its first step.",
    "sluiceway_steps_total": "Steps of ended executions, by action, status and HTTP status.",
    "sluiceway_step_seconds": "How long a step took, by action.",
}
"""What this module measures, with what it means; the reference page reads it."""

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


class ExecutionMetrics:
    """Counts what ended. Actions are the only open label, and there are some dozens."""

    def __init__(self) -> None:
        """Start at nought."""
        self.registry = registry = CollectorRegistry()
        names = iter(METRICS.items())
        self._ended = Counter(*next(names), ["status"], registry=registry)
        self._seconds = Histogram(*next(names), registry=registry, buckets=_SECONDS)
        self._queued = Histogram(*next(names), registry=registry, buckets=_SECONDS)
        self._steps = Counter(*next(names), ["action", "status", "code"], registry=registry)
        self._step_seconds = Histogram(
            *next(names), ["action"], registry=registry, buckets=_SECONDS
        )

    def execution_ended(self, ended: EndedExecution) -> None:
        """See ``Observer``."""
        self._ended.labels(str(ended.status)).inc()
        self._seconds.observe((ended.ended_at - ended.started_at).total_seconds())
        self._queued.observe((ended.started_at - ended.created_at).total_seconds())
        for step in ended.steps:
            code = "" if step.status_code is None else str(step.status_code)
            self._steps.labels(step.name, step.status, code).inc()
            took = (step.ended_at - step.started_at).total_seconds()
            self._step_seconds.labels(step.name).observe(took)

    def serve(self, port: int) -> None:
        """Answer ``GET /metrics`` on *port* from a thread of its own, until the process ends.

        Raises:
            UsageError: the port is taken.
        """
        try:
            start_http_server(port, registry=self.registry)
        except OSError as error:
            raise UsageError(
                f"expected a free port for the metrics, found {port} taken: {error.strerror}"
            ) from error

    def lines(self) -> list[str]:
        """Return the numbers in Prometheus' text format, a line each."""
        return generate_latest(self.registry).decode().rstrip("\n").split("\n")
