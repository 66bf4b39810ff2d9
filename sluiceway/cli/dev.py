"""Serve everything in one process for trying out: sample data, no real messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sluiceway.cli._columns import labelled
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.bootstrap import Application
    from sluiceway.cli._tls import LocalCertificate

__all__ = ["COMMAND"]


@click.command()
@click.option(
    "--port",
    default=4080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 takes a free one.",
)
@click.option("--tls", is_flag=True, help="Serve https, with a certificate of a local authority.")
@click.option(
    "--sample-data/--no-sample-data",
    "has_samples",
    default=True,
    show_default=True,
    help="Fill an empty tenant with a few users and a flow.",
)
def COMMAND(*, port: int, tls: bool, has_samples: bool) -> int:  # noqa: N802 - found by its name
    """Serve the API, the console, a worker and the embedded tenant in one process.

    Only this machine can reach it, and a browser here is signed in by itself. Messages are captured
    until a provider is set up.
    """
    from sluiceway.cli._serving import ServeOptions, print_authority, serve  # noqa: PLC0415 - heavy
    from sluiceway.management.sample_data import add_sample_data  # noqa: PLC0415

    async def ready(
        application: Application, url: str, certificate: LocalCertificate | None
    ) -> None:
        if has_samples:
            await add_sample_data(application.tenant.environment)
        click.echo(
            labelled(
                [
                    ("Console", f"{url}/"),
                    ("Management API", f"{url}/api/v2/"),
                    ("API reference", f"{url}/sluiceway/v1/docs"),
                    ("Client id", application.client.client_id),
                    ("Client secret", application.client.secret),
                ]
            )
        )
        print_authority(certificate)
        click.echo("Press Ctrl+C to stop.")

    options = ServeOptions(port=port, tls=tls, is_development=True)
    run_async(serve(current_settings(), options, ready=ready), is_lasting=True)
    return 0
