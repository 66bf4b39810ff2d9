"""List who changed what, when and from where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._columns import columns
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.settings import Settings

__all__ = ["COMMAND"]

_PATH: Final = "/sluiceway/v1/audit"
_PAGE: Final = 100


@click.command()
@click.option("--target", metavar="PATH", help="Only changes of this, like /api/v2/flows/af_…")
@click.option("--take", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def COMMAND(*, target: str | None, take: int, as_json: bool) -> int:  # noqa: N802 - a constant, found by its name
    """List who changed what, when and from where, newest first.

    Which fields a change named is kept, their values never are.
    """
    found = run_async(_load(current_settings(), target, take))
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    rows = [
        [
            entry["at"],
            entry["actor"],
            entry["details"].get("from", ""),
            entry["details"].get("with", ""),
            f"{entry['action'].partition(' ')[0]} {entry['target']}",
        ]
        for entry in found
    ]
    if rows:
        click.echo(columns(["AT", "WHO", "FROM", "WITH", "WHAT"], rows))
    else:
        click.echo("Nothing has been changed yet.", err=True)
    return 0


async def _load(settings: Settings, target: str | None, take: int) -> list[dict[str, Any]]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    found: list[dict[str, Any]] = []
    async with open_api(settings) as api:
        while len(found) < take:
            size = min(_PAGE, take - len(found))
            before = found[-1]["seq"] if found else None
            answer = await api.call(
                "GET", _PATH, query={"take": size, "target": target, "before": before}
            )
            page: list[dict[str, Any]] = answer["entries"]
            found += page
            if len(page) < size:
                break
    return found
