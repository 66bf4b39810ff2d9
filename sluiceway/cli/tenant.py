"""Reset the embedded tenant, fill it with samples, import users."""

from __future__ import annotations

from pathlib import Path

import click

from sluiceway.cli._session import current_settings, open_here, run_async

__all__ = ["COMMAND"]


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """Reset the embedded tenant, fill it with samples, import users."""


@COMMAND.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(*, yes: bool) -> int:
    """Delete the tenant's users, roles, organizations, connections and providers.

    Flows, vault connections, executions and API clients stay.
    """
    if not yes:
        click.confirm("Delete everything in the embedded tenant?", abort=True)
    count = run_async(_reset())
    click.echo(f"Deleted {count} objects.")
    return 0


@COMMAND.command()
def samples() -> int:
    """Fill an empty tenant with a few users and a flow."""
    if run_async(_samples()):
        click.echo("Added sample users, a role, an organization and a flow.")
    else:
        click.echo("The tenant is not empty: nothing was added.")
    return 0


@COMMAND.command(name="import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--connection", help="The connection to import into; the default one without it.")
@click.option("--upsert", is_flag=True, help="Change users that exist.")
def import_(path: Path, *, connection: str | None, upsert: bool) -> int:
    """Import users from Auth0's users export or import file: JSON, or a JSON object a line."""
    report = run_async(_import(path.read_bytes(), str(path), connection, upsert=upsert))
    click.echo(f"{report[0]} created, {report[1]} changed, {len(report[2])} refused")
    for line in report[2][:20]:
        click.echo(f"  {line}", err=True)
    return 1 if report[2] else 0


async def _reset() -> int:
    from sluiceway.management.tenant import reset_tenant  # noqa: PLC0415 - --help is quick

    async with open_here(current_settings()) as application:
        return await reset_tenant(application.tenant.environment)


async def _samples() -> bool:
    from sluiceway.management.sample_data import add_sample_data  # noqa: PLC0415

    async with open_here(current_settings()) as application:
        return await add_sample_data(application.tenant.environment)


async def _import(
    data: bytes, name: str, connection: str | None, *, upsert: bool
) -> tuple[int, int, list[str]]:
    from sluiceway.management.connections import DEFAULT_CONNECTION  # noqa: PLC0415
    from sluiceway.management.user_import import import_users, read_users  # noqa: PLC0415

    users = read_users(data, name=name)
    async with open_here(current_settings()) as application:
        report = await import_users(
            application.tenant.environment,
            users,
            connection=connection or DEFAULT_CONNECTION,
            upsert=upsert,
        )
    return report.created, report.changed, report.refused
