"""Stop a server when told to: answer what is being asked, finish what is in hand, clean up.

uvicorn would take the signals itself, and raise them again once it has ended: the process would
die before its worker is done and its files are gone.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click
import uvicorn

if TYPE_CHECKING:
    from collections.abc import Generator

    from sluiceway.engine.crew import Crew

__all__ = ["SignallessServer", "stopping"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class SignallessServer(uvicorn.Server):
    """A server that leaves signals to others."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


@contextmanager
def stopping(server: uvicorn.Server, crew: Crew) -> Generator[None]:
    """Let the first signal stop *server* and *crew*, and the second one wait for nothing."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if server.should_exit:
            server.force_exit = True
        elif count := crew.in_flight:
            things = "thing" if count == 1 else "things"
            click.echo(f"Stopping: {count} {things} in hand; once more to give them back at once.")
        server.should_exit = True
        crew.stop()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
