"""The trace of a run: a line a step, values under it, the ending."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from sluiceway.cli._trace import (
    PlainTrace,
    RichTrace,
    SilentTrace,
    Trace,
    _readable,
    _shortened,
    open_trace,
)

STEP: dict[str, Any] = {
    "id": "send_email",
    "alias": "Welcome [by] email",
    "type": "AUTH0",
    "action": "SEND_EMAIL",
    "status": "COMPLETED",
    "attempts": 1,
    "input": {"to": "ada@x.example", "body": "x" * 500, "list": list(range(20))},
    "output": {"success": True},
    "error": None,
    "status_code": None,
    "started_at": "2026-03-01T09:30:00.000Z",
    "ended_at": "2026-03-01T09:30:00.012Z",
}
FAILED = {
    **STEP,
    "alias": None,
    "action": "GET_USER",
    "status": "FAILED",
    "status_code": 500,
    "output": None,
    "error": {"code": "ERR_ACTION", "message": "no"},
    "ended_at": "2026-03-01T09:30:02.500Z",
}
RECORD = {
    "status": "FAILED",
    "started_at": "2026-03-01T09:30:00.000Z",
    "ended_at": "2026-03-01T09:30:03.000Z",
    "debug": {"steps": [STEP, STEP, FAILED]},
}


def show(trace: Trace) -> None:
    trace.started("Welcome [new]", "afe_1")
    trace.step_began(STEP)
    trace.step_ended(STEP)
    trace.step_ended(FAILED)
    trace.finished(RECORD)


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show(PlainTrace())

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Welcome [new]  afe_1"
    assert lines[1] == "COMPLETED  send_email  AUTH0/SEND_EMAIL  12 ms"
    assert lines[2].startswith('  input  {"to":"ada@x.example","body":"xxx')
    assert "… (500 characters)" in lines[2]
    assert '"… (8 more)"' in lines[2]
    assert lines[3] == '  output {"success":true}'
    assert lines[4] == "FAILED  send_email  AUTH0/GET_USER  500  2.50 s"
    assert lines[-1] == "FAILED  3 steps  3.00 s  queued: 2 emails"


def test_a_terminal_gets_titles_and_marks() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)

    show(RichTrace(console))

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✓ Welcome [by] email" in shown
    assert "✗ send_email" in shown
    assert "FAILED  3 steps" in shown


def test_json_gets_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    show(open_trace(as_json=True))

    assert isinstance(open_trace(as_json=True), SilentTrace)
    assert capsys.readouterr().out == ""


def test_what_is_no_terminal_gets_plain_lines() -> None:
    assert isinstance(open_trace(as_json=False), PlainTrace)


@given(
    st.recursive(
        st.text(max_size=12) | st.integers() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5)
        ),
        max_leaves=20,
    )
)
def test_what_a_terminal_shows_is_still_json(value: Any) -> None:
    assert json.loads(_readable(value, width=40)) == value


def test_headers_are_counted_not_listed() -> None:
    answer = {"status": 200, "headers": {"a": "1", "b": "2"}, "body": {"headers": {"c": "3"}}}

    assert _shortened(answer) == {**answer, "headers": "… (2 headers)"}
