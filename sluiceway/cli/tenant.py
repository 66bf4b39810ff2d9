"""Reset the embedded tenant, fill it with samples, import users."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._asking import confirm
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.models.json import JsonArray, JsonObject

__all__ = ["COMMAND"]

_PATH: Final = "/sluiceway/v1/tenant"
_AT_ONCE: Final = 200
_MOST_SHOWN: Final = 20

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """Reset the embedded tenant, fill it with samples, import users."""


@COMMAND.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
def reset(*, yes: bool, as_json: bool) -> int:
    """Delete the tenant's users, roles, organizations, connections and providers.

    Flows, vault connections, executions and API clients stay.
    """
    if not yes:
        confirm("Delete everything in the embedded tenant?")
    done = run_async(_post("reset"))
    if as_json:
        click.echo(json.dumps(done))
    else:
        count = done["deleted"]
        click.echo(f"Deleted {count} object{'' if count == 1 else 's'}.")
    return 0


@COMMAND.command()
@_as_json
def samples(*, as_json: bool) -> int:
    """Fill an empty tenant with a few users and a flow."""
    done = run_async(_post("samples"))
    if as_json:
        click.echo(json.dumps(done))
    elif done["added"]:
        click.echo("Added three users, a role, an organization, and a flow if there was none.")
    else:
        click.echo("The tenant is not empty: nothing was added.")
    return 0


@COMMAND.command(name="import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--connection", help="The connection to import into; the default one without it.")
@click.option("--upsert", is_flag=True, help="Change users that exist, found by id or email.")
@_as_json
def import_(path: Path, *, connection: str | None, upsert: bool, as_json: bool) -> int:
    """Import users from Auth0's users export or import file: JSON, or a JSON object a line."""
    from sluiceway.management.user_import import read_users  # noqa: PLC0415 - --help is quick

    users = read_users(path.read_bytes(), name=str(path))
    options: JsonObject = {"upsert": upsert}
    if connection:
        options["connection"] = connection
    report = run_async(_import(users, options))
    refused = report["refused"]
    if as_json:
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return 1 if refused else 0
    click.echo(f"{report['created']} created, {report['changed']} changed, {len(refused)} refused")
    for line in refused[:_MOST_SHOWN]:
        click.echo(f"  {line}", err=True)
    if len(refused) > _MOST_SHOWN:
        click.echo(f"  and {len(refused) - _MOST_SHOWN} more; --json lists them all", err=True)
    return 1 if refused else 0


async def _post(name: str) -> Any:  # an answer's shape is its route's
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    async with open_api(current_settings()) as api:
        return await api.call("POST", f"{_PATH}/{name}")


async def _import(users: list[JsonObject], options: JsonObject) -> dict[str, Any]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    report: dict[str, Any] = {"created": 0, "changed": 0, "refused": []}
    async with open_api(current_settings()) as api:
        for begin in range(0, len(users), _AT_ONCE):
            part: JsonArray = [*users[begin : begin + _AT_ONCE]]
            done = await api.call("POST", f"{_PATH}/users", {**options, "users": part})
            for name, value in done.items():
                report[name] += value
    return report
