"""Compare two flows, or two folders of flows, by meaning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from sluiceway.cli._session import run_async

if TYPE_CHECKING:
    from sluiceway.analysis.diff_report import FlowChange

__all__ = ["COMMAND"]


@click.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="markdown is for pull requests.",
)
@click.option("--json", "as_json_", is_flag=True, help="The same as --format json.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where there are differences.")
def COMMAND(  # noqa: N802 - a constant, found by its name
    before: str, after: str, *, format_: str, as_json_: bool, exit_code: bool
) -> int:
    """Compare two flows, or two folders of flows, by meaning.

    BEFORE and AFTER are files, folders, or flows of the database: an id, a name, or a version like
    NAME@3. Steps are matched by their ids; a renamed step takes its references along, and a step
    that moved is not one that went and came.
    """
    from sluiceway.analysis.diff_report import compare_sets  # noqa: PLC0415 - --help is quick
    from sluiceway.cli._flow_sets import load_flow_set  # noqa: PLC0415

    one, other = run_async(load_flow_set(before)), run_async(load_flow_set(after))
    changes = compare_sets(one, other)
    _write(changes, "json" if as_json_ else format_)
    return 1 if exit_code and any(changes) else 0


def _write(changes: list[FlowChange], format_: str) -> None:
    from sluiceway.analysis import diff_report  # noqa: PLC0415 - as above
    from sluiceway.cli._diffs import show_change  # noqa: PLC0415

    if format_ == "json":
        shown = [diff_report.as_json(change) for change in changes]
        click.echo(json.dumps({"flows": shown}, ensure_ascii=False, indent=2))
        return
    if format_ == "markdown":
        click.echo(diff_report.as_markdown(changes), nl=False)
        return
    different = [change for change in changes if change]
    for change in different:
        show_change(change)
        click.echo()
    same = len(changes) - len(different)
    if not different:
        click.echo(f"No differences in {same} flow{'' if same == 1 else 's'}.")
    elif same:
        click.echo(f"{same} flow{'' if same == 1 else 's'} unchanged.")
