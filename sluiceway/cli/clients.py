"""Create, list and revoke API clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from sluiceway.cli._session import current_settings, open_here, run_async

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["COMMAND"]


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """Create, list and revoke API clients."""


@COMMAND.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="What the client may do, like read:users; all without it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def create(name: str, *, scopes: tuple[str, ...], as_json: bool) -> int:
    """Create a client; its secret is shown once."""
    created = run_async(_create(name, scopes))
    if as_json:
        click.echo(json.dumps(created, indent=2))
        return 0
    click.echo(f"Client id:     {created['client_id']}")
    click.echo(f"Client secret: {created['client_secret']}")
    click.echo("The secret is not kept: write it down now.")
    return 0


@COMMAND.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, as_json: bool) -> int:
    """List the clients."""
    found = run_async(_list())
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    for client in found:
        click.echo(f"{client['client_id']}  {client['name']}")
    return 0


@COMMAND.command()
@click.argument("client_id")
def revoke(client_id: str) -> int:
    """Delete a client with its grants; its tokens last until they end."""
    run_async(_revoke(client_id))
    click.echo(f"Deleted {client_id}")
    return 0


async def _create(name: str, scopes: tuple[str, ...]) -> JsonObject:
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help need not load it
    from sluiceway.management import clients  # noqa: PLC0415
    from sluiceway.management.scopes import ALL_SCOPES  # noqa: PLC0415
    from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415

    for scope in scopes:
        if scope not in ALL_SCOPES:
            raise UsageError(
                f"expected a scope, found {scope!r}", hint=did_you_mean(scope, ALL_SCOPES)
            )
    async with open_here(current_settings()) as application:
        environment = application.tenant.environment
        client_id = clients.new_client_id(environment.random_bits)
        secret = clients.new_client_secret(environment.random_bits)
        await clients.add_client(
            environment,
            name=name,
            client_id=client_id,
            secret=secret,
            scopes=scopes or ALL_SCOPES,
        )
    return {"client_id": client_id, "client_secret": secret, "name": name}


async def _list() -> list[JsonObject]:
    from sluiceway.management.resources import list_items  # noqa: PLC0415
    from sluiceway.management.tenant_resources import CLIENTS  # noqa: PLC0415

    async with open_here(current_settings()) as application:
        page = await list_items(application.tenant.environment, CLIENTS, limit=1000)
    return [{"client_id": item["client_id"], "name": item["name"]} for item in page.items]


async def _revoke(client_id: str) -> None:
    from sluiceway.errors import UsageError  # noqa: PLC0415
    from sluiceway.management.resources import delete_item, load_item  # noqa: PLC0415
    from sluiceway.management.tenant_resources import CLIENTS  # noqa: PLC0415

    async with open_here(current_settings()) as application:
        if client_id == application.client.client_id:
            raise UsageError(
                "expected another client than the first: it is made anew at every start",
                hint="Change SLUICEWAY_CLIENT_SECRET, or delete the file that holds it.",
            )
        environment = application.tenant.environment
        await load_item(environment, CLIENTS, client_id)
        await delete_item(environment, CLIENTS, client_id)
