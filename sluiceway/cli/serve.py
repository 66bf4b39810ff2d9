"""Serve the API and the console, with a worker, for production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.bootstrap import Application
    from sluiceway.cli._tls import LocalCertificate

__all__ = ["COMMAND"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=4080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 takes a free one.",
)
@click.option("--tls", is_flag=True, help="Serve https, with a certificate of a local authority.")
@click.option(
    "--worker/--no-worker",
    "has_worker",
    default=True,
    show_default=True,
    help="Run executions in this process too.",
)
@click.option("--concurrency", type=click.IntRange(1, 10_000), help="Executions run at once.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    host: str, *, port: int, tls: bool, has_worker: bool, concurrency: int | None
) -> int:
    """Serve the API and the console, with a worker, for production."""
    from sluiceway.cli._serving import (  # noqa: PLC0415 - heavy, and --help need not load it
        ServeOptions,
        is_loopback,
        print_authority,
        serve,
    )

    options = ServeOptions(
        host=host, port=port, tls=tls, workers=has_worker, concurrency=concurrency
    )

    async def ready(
        application: Application, url: str, certificate: LocalCertificate | None
    ) -> None:
        click.echo(f"Serving on {url}")
        if application.client.path:
            click.echo(f"The first client's id and secret are in {application.client.path}")
        if not (tls or is_loopback(host)):
            click.echo(
                "This address is reachable from other machines without https: put a proxy that "
                "has it in front, or use --tls.",
                err=True,
            )
        print_authority(certificate)

    run_async(serve(current_settings(), options, ready=ready), is_lasting=True)
    return 0
