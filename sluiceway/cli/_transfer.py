"""Import plans made and carried out over the API, and packages put together for export."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click
from msgspec.structs import replace

from sluiceway.analysis.exports import packages_to_export
from sluiceway.analysis.import_records import record_id, record_of
from sluiceway.analysis.packages import fill_placeholders
from sluiceway.analysis.transfer import Verb, connected, plan_import
from sluiceway.cli._diffs import show_change
from sluiceway.cli._flow_sets import load_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluiceway.analysis.packages import Package
    from sluiceway.analysis.transfer import ConnectionStep, ImportPlan
    from sluiceway.cli._remote import Api
    from sluiceway.models.json import JsonObject

__all__ = ["apply_plan", "load_export", "make_plan", "show_plan"]

_FLOWS: Final = "/api/v2/flows"
_CONNECTIONS: Final = "/api/v2/flows/vault/connections"
_IMPORTS: Final = "/sluiceway/v1/imports"
_MARKS: Final = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.MISSING: "!"}
_COLOURS: Final = {Verb.CREATE: "green", Verb.UPDATE: "yellow", Verb.MISSING: "red"}


async def make_plan(
    api: Api, packages: Sequence[Package], *, chosen: Mapping[str, str], set_secrets: bool
) -> list[ImportPlan]:
    """Plan the import of *packages*, the environment's values in their placeholders' places."""
    tenant = await load_tenant(api)
    plans: list[ImportPlan] = []
    for package in packages:
        plan = plan_import(
            fill_placeholders(package, os.environ),
            flows=tenant.flows,
            connections=tenant.connections,
            chosen=chosen,
            set_secrets=set_secrets,
        )
        # What is kept of the container has placeholders, not what took their places.
        plans.append(replace(plan, package=package))
    return plans


def show_plan(plans: Sequence[ImportPlan], *, is_done: bool) -> None:
    """Write what is to be done, or what was done."""
    words = (
        {Verb.CREATE: "created", Verb.UPDATE: "updated"}
        if is_done
        else {Verb.CREATE: "to create", Verb.UPDATE: "to update"}
    )
    for plan in plans:
        for step in plan.connections:
            _show_connection(step)
        for flow in plan.flows:
            if flow.verb is not Verb.KEEP:
                place = f"  {flow.id}" if flow.verb is Verb.UPDATE else ""
                click.echo(f"{_mark(flow.verb)} flow {flow.name!r}{place}")
            if flow.verb is Verb.UPDATE and not is_done:
                show_change(flow.change)
    connections = [step.verb for plan in plans for step in plan.connections]
    flows = [step.verb for plan in plans for step in plan.flows]
    parts: list[str] = []
    for verb, word in words.items():
        count = connections.count(verb) + flows.count(verb)
        if count:
            parts.append(f"{count} {word}")
    same = flows.count(Verb.KEEP)
    if same:
        parts.append(f"{same} flow{'' if same == 1 else 's'} unchanged")
    click.echo(f"{', '.join(parts) or 'Nothing to do'}.")


def _show_connection(step: ConnectionStep) -> None:
    if step.verb is Verb.KEEP:
        return
    more = ""
    if step.verb is Verb.CREATE and step.setup is None:
        more = f"  not set up yet: sluiceway vault set {step.name!r}"
    elif step.verb is Verb.UPDATE:
        more = "  its secret is set"
    elif step.verb is Verb.MISSING:
        more = f"  not in the vault: --connection {step.token!r}=NAME uses another"
    click.echo(f"{_mark(step.verb)} connection {step.name!r}{more}")


def _mark(verb: Verb) -> str:
    return click.style(_MARKS[verb], fg=_COLOURS[verb], bold=True)


async def apply_plan(api: Api, plan: ImportPlan) -> ImportPlan:
    """Carry *plan* out; return it with the ids of what was made.

    Raises:
        SluicewayError: the API refused something; what came before it is done.
    """
    ids: dict[str, str] = {}
    connections = list(plan.connections)
    for index, step in enumerate(connections):
        id_ = step.id
        setup: JsonObject = {} if step.setup is None else {"setup": step.setup}
        if step.verb is Verb.CREATE:
            body: JsonObject = {"name": step.name, "app_id": step.app_id, **setup}
            id_ = str((await api.call("POST", _CONNECTIONS, body))["id"])
        elif step.verb is Verb.UPDATE:
            await api.call("PATCH", f"{_CONNECTIONS}/{quote(id_, safe='')}", setup)
        if id_:
            ids[step.token] = id_
        connections[index] = replace(step, id=id_)
    flows = list(plan.flows)
    for index, flow in enumerate(flows):
        document = connected(flow, ids)
        if flow.verb is Verb.CREATE:
            made = await api.call("POST", _FLOWS, document)
            flows[index] = replace(flow, id=str(made["id"]))
        elif flow.verb is Verb.UPDATE:
            await api.call("PATCH", f"{_FLOWS}/{quote(flow.id, safe='')}", document)
    done = replace(plan, connections=tuple(connections), flows=tuple(flows))
    record = record_of(done)
    if record is not None:
        await api.call("PUT", f"{_IMPORTS}/{quote(record_id(plan.package), safe='')}", record)
    return done


async def load_export(api: Api, wanted: Sequence[str]) -> list[Package]:
    """Return the tenant's flows as packages: one for each imported container, one for the rest.

    Raises:
        DefinitionError: *wanted* names a flow that is not there.
    """
    tenant = await load_tenant(api)
    chosen = {tenant.pick(name).id for name in wanted} or {one.id for one in tenant.flows}
    records: list[dict[str, Any]] = (await api.call("GET", _IMPORTS))["imports"]
    return packages_to_export(tenant.flows, tenant.connections, records, chosen=chosen)
