"""Keep, try and rotate the secrets that flows use."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from sluiceway.cli._columns import columns, labelled
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sluiceway.cli._remote import Api

__all__ = ["COMMAND"]

_WIRE: Final = "/api/v2/flows/vault/connections"
_OURS: Final = "/sluiceway/v1/vault"
_PAGE: Final = 100
_MANY: Final = 12

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_setup = click.option(
    "--setup", "setup_file", metavar="FILE", help="The whole setup as JSON; - is standard input."
)
_type = click.option("--type", "type_", metavar="TYPE", help="The kind of setup, like BEARER.")


_host = click.option(
    "--host",
    "hosts",
    metavar="HOST",
    multiple=True,
    help="A host that the credentials may go to, and no other: of app HTTP. Give all of them.",
)


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """Keep, try and rotate the secrets that flows use."""


@COMMAND.command(name="list")
@_as_json
def list_(*, as_json: bool) -> int:
    """List the connections, never their secrets."""
    found = run_async(_with_api(_list))
    if as_json:
        _print(found)
        return 0
    if not found:
        click.echo("The vault is empty. Add one: sluiceway vault create NAME --app AUTH0", err=True)
        return 0
    rows = [
        [one["id"], one["app_id"], "ready" if one["ready"] else "empty", one["name"]]
        for one in found
    ]
    click.echo(columns(["ID", "APP", "STATE", "NAME"], rows))
    return 0


@COMMAND.command()
@click.argument("connection")
@_as_json
def show(connection: str, *, as_json: bool) -> int:
    """Show one connection, never its secrets."""

    async def work(api: Api) -> Any:
        found = await _find(api, connection)
        return {**found, "hosts": (await api.call("GET", _hosts_of(found)))["hosts"]}

    found = run_async(_with_api(work))
    if as_json:
        _print(found)
        return 0
    _show(found)
    return 0


@COMMAND.command()
@click.argument("name")
@click.argument("values", metavar="[NAME=VALUE]…", nargs=-1)
@click.option("--app", "app_id", metavar="APP", required=True, help="Like AUTH0, HTTP, TWILIO.")
@_type
@_setup
@_host
@click.option("--empty", is_flag=True, help="Make it without secrets, to be set up later.")
@_as_json
def create(
    name: str,
    values: tuple[str, ...],
    *,
    app_id: str,
    type_: str | None,
    setup_file: str | None,
    hosts: tuple[str, ...],
    empty: bool,
    as_json: bool,
) -> int:
    r"""Make a connection; secrets come from a file, standard input or a prompt.

    \b
    sluiceway vault create Tenant --app AUTH0 domain=acme.eu.auth0.com client_id=abc
    sluiceway vault create Api --app HTTP --type BEARER token=@token.txt
    pass show twilio | sluiceway vault create Sms --app TWILIO account_id=AC… api_key=@-
    """

    async def work(api: Api) -> Any:
        body: dict[str, Any] = {"name": name, "app_id": app_id.upper()}
        if not empty:
            body["setup"] = await _setup_of(
                api, app_id.upper(), values, setup_file=setup_file, type_=type_
            )
        _check_hosts(app_id.upper(), hosts)
        made = await api.call("POST", _WIRE, body)
        if hosts:
            await api.call("PUT", _hosts_of(made), {"hosts": [*hosts]})
        return made

    made = run_async(_with_api(work))
    if as_json:
        _print(made)
        return 0
    click.echo(f"Made {made['name']} ({made['id']}).")
    if made["ready"]:
        click.echo(f"Try it: sluiceway vault test {_quoted(made['name'])}", err=True)
    return 0


@COMMAND.command()
@click.argument("connection")
@click.argument("values", metavar="[NAME=VALUE]…", nargs=-1)
@click.option("--name", help="A new name.")
@_type
@_setup
@_host
@click.option("--any-host", is_flag=True, help="Forget the hosts: those that flows write.")
@_as_json
def update(
    connection: str,
    values: tuple[str, ...],
    *,
    name: str | None,
    type_: str | None,
    setup_file: str | None,
    hosts: tuple[str, ...],
    any_host: bool,
    as_json: bool,
) -> int:
    """Rename a connection, say where it may go, or give it other secrets; it counts at once."""

    async def work(api: Api) -> Any:
        found = await _find(api, connection)
        _check_hosts(found["app_id"], hosts)
        body: dict[str, Any] = {} if name is None else {"name": name}
        changes_hosts = bool(hosts) or any_host
        if values or setup_file or type_ or (name is None and not changes_hosts):
            body["setup"] = await _setup_of(
                api, found["app_id"], values, setup_file=setup_file, type_=type_
            )
        if changes_hosts:
            await api.call("PUT", _hosts_of(found), {"hosts": [*hosts]})
        return await api.call("PATCH", f"{_WIRE}/{found['id']}", body) if body else found

    changed = run_async(_with_api(work))
    if as_json:
        _print(changed)
    else:
        click.echo(f"Changed {changed['name']} ({changed['id']}).")
    return 0


@COMMAND.command()
@click.argument("connection")
@click.option("--force", is_flag=True, help="Although flows use it: they will fail.")
@_as_json
def delete(connection: str, *, force: bool, as_json: bool) -> int:
    """Delete a connection, unless flows use it."""

    async def work(api: Api) -> Any:
        found = await _find(api, connection)
        path = f"{_OURS}/connections/{found['id']}"
        await api.call("DELETE", path, query={"force": force})
        return found

    gone = run_async(_with_api(work))
    if as_json:
        _print({"id": gone["id"], "name": gone["name"], "deleted": True})
    else:
        click.echo(f"Deleted {gone['name']} ({gone['id']}).")
    return 0


@COMMAND.command()
@click.argument("connection")
@_as_json
def test(connection: str, *, as_json: bool) -> int:
    """Try a connection, and say what its client may do and what flows need."""

    async def work(api: Api) -> Any:
        id_ = (await _find(api, connection))["id"] if connection != "local" else connection
        return await api.call("POST", f"{_OURS}/connections/{id_}/test")

    result = run_async(_with_api(work))
    if as_json:
        _print(result)
        return 0 if result["ok"] else 1
    error = result.get("error", {})
    mark = click.style("✓", fg="green") if result["ok"] else click.style("✗", fg="red")
    click.echo(f"{mark} {result['name']}: {result['message']} ({result['took_ms']} ms)")
    _show_scopes(result.get("scopes") or {})
    if error.get("hint"):
        click.echo(f"  hint: {error['hint']}", err=True)
    return 0 if result["ok"] else 1


@COMMAND.command(name="where-used")
@click.argument("connection")
@_as_json
def where_used(connection: str, *, as_json: bool) -> int:
    """List the flows and steps that use a connection."""

    async def work(api: Api) -> Any:
        id_ = (await _find(api, connection))["id"] if connection != "local" else connection
        return await api.call("GET", f"{_OURS}/connections/{id_}/where-used")

    found = run_async(_with_api(work))
    if as_json:
        _print(found)
        return 0
    rows = [
        [flow["name"], step["id"], f"{step['type']}/{step['action']}", step["at"]]
        for flow in found["flows"]
        for step in flow["steps"]
    ]
    click.echo(columns(["FLOW", "STEP", "ACTION", "AT"], rows) if rows else "No flow uses it.")
    return 0


@COMMAND.command()
@_as_json
def keys(*, as_json: bool) -> int:
    """List the data keys, never the keys themselves."""
    found = run_async(_with_api(lambda api: api.call("GET", f"{_OURS}/keys")))
    if as_json:
        _print(found)
        return 0
    click.echo(f"Wrapped by the master key in {found['master_key']}")
    rows = [
        [str(key["version"]), key["state"], key["created_at"], key["changed_at"]]
        for key in found["keys"]
    ]
    click.echo(columns(["KEY", "STATE", "MADE", "CHANGED"], rows))
    return 0


@COMMAND.command(name="rotate-key")
@click.option("--master", is_flag=True, help="Rotate the master key, which wraps the data keys.")
@click.option(
    "--new-key-file",
    metavar="FILE",
    help="With --master: the new key, where the key is a setting; made if the file is missing.",
)
@_as_json
def rotate_key(*, master: bool, new_key_file: str | None, as_json: bool) -> int:
    """Seal every secret with a new data key, while everything goes on.

    What was interrupted goes on where it stopped when it is run again.
    """
    from sluiceway.cli._rotation import renew_master_key, rotate  # noqa: PLC0415 - --help is quick

    if master or new_key_file:
        done = run_async(renew_master_key(current_settings(), new_key_file))
        if as_json:
            _print(done)
        else:
            click.echo(done["message"])
        return 0
    is_watched = sys.stderr.isatty() and not as_json
    report = run_async(_with_api(lambda api: rotate(api, shows_progress=is_watched)))
    if as_json:
        _print(report)
        return 1 if report["broken"] else 0
    word = "Went on with the rotation: sealed" if report["resumed"] else "Sealed"
    click.echo(f"{word} {report['resealed']:,} secrets anew, with data key {report['version']}.")
    _show_broken(report["broken"])
    return 1 if report["broken"] else 0


@COMMAND.command()
@_as_json
def verify(*, as_json: bool) -> int:
    """Open every secret of the database, and say which cannot be opened."""
    report = run_async(_with_api(lambda api: api.call("POST", f"{_OURS}/verify")))
    if as_json:
        _print(report)
        return 0 if report["ok"] else 1
    rows = [[key, f"{count:,}"] for key, count in report["by_key"].items()]
    if rows:
        click.echo(columns(["KEY", "SECRETS"], rows))
    good = report["total"] - len(report["broken"])
    click.echo(f"{good:,} of {report['total']:,} secrets open.")
    _show_broken(report["broken"])
    return 0 if report["ok"] else 1


def _hosts_of(found: dict[str, Any]) -> str:
    return f"{_OURS}/connections/{found['id']}/hosts"


def _check_hosts(app_id: str, hosts: tuple[str, ...]) -> None:
    from sluiceway.errors import UsageError  # noqa: PLC0415 - --help is quick
    from sluiceway.vault.hosts import parse_hosts  # noqa: PLC0415

    if hosts and app_id != "HTTP":
        raise UsageError(
            f"expected --host with a connection of app HTTP, found one of app {app_id}",
            hint="The others go to their own service anyway.",
        )
    parse_hosts(hosts)


def _show(found: dict[str, Any]) -> None:
    click.echo(
        labelled(
            [
                ("Id", found["id"]),
                ("Name", found["name"]),
                ("App", found["app_id"]),
                ("State", "ready" if found["ready"] else "empty: it has no secrets yet"),
                ("Account", found.get("account_name") or ""),
                ("Environment", found.get("environment") or ""),
                ("Hosts", _shown_hosts(found)),
                ("Made", found["created_at"]),
                ("Changed", found["updated_at"]),
                ("Fingerprint", found["fingerprint"]),
            ]
        )
    )


def _shown_hosts(found: dict[str, Any]) -> str:
    if found["app_id"] != "HTTP":
        return ""
    return ", ".join(found["hosts"]) or "those that flows write"


def _show_scopes(scopes: dict[str, Any]) -> None:
    granted = scopes.get("granted")
    if granted is not None and len(granted) > _MANY:
        click.echo(f"  has:    {len(granted)} scopes; --json lists them")
    elif granted is not None:
        click.echo(f"  has:    {' '.join(granted) or 'no scopes'}")
    elif "needed" in scopes:
        click.echo("  has:    the tenant does not say")
    for scope, flows in scopes.get("needed", {}).items():
        mark = "✗" if scope in (scopes.get("missing") or ()) else " "
        click.echo(f"  needs: {mark}{scope}  for {', '.join(flows)}")


def _show_broken(broken: list[str]) -> None:
    for place in broken:
        click.echo(f"  cannot be opened: {place}", err=True)
    if broken:
        click.echo(
            "  hint: These were changed outside of Sluiceway, or their key is lost: restore a "
            "backup, or set them up again.",
            err=True,
        )


async def _list(api: Api) -> Any:
    found: list[Any] = []
    page = 0
    while True:
        query = {"page": page, "per_page": _PAGE}
        part = await api.call("GET", _WIRE, query=query)
        found += part
        if len(part) < _PAGE:
            return found
        page += 1


async def _find(api: Api, id_or_name: str) -> Any:
    from sluiceway.errors import NotFound, UsageError  # noqa: PLC0415 - --help is quick
    from sluiceway.models.ids import is_id  # noqa: PLC0415
    from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415

    if is_id(id_or_name, "ac"):
        return await api.call("GET", f"{_WIRE}/{id_or_name}")
    if id_or_name == "local":
        raise UsageError(
            "the connection local is the embedded tenant: it is always there and cannot be changed"
        )
    everything = await _list(api)
    named = [one for one in everything if one["name"] == id_or_name]
    if len(named) > 1:
        raise UsageError(
            f"expected one connection of the name {id_or_name!r}, found {len(named)}",
            hint=f"Say its id: {', '.join(one['id'] for one in named)}.",
        )
    if not named:
        hint = did_you_mean(id_or_name, [one["name"] for one in everything])
        raise NotFound(f"There is no connection {id_or_name!r} in the vault.", hint=hint)
    return named[0]


async def _setup_of(
    api: Api, app_id: str, values: tuple[str, ...], *, setup_file: str | None, type_: str | None
) -> Any:
    from sluiceway.cli._setups import read_setup  # noqa: PLC0415 - --help is quick
    from sluiceway.errors import UsageError  # noqa: PLC0415
    from sluiceway.models.json_text import did_you_mean  # noqa: PLC0415

    apps = (await api.call("GET", f"{_OURS}/apps"))["apps"]
    if app_id not in apps:
        raise UsageError(
            f"expected an app, found {app_id!r}",
            hint=did_you_mean(app_id, apps) or f"There are: {', '.join(apps)}.",
        )
    return read_setup(app_id, values, kinds=apps[app_id], setup_file=setup_file, type_=type_)


async def _with_api(work: Callable[[Api], Awaitable[Any]]) -> Any:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    async with open_api(current_settings()) as api:
        return await work(api)


def _print(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _quoted(name: str) -> str:
    import shlex  # noqa: PLC0415 - when used

    return shlex.quote(name)
