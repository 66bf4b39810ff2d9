"""What operators see of executions that ended."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sluiceway.engine.observer import EndedExecution, EndedStep, Observers
from sluiceway.errors import TargetUnreachable
from sluiceway.models.execution import ExecutionStatus
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.providers.signing import is_signed
from sluiceway.telemetry.events import LogEvents, event_of
from sluiceway.telemetry.logs import configure_logging
from sluiceway.telemetry.metrics import METRICS, ExecutionMetrics
from sluiceway.telemetry.traces import ExecutionTraces
from sluiceway.telemetry.webhook import EventWebhook

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGAN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SECRET = "a-made-up-webhook-secret"


def _step(name: str, *, status: str = "COMPLETED", code: int | None = None) -> EndedStep:
    return EndedStep(
        id=name.lower(),
        name=f"AUTH0/{name}",
        status=status,
        status_code=code,
        started_at=BEGAN,
        ended_at=BEGAN + timedelta(milliseconds=120),
    )


def _ended(
    status: ExecutionStatus = ExecutionStatus.COMPLETED, *, id_: str = "afe_1", **more: Any
) -> EndedExecution:
    given: dict[str, Any] = {
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "journey_id": None,
        "flow_id": "af_1",
        "flow_name": "Welcome",
        "created_at": BEGAN - timedelta(milliseconds=20),
        "started_at": BEGAN,
        "ended_at": BEGAN + timedelta(seconds=1.5),
        "steps": (_step("CREATE_USER", code=201), _step("SEND_EMAIL")),
        **more,
    }
    return EndedExecution(id=id_, status=status, **given)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("sluiceway").setLevel(logging.NOTSET)


def test_an_event_has_auth0s_type_and_says_what_ended() -> None:
    event: Any = event_of(_ended(), tenant_name="acme")
    failed: Any = event_of(_ended(ExecutionStatus.FAILED, error="ERR_X: no"), tenant_name="acme")

    assert event["log_id"] == "afe_1"
    assert event["data"]["type"] == "flows_execution_completed"
    assert event["data"]["date"] == "2026-03-01T09:30:01.500Z"
    assert event["data"]["details"]["duration_ms"] == 1500
    assert event["data"]["details"]["steps"] == 2
    assert failed["data"]["type"] == "flows_execution_failed"
    assert failed["data"]["description"] == "ERR_X: no"
    assert event_of(_ended(ExecutionStatus.CANCELLED), tenant_name="acme") is None


def test_events_are_log_lines_and_are_handed_on() -> None:
    stream, handed = io.StringIO(), list[Any]()
    configure_logging("json", stream=stream)
    observer = LogEvents(tenant_name="acme", hand_on=handed.append)

    observer.execution_ended(_ended())
    observer.execution_ended(_ended(ExecutionStatus.FAILED, error="ERR_X: no"))
    observer.execution_ended(_ended(ExecutionStatus.CANCELLED))

    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["level"], second["level"]) == ("info", "warning")
    assert first["event"] == handed[0]["data"]
    assert second["message"] == "afe_1 FAILED in 1.500 s: Welcome: ERR_X: no"
    assert len(handed) == 2


def test_console_lines_are_short_and_plain_off_a_terminal() -> None:
    stream = io.StringIO()
    configure_logging("console", stream=stream)

    LogEvents(tenant_name="acme").execution_ended(_ended())
    logging.getLogger("sluiceway.worker").warning("slow")
    logging.getLogger("another").info("not shown")
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("sluiceway").exception("broken")

    first, second, third, *trace = stream.getvalue().splitlines()
    assert first[8:] == " afe_1 COMPLETED in 1.500 s: Welcome"
    assert second[8:] == " warning: slow"
    assert third[8:] == " error: broken"
    assert trace[-1] == "ValueError: why"
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_colours() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure_logging("console", stream=stream)

    logging.getLogger("sluiceway").warning("slow")

    assert "\x1b[33mwarning: slow\x1b[0m" in stream.getvalue()


def test_json_lines_have_the_traceback_as_one_value() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)

    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("sluiceway").exception("broken")

    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert line["error"].endswith("ValueError: why")


class Receiver:
    """Takes posts, and answers as it is told: a status, or an error to raise."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.requests: list[OutboundRequest] = []

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        self.requests.append(request)
        status = self.answers.pop(0) if self.answers else 200
        if not status:
            raise TargetUnreachable("nobody is there")
        return OutboundResponse(status=status, headers={}, body=b"")

    @property
    def ids(self) -> list[list[str]]:
        return [[event["log_id"] for event in json.loads(r.body)] for r in self.requests]


