"""Put a backup in place of a database that is gone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sluiceway.cli._session import current_settings, run_async

__all__ = ["COMMAND"]


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def COMMAND(path: Path, *, as_json: bool) -> int:  # noqa: N802 - a constant, found by its name
    """Put the backup PATH where the database is to be.

    A database that is there is never overwritten: move it away first. The key that opens the backup
    must be in place before.
    """
    from sluiceway.cli._copies import restore_backup  # noqa: PLC0415 - --help is quick

    made = run_async(restore_backup(current_settings(), path))
    if as_json:
        click.echo(json.dumps({"path": str(made.path), "size_bytes": made.size_bytes}, indent=2))
    else:
        click.echo(
            f"Restored {made.path} ({made.size_bytes / 1e6:,.1f} MB); the vault key opens it."
        )
    return 0
