"""Install or upgrade the database's schema, or say of which version it is."""

from __future__ import annotations

import click

from sluiceway.cli._session import current_settings

__all__ = ["COMMAND"]

_KIB = 1024


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """Install or upgrade the database's schema, or say of which version it is."""


@COMMAND.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(*, as_json: bool) -> int:
    """Say of which version the database is; exit with 1 if it needs an upgrade."""
    from sluiceway.storage.upgrade import database_status  # noqa: PLC0415 - --help need not load it

    found = database_status(current_settings().database_url)
    if as_json:
        import json  # noqa: PLC0415 - when used

        click.echo(json.dumps(found.as_json(), indent=2))
        return 0 if found.is_current else 1
    click.echo(f"Database  {found.url}")
    click.echo(f"Schema    {found.schema or 'none'} (this version: {found.newest_schema})")
    if found.absurd is not None:
        click.echo(f"Absurd    {found.absurd or 'none'}")
    click.echo(f"Size      {_size(found.size_bytes)}")
    if found.is_current:
        click.echo("Up to date.")
        return 0
    if found.is_newer:
        click.echo("A newer version of Sluiceway wrote it: install that, or a newer one.")
    else:
        click.echo("Run: sluiceway database upgrade")
    return 1


@COMMAND.command()
def upgrade() -> int:
    """Install the schema, or bring it up to date. Running it again changes nothing."""
    from sluiceway.storage.upgrade import upgrade_database  # noqa: PLC0415 - as above

    done = upgrade_database(current_settings().database_url)
    for sentence in done:
        click.echo(sentence[:1].upper() + sentence[1:])
    click.echo("Up to date." if done else "Nothing to do: the database is up to date.")
    return 0


def _size(size: int) -> str:
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < _KIB:
            break
        amount, unit = amount / _KIB, larger
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
