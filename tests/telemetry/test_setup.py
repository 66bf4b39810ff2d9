"""Servers and workers observe what they carry out."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway import AsyncRuntime
from sluiceway.errors import UsageError
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.settings import load_settings
from sluiceway.telemetry.metrics import ExecutionMetrics
from sluiceway.telemetry.setup import observe

if TYPE_CHECKING:
    from pathlib import Path

FLOW: list[Any] = [
    {"id": "wait", "type": "FLOW", "action": "DO_NOTHING", "params": {}},
    {"id": "end", "type": "FLOW", "action": "RETURN_JSON", "params": {"payload": {"x": 1}}},
]


class Receiver:
    """Takes posts."""

    def __init__(self) -> None:
        self.requests: list[OutboundRequest] = []

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        self.requests.append(request)
        return OutboundResponse(status=204, headers={}, body=b"")


def test_an_execution_is_counted_logged_and_posted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="sluiceway")
    receiver = Receiver()
    settings = load_settings(
        environment={"SLUICEWAY_WEBHOOK_URL": "https://logs.example.com"}, folder=tmp_path, flags={}
    )

    async def scenario() -> list[str]:
        async with AsyncRuntime() as runtime:
            application: Any = runtime._application
            async with observe(
                application.engine.observers, settings, receiver, environment={}
            ) as metrics:
                await runtime.run(FLOW)
                await asyncio.sleep(0.05)
            return metrics.lines()

    lines = asyncio.run(scenario())

    assert 'sluiceway_executions_ended_total{status="COMPLETED"} 1.0' in lines
    assert any(line.startswith('sluiceway_steps_total{action="FLOW/DO_NOTHING"') for line in lines)
    assert "COMPLETED in" in caplog.text
    (event,) = json.loads(receiver.requests[0].body)
    assert event["data"]["type"] == "flows_execution_completed"
    assert event["data"]["details"]["steps"] == 2
    assert "webhook-signature" not in receiver.requests[0].headers


def test_traces_go_where_the_standard_variables_say(tmp_path: Path) -> None:
    settings = load_settings(environment={}, folder=tmp_path, flags={})
    with socket.create_server(("127.0.0.1", 0)) as collector:
        port = collector.getsockname()[1]
        collector.settimeout(20)
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}

        async def scenario() -> bytes:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(None, _answer_one, collector)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(
                    "OTEL_EXPORTER_OTLP_ENDPOINT", environment["OTEL_EXPORTER_OTLP_ENDPOINT"]
                )
                async with AsyncRuntime() as runtime:
                    application: Any = runtime._application
                    async with observe(
                        application.engine.observers, settings, Receiver(), environment=environment
                    ):
                        await runtime.run(FLOW)
            return await asked

        sent = asyncio.run(scenario())

    assert sent.startswith(b"POST /v1/traces")
    assert b"FLOW/RETURN_JSON end" in sent


def _answer_one(collector: socket.socket) -> bytes:
    connection, _ = collector.accept()
    with connection:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65_536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    return head + b"\r\n\r\n" + body


def test_traces_can_be_switched_off(tmp_path: Path) -> None:
    settings = load_settings(environment={}, folder=tmp_path, flags={})
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}

    async def scenario() -> None:
        async with AsyncRuntime() as runtime:
            application: Any = runtime._application
            async with observe(
                application.engine.observers, settings, Receiver(), environment=environment
            ):
                assert len(application.engine.observers._observers) == 2

    asyncio.run(scenario())


def test_a_worker_serves_its_numbers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        with pytest.raises(UsageError, match="expected a free port"):
            ExecutionMetrics().serve(port)
    ExecutionMetrics().serve(port)

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"sluiceway_execution_seconds" in answer.read()
