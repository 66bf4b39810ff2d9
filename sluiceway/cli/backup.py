"""Copy the database while everything goes on."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sluiceway.cli._session import current_settings

__all__ = ["COMMAND"]


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def COMMAND(path: Path, *, as_json: bool) -> int:  # noqa: N802 - a constant, found by its name
    """Copy the SQLite database to PATH while everything goes on.

    The vault's key is not in the copy, and without it the copy's secrets cannot be opened: keep it
    too, in another place. PATH.json says which key it is.
    """
    from sluiceway.cli._copies import make_backup, note_path  # noqa: PLC0415 - --help is quick

    made = make_backup(current_settings(), path)
    if as_json:
        shown = {"path": str(made.path), "size_bytes": made.size_bytes, **made.note}
        click.echo(json.dumps(shown, indent=2))
        return 0
    note = made.note
    click.echo(
        f"Copied {_counted(note['flows'], 'flow')} and "
        f"{_counted(note['executions'], 'execution')} to {made.path} "
        f"({made.size_bytes / 1e6:,.1f} MB)."
    )
    click.echo(
        f"The vault key is not in it. Keep a copy of {note['key']['where']} in another place: "
        f"its fingerprint, {note['key']['fingerprint'] or 'known outside'}, is in "
        f"{note_path(path)}.",
        err=True,
    )
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
