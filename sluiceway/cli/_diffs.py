"""Differences of flows on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from sluiceway.analysis.diff_report import as_lines

if TYPE_CHECKING:
    from sluiceway.analysis.diff_report import FlowChange

__all__ = ["show_change"]

_COLOURS: Final = {"+": "green", "-": "red", "~": "yellow", ">": "cyan", "=": "cyan"}


def show_change(change: FlowChange) -> None:
    """Write one flow's changes under its name."""
    click.echo(click.style(change.name or "flow", bold=True))
    for mark, line in as_lines(change):
        if mark == " ":
            inner = line.strip(" ")[:1]
            click.echo(f"    {click.style(line, fg=_COLOURS.get(inner))}")
        else:
            click.echo(f"  {click.style(mark, fg=_COLOURS.get(mark))} {line}")
