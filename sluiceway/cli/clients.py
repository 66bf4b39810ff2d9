"""Create, list and revoke API clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from sluiceway.cli._columns import columns, labelled
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.cli._remote import Api
    from sluiceway.models.json import JsonArray

__all__ = ["COMMAND"]

_CLIENTS: Final = "/api/v2/clients"
_GRANTS: Final = "/api/v2/client-grants"
_PAGE: Final = 100

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


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
@_as_json
def create(name: str, *, scopes: tuple[str, ...], as_json: bool) -> int:
    """Create a client; its secret is shown once."""
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help need not load it
    from sluiceway.management.scopes import ALL_SCOPES  # noqa: PLC0415
    from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415

    for scope in scopes:
        if scope not in ALL_SCOPES:
            raise UsageError(
                f"expected a scope, found {scope!r}", hint=did_you_mean(scope, ALL_SCOPES)
            )
    created = run_async(_create(name, scopes or ALL_SCOPES))
    if as_json:
        click.echo(json.dumps(created, indent=2))
        return 0
    click.echo(
        labelled(
            [
                ("Client id", created["client_id"]),
                ("Client secret", created["client_secret"]),
                ("Audience", created["audience"]),
            ]
        )
    )
    click.echo("Only a hash of the secret is kept: write it down now.", err=True)
    return 0


@COMMAND.command(name="list")
@_as_json
def list_(*, as_json: bool) -> int:
    """List the clients."""
    found = run_async(_list())
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    rows = [[one["client_id"], _scopes(one["scopes"]), one["name"]] for one in found]
    click.echo(columns(["CLIENT ID", "SCOPES", "NAME"], rows))
    return 0


@COMMAND.command()
@click.argument("client_id")
@_as_json
def revoke(client_id: str, *, as_json: bool) -> int:
    """Delete a client with its grants; its tokens end within ten seconds."""
    name = run_async(_revoke(client_id))
    gone = {"client_id": client_id, "name": name, "revoked": True}
    click.echo(json.dumps(gone) if as_json else f"Revoked {client_id} ({name}).")
    return 0


def _scopes(scopes: list[str]) -> str:
    from sluiceway.management.scopes import ALL_SCOPES  # noqa: PLC0415 - --help is quick

    if len(scopes) == 1:
        return scopes[0]
    return "all" if set(scopes) >= set(ALL_SCOPES) else str(len(scopes))


async def _create(name: str, scopes: tuple[str, ...]) -> dict[str, str]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    async with open_api(current_settings()) as api:
        audience = await _audience(api)
        made = await api.call("POST", _CLIENTS, {"name": name, "app_type": "non_interactive"})
        scope: JsonArray = [*scopes]
        grant = {"client_id": made["client_id"], "audience": audience, "scope": scope}
        await api.call("POST", _GRANTS, grant)
    return {
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "name": name,
        "audience": audience,
    }


async def _audience(api: Api) -> str:
    found = await api.call("GET", "/.well-known/openid-configuration")
    return f"{found['issuer']}api/v2/"


async def _list() -> list[dict[str, Any]]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415

    async with open_api(current_settings()) as api:
        audience = await _audience(api)
        clients = await _all(api, _CLIENTS)
        grants = await _all(api, _GRANTS)
    scopes = {g.get("client_id"): g["scope"] for g in grants if g["audience"] == audience}
    return [
        {
            "client_id": one["client_id"],
            "name": one["name"],
            "scopes": scopes.get(one["client_id"], []),
        }
        for one in clients
    ]


async def _all(api: Api, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = 0
    while True:
        part = await api.call("GET", path, query={"page": page, "per_page": _PAGE})
        found += part
        if len(part) < _PAGE:
            return found
        page += 1


async def _revoke(client_id: str) -> str:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415
    from sluiceway.errors import UsageError  # noqa: PLC0415

    path = f"{_CLIENTS}/{quote(client_id, safe='')}"
    async with open_api(current_settings()) as api:
        if client_id == api.client_id:
            raise UsageError(
                "expected another client than the first: it is made anew at every start",
                hint="Change SLUICEWAY_CLIENT_SECRET, or delete the file that holds it.",
            )
        name = str((await api.call("GET", path))["name"])
        await api.call("DELETE", path)
    return name
