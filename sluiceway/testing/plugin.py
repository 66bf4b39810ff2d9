"""The pytest plugin: the fixtures ``run_flow``, ``tenant``, ``outbox`` and ``clock``.

Nothing is imported before a test asks for a fixture. One stage serves a whole session, in a thread
of its own, so that tests may be coroutines or not; each test meets it cleared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.rehearsal.clock import StandingClock
    from sluiceway.testing.fixtures import FlowRunner, Outbox, StageThread, TestTenant

__all__ = ["clock", "outbox", "run_flow", "sluiceway_stage", "tenant"]


@pytest.fixture(scope="session")
def sluiceway_stage() -> Iterator[StageThread]:
    """Open the one stage of the session."""
    from sluiceway.testing.fixtures import StageThread  # noqa: PLC0415 - pytest starts quickly

    thread = StageThread()
    try:
        yield thread
    finally:
        thread.close()


@pytest.fixture
def _cleared_stage(sluiceway_stage: StageThread) -> StageThread:
    """Return the stage, cleared for one test."""
    sluiceway_stage.reset()
    return sluiceway_stage


@pytest.fixture
def clock(_cleared_stage: StageThread) -> StandingClock:
    """Return the clock that flows and the tenant read: ``now``, ``set``, ``advance``."""
    return _cleared_stage.clock


@pytest.fixture
def tenant(_cleared_stage: StageThread) -> TestTenant:
    """Return the embedded tenant: ``create_user``, ``get_user``, ``call``."""
    return _cleared_stage.tenant


@pytest.fixture
def outbox(_cleared_stage: StageThread) -> Outbox:
    """Return the messages that flows queued in this test, in order."""
    return _cleared_stage.outbox


@pytest.fixture
def run_flow(_cleared_stage: StageThread) -> FlowRunner:
    """Return a function that runs a flow to its end; see ``FlowRunner``."""
    return _cleared_stage.runner
