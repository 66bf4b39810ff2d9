"""List, show, create, delete and roll back flows of the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from sluiceway.cli._asking import confirm
from sluiceway.cli._session import current_settings, run_async

if TYPE_CHECKING:
    from sluiceway.models.flow import Action, Flow

__all__ = ["COMMAND"]

_FLOWS: Final = "/api/v2/flows"
_OURS: Final = "/sluiceway/v1/flows"

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def COMMAND() -> None:  # noqa: N802 - a constant, found by its name
    """List, show, create, delete and roll back flows of the database."""


@COMMAND.command(name="list")
@_as_json
def list_(*, as_json: bool) -> int:
    """List the flows."""
    from sluiceway.cli._columns import columns  # noqa: PLC0415 - --help is quick

    found = run_async(_list())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    if not found:
        click.echo("No flows. Import some: sluiceway import PATH")
        return 0
    rows = [
        [one["id"], str(one.get("executed_at") or "never"), _day(one["updated_at"]), one["name"]]
        for one in found
    ]
    click.echo(columns(["ID", "LAST RUN", "CHANGED", "NAME"], rows))
    return 0


@COMMAND.command()
@click.argument("flow")
@_as_json
def show(flow: str, *, as_json: bool) -> int:
    """Show a flow: its steps as a tree, or its JSON."""
    from sluiceway.models.flow import Flow  # noqa: PLC0415 - --help is quick

    found = run_async(_get(flow))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return 0
    click.echo(f"{click.style(found['name'], bold=True)}  {found['id']}")
    _show_steps(Flow.from_json(found))
    return 0


@COMMAND.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="The flow's name, in place of the file's.")
@_as_json
def create(path: Path, *, name: str | None, as_json: bool) -> int:
    """Create a flow from a file with one flow; `import` takes containers and updates, too."""
    made = run_async(_create(path, name))
    click.echo(json.dumps(made, ensure_ascii=False, indent=2) if as_json else made["id"])
    return 0


@COMMAND.command()
@click.argument("flow")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
def delete(flow: str, *, yes: bool, as_json: bool) -> int:
    """Delete a flow with its versions; its executions stay."""
    found = run_async(_get(flow))
    if not yes:
        confirm(f"Delete the flow {found['name']!r}?")
    run_async(_call("DELETE", f"{_FLOWS}/{_quoted(found['id'])}"))
    gone = {"id": found["id"], "name": found["name"], "deleted": True}
    click.echo(json.dumps(gone, ensure_ascii=False) if as_json else f"Deleted {found['name']!r}.")
    return 0


@COMMAND.command()
@click.argument("flow")
@_as_json
def versions(flow: str, *, as_json: bool) -> int:
    """List the versions of a flow, newest first."""
    from sluiceway.cli._columns import columns  # noqa: PLC0415 - --help is quick

    found = run_async(_get(flow))
    answer = run_async(_call("GET", f"{_OURS}/{_quoted(found['id'])}/versions"))
    if as_json:
        click.echo(json.dumps(answer["versions"], ensure_ascii=False, indent=2))
        return 0
    rows = [
        [str(one["version"]), str(one["created_at"]), one["name"]] for one in answer["versions"]
    ]
    click.echo(columns(["VERSION", "SAVED AT", "NAME"], rows))
    return 0


@COMMAND.command()
@click.argument("flow")
@click.argument("version", type=int)
@_as_json
def rollback(flow: str, version: int, *, as_json: bool) -> int:
    """Make an earlier version the current one, as a new version."""
    found = run_async(_get(flow))
    path = f"{_OURS}/{_quoted(found['id'])}/rollback"
    answer = run_async(_call("POST", path, {"version": version}))
    told = f"{found['name']!r} is as it was in version {version}."
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else told)
    return 0


def _show_steps(flow: Flow) -> None:
    """Write the steps as a tree; branches stand under their condition."""

    def walk(actions: tuple[Action, ...], indent: str) -> None:
        for action in actions:
            flags = [
                word
                for word, is_set in (
                    ("may fail", action.allow_failure),
                    ("masked", action.mask_output),
                )
                if is_set
            ]
            title = f"  {action.alias}" if action.alias else ""
            more = f"  ({', '.join(flags)})" if flags else ""
            name = click.style(action.name, dim=True)
            click.echo(f"{indent}{action.id}  {name}{title}{more}")
            for branch, nested in action.branches().items():
                click.echo(f"{indent}  {branch}{'' if nested else '  (nothing)'}")
                walk(nested, f"{indent}    ")

    walk(flow.actions, "  ")


async def _list() -> list[dict[str, Any]]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    found: list[dict[str, Any]] = []
    async with open_api(current_settings()) as api:
        while True:
            query = {"page": len(found) // 100, "per_page": 100, "include_totals": True}
            answer = await api.call("GET", _FLOWS, query=query)
            found += answer["flows"]
            if len(answer["flows"]) < query["per_page"]:
                return found


async def _get(id_or_name: str) -> dict[str, Any]:
    from sluiceway.cli._flow_sets import load_tenant  # noqa: PLC0415 - --help is quick
    from sluiceway.cli._remote import open_api  # noqa: PLC0415
    from sluiceway.errors import NotFound  # noqa: PLC0415

    async with open_api(current_settings()) as api:
        if id_or_name.startswith("af_"):
            try:
                found: dict[str, Any] = await api.call("GET", f"{_FLOWS}/{_quoted(id_or_name)}")
            except NotFound:
                pass
            else:
                return found
        stored = (await load_tenant(api)).pick(id_or_name)
        answer: dict[str, Any] = await api.call("GET", f"{_FLOWS}/{_quoted(stored.id)}")
    return answer


async def _create(path: Path, name: str | None) -> dict[str, Any]:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick
    from sluiceway.models.flow_files import load_flow_bundle  # noqa: PLC0415

    flow = load_flow_bundle(path).pick(None).flow
    document = {**flow.as_json(), "name": name or flow.name}
    async with open_api(current_settings()) as api:
        made: dict[str, Any] = await api.call("POST", _FLOWS, document)
        return made


async def _call(method: str, path: str, body: Any = None) -> Any:
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - --help is quick

    async with open_api(current_settings()) as api:
        return await api.call(method, path, body)


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _day(timestamp: str) -> str:
    return timestamp[:16].replace("T", " ")
