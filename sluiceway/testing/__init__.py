"""Test flows: YAML cases for ``sluiceway test``, and fixtures for pytest.

The fixtures come with the package (``plugin.py``), and need no import::

    def test_a_welcome_is_sent(run_flow, outbox):
        run = run_flow("flows/welcome.json", fields={"email": "ada@example.com"})

        assert run.status == "COMPLETED"
        assert outbox[0]["subject"] == "Welcome"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluiceway.rehearsal.mocks import StepMock
    from sluiceway.testing.fixtures import http

__all__ = ["StepMock", "http"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: pytest loads this package at every start."""
    if name == "http":
        from sluiceway.testing.fixtures import http  # noqa: PLC0415

        return http
    if name == "StepMock":
        from sluiceway.rehearsal.mocks import StepMock  # noqa: PLC0415

        return StepMock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
