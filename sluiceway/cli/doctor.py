"""Say what is set up and what is wrong; search for secrets that leaked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._columns import columns
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.cli._checkup import Checkup
    from sluiceway.cli._leaks import LeakReport

__all__ = ["COMMAND"]

_MARKS: Final = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@click.command()
@click.option("--leaks", is_flag=True, help="Plant secrets, run flows, search all that is written.")
@click.option("--online", is_flag=True, help="Also try every connection of the vault.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def COMMAND(*, leaks: bool, online: bool, as_json: bool) -> int:  # noqa: N802 - a constant, found by its name
    """Say what is set up, where each setting came from, and what is wrong.

    With --leaks, secrets of every kind are planted in a database of its own, flows carry them to a
    service that repeats them in every encoding, and everything that was written is searched for
    them: the database's files, logs, events, answers of the API.
    """
    if leaks:
        from sluiceway.cli._leaks import search_leaks  # noqa: PLC0415 - --help is quick

        report = run_async(search_leaks())
        _print_leaks(report, as_json=as_json)
        return 0 if report.is_good else 1
    from sluiceway.cli._checkup import check_up  # noqa: PLC0415 - --help is quick

    checkup = run_async(check_up(current_settings(), is_online=online))
    if as_json:
        _print(checkup.as_json())
    else:
        _print_checkup(checkup)
    return checkup.exit_status


def _print_checkup(checkup: Checkup) -> None:
    rows = [[one.name, one.shown, one.origin] for one in checkup.settings]
    click.echo(columns(["SETTING", "VALUE", "FROM"], rows))
    click.echo("")
    for check in checkup.checks:
        mark, colour = _MARKS[check.status]
        click.echo(f"{click.style(mark, fg=colour)} {check.name}: {check.message}")
        if check.hint:
            click.echo(f"    {check.hint}")


def _print_leaks(report: LeakReport, *, as_json: bool) -> None:
    if as_json:
        _print(report.as_json())
        return
    megabytes = sum(report.places.values()) / 1e6
    click.echo(
        f"Planted {len(report.canaries)} secrets, ran {len(report.executions)} flows, "
        f"which sent them {report.echoed} times; searched {len(report.places)} places, "
        f"{megabytes:.1f} MB."
    )
    for hit in report.hits:
        click.echo(f"  {hit.place}, at {hit.offset}: {hit.canary} ({hit.encoding})", err=True)
    if report.hits:
        click.echo("Secrets leaked: this is a defect of Sluiceway, please report it.", err=True)
    elif report.is_good:
        mark, colour = _MARKS["ok"]
        click.echo(f"{click.style(mark, fg=colour)} None of them was found, in any encoding.")
    else:
        click.echo("What is not hidden was not found either: the search proves nothing.", err=True)


def _print(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
