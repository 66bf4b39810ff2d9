"""Put together what a server or a worker tells its operators."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from sluiceway.errors import UsageError
from sluiceway.models.timestamps import utc_now
from sluiceway.telemetry.events import LogEvents
from sluiceway.telemetry.metrics import ExecutionMetrics
from sluiceway.telemetry.webhook import EventWebhook

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from sluiceway.engine.observer import Observers
    from sluiceway.outbound.base import Transport
    from sluiceway.settings import Settings
    from sluiceway.telemetry.traces import ExecutionTraces

__all__ = ["observe"]


@asynccontextmanager
async def observe(
    observers: Observers,
    settings: Settings,
    transport: Transport,
    *,
    environment: Mapping[str, str] = os.environ,
) -> AsyncGenerator[ExecutionMetrics]:
    """Let *observers* count, log, post and trace until the block ends; yield the metrics.

    Args:
        observers: those that the engine tells.
        settings: the webhook's URL and secret, the tenant's name.
        transport: the way out, for the webhook.
        environment: traces are sent where it has ``OTEL_EXPORTER_OTLP_ENDPOINT``.

    Raises:
        UsageError: traces are asked for, and what sends them is not installed.
    """
    metrics = ExecutionMetrics()
    observers.add(metrics)
    webhook = task = traces = None
    if settings.webhook_url:
        webhook = EventWebhook(
            url=settings.webhook_url,
            secret=settings.webhook_secret,
            transport=transport,
            now=utc_now,
        )
        task = asyncio.create_task(webhook.run())
    hand_on = webhook.put if webhook else None
    observers.add(LogEvents(tenant_name=settings.tenant_name, hand_on=hand_on))
    if _wants_traces(environment):
        traces = _open_traces(environment)
        observers.add(traces)
    try:
        yield metrics
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if traces is not None:
            await asyncio.to_thread(traces.close)


def _wants_traces(environment: Mapping[str, str]) -> bool:
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_off and any(environment.get(name) for name in names)


def _open_traces(environment: Mapping[str, str]) -> ExecutionTraces:
    try:
        from sluiceway.telemetry.traces import (  # noqa: PLC0415 - heavy, and an extra
            ExecutionTraces,
            open_exporter,
        )

        return ExecutionTraces(
            open_exporter(), service=environment.get("OTEL_SERVICE_NAME") or "sluiceway"
        )
    except ImportError as error:
        raise UsageError(
            "expected the OpenTelemetry packages, which OTEL_EXPORTER_OTLP_ENDPOINT asks for",
            hint="Install them: pip install 'sluiceway[otel]'",
        ) from error
