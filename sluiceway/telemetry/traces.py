"""OpenTelemetry traces: an execution is a trace, with its own trace_id, and each step a span.

Spans are made once the execution has ended, from its record: an execution that waits for days, or
moves between machines, is one trace all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from sluiceway.models.execution import ExecutionStatus, StepStatus

if TYPE_CHECKING:
    from datetime import datetime

    from opentelemetry.sdk.trace import SpanProcessor

    from sluiceway.engine.observer import EndedExecution, EndedStep

__all__ = ["ExecutionTraces", "open_exporter"]

_NANOSECONDS: Final = 1_000_000_000


class _TraceIds(RandomIdGenerator):
    """Gives the next trace the id that the execution has."""

    next_trace = 0

    def generate_trace_id(self) -> int:
        return self.next_trace or super().generate_trace_id()


class ExecutionTraces:
    """Makes spans of what ended and hands them to *processor*."""

    def __init__(self, processor: SpanProcessor, *, service: str = "sluiceway") -> None:
        """Trace for *service*, the name that backends show."""
        self._ids = _TraceIds()
        resource = Resource.create({"service.name": service})
        self._provider = TracerProvider(
            resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("sluiceway")

    def execution_ended(self, ended: EndedExecution) -> None:
        """See ``Observer``."""
        self._ids.next_trace = int(ended.trace_id, 16)
        root = self._tracer.start_span(
            f"flow {ended.flow_name}",
            kind=SpanKind.SERVER,
            start_time=_nanoseconds(ended.started_at),
            attributes={
                "sluiceway.execution.id": ended.id,
                "sluiceway.execution.status": str(ended.status),
                "sluiceway.flow.id": ended.flow_id,
                "sluiceway.flow.name": ended.flow_name,
            },
        )
        context = set_span_in_context(root)
        for step in ended.steps:
            span = self._tracer.start_span(
                f"{step.name} {step.id}",
                context=context,
                kind=SpanKind.CLIENT if step.status_code is not None else SpanKind.INTERNAL,
                start_time=_nanoseconds(step.started_at),
                attributes=_step_attributes(step),
            )
            if step.status == StepStatus.FAILED:
                span.set_status(Status(StatusCode.ERROR))
            span.end(_nanoseconds(step.ended_at))
        if ended.status is ExecutionStatus.FAILED:
            root.set_status(Status(StatusCode.ERROR, ended.error))
        root.end(_nanoseconds(ended.ended_at))

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def open_exporter() -> SpanProcessor:
    """Return what sends spans by OTLP over HTTP, set up by the standard ``OTEL_…`` variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - heavy
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return BatchSpanProcessor(OTLPSpanExporter())


def _step_attributes(step: EndedStep) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "sluiceway.step.id": step.id,
        "sluiceway.step.action": step.name,
        "sluiceway.step.status": step.status,
    }
    if step.status_code is not None:
        attributes["http.response.status_code"] = step.status_code
    return attributes


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * (_NANOSECONDS // 1_000_000)
