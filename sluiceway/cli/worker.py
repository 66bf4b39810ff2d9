"""Run executions and deliver messages, beside other workers on one PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from sluiceway.cli._collector import spare_the_collector
from sluiceway.cli._session import current_settings, open_here, run_async

if TYPE_CHECKING:
    from sluiceway.engine.crew import Crew
    from sluiceway.settings import Settings

__all__ = ["COMMAND"]


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 10_000), help="Executions run at once.")
@click.option(
    "--metrics-port", type=click.IntRange(1, 65_535), help="Serve numbers for Prometheus here."
)
def COMMAND(*, concurrency: int | None, metrics_port: int | None) -> int:  # noqa: N802 - a constant, found by its name
    """Run executions and deliver messages, beside other workers on one PostgreSQL.

    On SIGTERM or Ctrl-C it takes nothing more, waits up to 20 s for what it has in hand, and gives
    the rest back to other workers; a second one gives everything back at once.
    """
    settings = current_settings()
    _refuse_second(settings)
    run_async(_work(settings, concurrency, metrics_port), is_lasting=True)
    return 0


def _refuse_second(settings: Settings) -> None:
    from sluiceway.cli._remote import find_server  # noqa: PLC0415 - --help need not load it
    from sluiceway.errors import UsageError  # noqa: PLC0415

    server = find_server(settings)
    if server is not None:
        raise UsageError(
            "expected a PostgreSQL database for a second worker, "
            f"found SQLite, which the server at {server.url} holds and works on itself",
            hint="Set SLUICEWAY_DATABASE_URL to postgresql://… for the server and its workers.",
        )


async def _work(settings: Settings, concurrency: int | None, metrics_port: int | None) -> None:
    from sluiceway.telemetry.logs import configure_logging  # noqa: PLC0415 - only when it works
    from sluiceway.telemetry.setup import observe  # noqa: PLC0415

    configure_logging(settings.log_format)
    async with (
        open_here(settings) as application,
        observe(application.engine.observers, settings, application.transport) as metrics,
    ):
        if metrics_port is not None:
            metrics.serve(metrics_port)
        crew = application.new_crew(concurrency=concurrency)
        running = asyncio.create_task(crew.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, crew)
        count = concurrency or settings.concurrency
        spare_the_collector()
        click.echo(f"Working on {application.store.url}, {count} executions at a time.")
        await running
    click.echo("Stopped.")


def _stop(crew: Crew) -> None:
    count = crew.in_flight
    if count:
        things = "thing" if count == 1 else "things"
        click.echo(f"Stopping: {count} {things} in hand; once more to give them back at once.")
    crew.stop()