def _webhook(receiver: Receiver, **more: Any) -> EventWebhook:
    return EventWebhook(
        url="https://logs.example.com/in",
        secret=SECRET,
        transport=receiver,
        now=lambda: BEGAN,
        pauses_s=(0, 0),
        **more,
    )


def _deliver(webhook: EventWebhook, *ids: str, seconds: float = 0.05) -> None:
    async def scenario() -> None:
        for id_ in ids:
            event = event_of(_ended(id_=id_), tenant_name="acme")
            assert event is not None
            webhook.put(event)
        task = asyncio.create_task(webhook.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


def test_events_are_posted_in_batches_and_signed() -> None:
    receiver = Receiver()

    _deliver(_webhook(receiver), *(f"afe_{n}" for n in range(250)))

    assert [len(ids) for ids in receiver.ids] == [100, 100, 50]
    first = receiver.requests[0]
    headers = {name.lower(): value for name, value in first.headers.items()}
    assert is_signed(headers, first.body, secret=SECRET, now=BEGAN)
    assert not is_signed(headers, first.body + b" ", secret=SECRET, now=BEGAN)


def test_a_post_that_fails_is_repeated_and_then_given_up() -> None:
    repeated, lost = Receiver(500, 0, 200), Receiver(500, 503, 0, 200)
    webhook = _webhook(lost)

    _deliver(_webhook(repeated), "afe_1")
    _deliver(webhook, "afe_1")

    assert repeated.ids == [["afe_1"]] * 3
    assert webhook.lost == 1
    assert len(lost.requests) == 3


def test_what_waits_is_tried_once_more_at_the_end() -> None:
    receiver, down = Receiver(), Receiver(0)

    _deliver(_webhook(receiver), "afe_1", seconds=0)
    _deliver(_webhook(down), "afe_1", seconds=0)

    assert receiver.ids == [["afe_1"]]
    assert len(down.requests) == 1


def test_too_many_that_wait_push_the_oldest_out() -> None:
    webhook = _webhook(Receiver())

    for n in range(10_003):
        webhook.put({"log_id": str(n)})

    assert webhook.lost == 3


def test_metrics_count_what_ended_and_how_long_it_took() -> None:
    metrics = ExecutionMetrics()

    metrics.execution_ended(_ended())
    metrics.execution_ended(_ended(ExecutionStatus.FAILED, steps=(_step("GET", status="FAILED"),)))

    lines = metrics.lines()
    assert 'sluiceway_executions_ended_total{status="COMPLETED"} 1.0' in lines
    assert 'sluiceway_executions_ended_total{status="FAILED"} 1.0' in lines
    assert "sluiceway_execution_seconds_sum 3.0" in lines
    assert (
        'sluiceway_steps_total{action="AUTH0/CREATE_USER",code="201",status="COMPLETED"} 1.0'
        in lines
    )
    assert 'sluiceway_step_seconds_bucket{action="AUTH0/GET",le="0.25"} 1.0' in lines
    shown = {line.split(" ")[2] for line in lines if line.startswith("# HELP")}
    assert set(METRICS) <= shown


def test_an_execution_is_a_trace_with_its_own_id() -> None:
    exporter = InMemorySpanExporter()
    traces = ExecutionTraces(SimpleSpanProcessor(exporter))

    traces.execution_ended(_ended())
    traces.execution_ended(
        _ended(
            ExecutionStatus.FAILED,
            trace_id="1" * 32,
            error="ERR_X: no",
            steps=(_step("GET", status="FAILED"),),
        )
    )
    spans = exporter.get_finished_spans()
    traces.close()

    create, email, root, failed_step, failed = spans
    assert root.name == "flow Welcome"
    assert {format(s.context.trace_id, "032x") for s in (create, email, root)} == {
        "0af7651916cd43dd8448eb211c80319c"
    }
    assert create.parent is not None
    assert create.parent.span_id == root.context.span_id
    assert root.parent is None
    assert create.attributes is not None
    assert create.attributes["http.response.status_code"] == 201
    assert create.kind.name == "CLIENT"
    assert email.kind.name == "INTERNAL"
    assert root.start_time is not None
    assert root.end_time is not None
    assert root.end_time - root.start_time == 1_500_000_000
    assert not failed.status.is_ok
    assert not failed_step.status.is_ok
    assert format(failed.context.trace_id, "032x") == "1" * 32


def test_an_observer_that_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def execution_ended(self, ended: EndedExecution) -> None:
            raise ValueError("no")

    metrics = ExecutionMetrics()
    observers = Observers(Broken())
    assert Observers().is_empty
    observers.add(metrics)

    observers.execution_ended(_ended())

    assert 'sluiceway_executions_ended_total{status="COMPLETED"} 1.0' in metrics.lines()
    assert "Broken could not take note of afe_1" in caplog.text
