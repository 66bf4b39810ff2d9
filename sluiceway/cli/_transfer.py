"""Import plans made and carried out over the API, and packages put together for export."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from sluiceway.analysis.packages import (
    Format,
    Package,
    PackageConnection,
    PackageFlow,
    exchange_tokens,
    fill_placeholders,
    safe_setup,
)
from sluiceway.analysis.transfer import Verb, connected, plan_import
from sluiceway.cli._diffs import show_change
from sluiceway.cli._flow_sets import load_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluiceway.analysis.transfer import ConnectionStep, ImportPlan
    from sluiceway.cli._flow_sets import Tenant
    from sluiceway.cli._remote import Api
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["apply_plan", "load_export", "make_plan", "merged", "plan_json", "show_plan"]

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


def plan_json(plans: Sequence[ImportPlan]) -> JsonObject:
    """Return the plans as JSON, without any secret."""
    from sluiceway.analysis.diff_report import as_json  # noqa: PLC0415 - only for programs

    connections: list[JsonValue] = []
    flows: list[JsonValue] = []
    for plan in plans:
        connections.extend(
            {
                "action": str(step.verb),
                "token": step.token,
                "name": step.name,
                "app_id": step.app_id,
                "id": step.id or None,
                "sets_secret": step.setup is not None,
            }
            for step in plan.connections
        )
        flows.extend(
            {
                "action": str(step.verb),
                "token": step.token,
                "name": step.name,
                "id": step.id or None,
                "diff": as_json(step.change),
            }
            for step in plan.flows
        )
    return {
        "changes": any(plan.changes for plan in plans),
        "connections": connections,
        "flows": flows,
    }


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
    record = _record_of(done)
    if record is not None:
        await api.call("PUT", f"{_IMPORTS}/{quote(_record_id(plan.package), safe='')}", record)
    return done


def _record_id(package: Package) -> str:
    return f"{package.format}:{package.name}"[:200]


def _record_of(plan: ImportPlan) -> JsonObject | None:
    """Return what the container held beside flows and connections; ``None`` if nothing."""
    package = plan.package
    ids = {step.token: step.id for step in plan.flows}
    flows: list[JsonValue] = []
    for flow in package.flows:
        extra = {k: v for k, v in flow.document.items() if k not in {"name", "actions", "id"}}
        flows.append(
            {
                "id": ids[flow.token],
                "token": flow.token,
                "file": flow.file,
                "extra": extra,
                "keys": [*flow.document],
            }
        )
    is_plain = package.format in {Format.FLOW, Format.LIST}
    if is_plain and not any(isinstance(f, dict) and f["extra"] for f in flows):
        return None
    known = {step.token: step.id for step in plan.connections}
    connections: list[JsonValue] = [
        {
            "id": known.get(one.token, ""),
            "token": one.token,
            "document": _kept(one),
        }
        for one in package.connections
    ]
    return {
        "format": str(package.format),
        "name": package.name,
        "flows": flows,
        "connections": connections,
        "forms": package.forms,
        "rest": package.rest if package.format is not Format.TERRAFORM else {},
        "keys": [*package.keys],
    }


def _kept(connection: PackageConnection) -> JsonObject:
    document = dict(connection.document)
    if "setup" in document:
        document["setup"] = safe_setup(connection.name, document["setup"])
    return document


async def load_export(api: Api, wanted: Sequence[str]) -> list[Package]:
    """Return the tenant's flows as packages: one for each imported container, one for the rest.

    Raises:
        DefinitionError: *wanted* names a flow that is not there.
    """
    tenant = await load_tenant(api)
    chosen = {tenant.pick(name).id for name in wanted} or {one.id for one in tenant.flows}
    records: list[dict[str, Any]] = (await api.call("GET", _IMPORTS))["imports"]
    left = dict.fromkeys(one.id for one in tenant.flows if one.id in chosen)
    packages: list[Package] = []
    for record in reversed(records):
        members = [one for one in record["flows"] if one["id"] in left]
        if members:
            packages.insert(0, _restored(record, members, tenant))
            for one in members:
                left.pop(one["id"])
    if left:
        packages.append(_plain([*left], tenant))
    return packages


def _restored(record: dict[str, Any], members: list[dict[str, Any]], tenant: Tenant) -> Package:
    stored = {one.id: one.flow for one in tenant.flows}
    tokens = {one["id"]: one["token"] for one in record["connections"] if one["id"]}
    by_token = {one["token"]: one for one in record["connections"]}
    names = {one.id: one for one in tenant.connections}
    flows: list[PackageFlow] = []
    used: dict[str, str] = {}
    for member in members:
        flow = stored[member["id"]]
        used |= {id_: tokens.get(id_, id_) for id_ in flow.connections()}
        body = flow.with_connections(tokens).as_json()
        values: JsonObject = {**member["extra"], **body}
        order = [key for key in member["keys"] if key in values]
        document = {key: values[key] for key in [*order, *(k for k in values if k not in order)]}
        flows.append(
            PackageFlow(
                token=member["token"], name=flow.name, document=document, file=member["file"]
            )
        )
    connections = [
        PackageConnection(
            token=token,
            name=names[one["id"]].name if one["id"] in names else token,
            app_id=names[one["id"]].app_id if one["id"] in names else "AUTH0",
            document=one["document"],
        )
        for token, one in by_token.items()
    ]
    more = [
        PackageConnection(token=token, name=names[id_].name, app_id=names[id_].app_id)
        for id_, token in used.items()
        if token not in by_token and id_ in names
    ]
    return Package(
        format=Format(record["format"]),
        name=record["name"],
        flows=tuple(flows),
        connections=(*connections, *more),
        forms=record.get("forms") or {},
        rest=record.get("rest") or {},
        keys=tuple(record.get("keys") or ()),
    )


def _plain(ids: Sequence[str], tenant: Tenant) -> Package:
    stored = {one.id: one.flow for one in tenant.flows}
    known = {one.id: one for one in tenant.connections}
    known |= {one.name: one for one in tenant.connections if one.name not in known}
    used: dict[str, PackageConnection] = {}
    flows: list[PackageFlow] = []
    for id_ in ids:
        flow = stored[id_]
        for name in flow.connections():
            found = known.get(name)
            if found is not None:
                used.setdefault(
                    name, PackageConnection(token=name, name=found.name, app_id=found.app_id)
                )
        flows.append(PackageFlow(token=id_, name=flow.name, document=flow.as_json()))
    name = stored[ids[0]].name if len(ids) == 1 else "flows"
    return Package(
        format=Format.FLOW, name=name, flows=tuple(flows), connections=tuple(used.values())
    )


def merged(packages: Sequence[Package], *, name: str) -> Package:
    """Return *packages* as one, flows and connections known by their names."""
    if len(packages) == 1:
        return packages[0]
    flows: list[PackageFlow] = []
    connections: dict[str, PackageConnection] = {}
    forms: dict[str, JsonValue] = {}
    for package in packages:
        named = exchange_tokens(
            package,
            flow_token=lambda _, flow: flow.name,
            connection_token=lambda _, one: one.name,
        )
        flows += named.flows
        connections |= {one.token: one for one in named.connections}
        for stem, form in named.forms.items():
            label = form.get("name") if isinstance(form, dict) else None
            forms[str(label or stem)] = form
    return Package(
        format=Format.FLOW,
        name=name,
        flows=tuple(flows),
        connections=tuple(connections.values()),
        forms=forms,
    )
