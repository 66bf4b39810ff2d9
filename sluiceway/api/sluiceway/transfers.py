"""``/sluiceway/v1/imports`` and ``/exports``: flows in files, in and out, as the commands do it.

Files are sent by their paths, so that a browser can import a deploy-cli folder. A plan says what an
import would do; the import then does exactly that. Secrets go in and never come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from sluiceway.analysis.diff_report import as_lines
from sluiceway.analysis.exports import merged, packages_to_export
from sluiceway.analysis.import_records import plan_json, record_id, record_of
from sluiceway.analysis.package_files import package_of, write_package
from sluiceway.analysis.packages import Format
from sluiceway.analysis.sources import parse_files
from sluiceway.analysis.transfer import (
    StoredConnection,
    StoredFlow,
    Verb,
    connected,
    plan_import,
)
from sluiceway.api.errors import Refusal, envelope
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.management import flows, imports
from sluiceway.management.fields import FLAG, closed
from sluiceway.management.vault_setups import check_setup

if TYPE_CHECKING:
    from sluiceway.analysis.transfer import ConnectionStep, FlowStep, ImportPlan
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]

_ROOT: Final = "/sluiceway/v1"
_PAGE: Final = 100
_FORMATS: Final = tuple(str(one) for one in Format)
_IMPORT: Final = closed(
    {
        "files": {
            "type": "object",
            "description": "The files' texts by their paths, like flows/Sign up.json.",
            "minProperties": 1,
            "maxProperties": 5000,
            "additionalProperties": {"type": "string"},
        },
        "connections": {
            "type": "object",
            "description": "The vault connection to use, by token or name of the files'.",
            "additionalProperties": {"type": "string"},
        },
        "as_new": {**FLAG, "description": "Create flows also where one has the name."},
    },
    "files",
)


async def _plan(call: Call) -> JsonObject:
    return _shown(await _plans(call))


async def _import(call: Call) -> JsonObject:
    plans = await _plans(call)
    # The door has asked for one scope; what is more is asked for before anything is done.
    for connection in (step for plan in plans for step in plan.connections):
        if connection.verb in {Verb.CREATE, Verb.UPDATE}:
            _demand(call, f"{connection.verb}:flows_vault_connections")
        if connection.setup is not None:
            check_setup(connection.app_id, connection.setup)
    if any(step.verb is Verb.UPDATE for plan in plans for step in plan.flows):
        _demand(call, "update:flows")
    return _shown([await _carry_out(call, plan) for plan in plans])


def _demand(call: Call, scope: str) -> None:
    if call.claims is None or scope not in call.claims.scopes:
        message = f"Insufficient scope, expected any of: {scope}"
        raise Refusal(Reply(status=403, body=envelope(403, message, code="insufficient_scope")))


async def _export(call: Call) -> JsonObject:
    stored = await _stored_flows(call)
    wanted: list[str] = call.query["flow"] or [one.id for one in stored]
    for id_ in wanted:
        await flows.load_flow(call.services.tenant.environment, id_)
    packages = packages_to_export(
        stored,
        await _stored_connections(call),
        await imports.list_imports(call.services.tenant.environment),
        chosen=wanted,
    )
    if not packages:
        return {"files": {}}
    format_ = Format(call.query["format"])
    if format_ in {Format.DASHBOARD, Format.TERRAFORM, Format.DEPLOY_CLI}:
        name = packages[0].name if len(packages) == 1 else "flows"
        return {"files": write_package(merged(packages, name=name), format_)}
    files: JsonObject = {}
    for package in packages:
        files |= write_package(package, format_)
    return {"files": files}


async def _plans(call: Call) -> list[ImportPlan]:
    body = cast("dict[str, Any]", call.body)
    files = {_plain_path(path): text.encode() for path, text in body["files"].items()}
    packages = [package_of(sources, name=name) for name, sources in parse_files(files)]
    stored = [] if body.get("as_new") else await _stored_flows(call)
    connections = await _stored_connections(call)
    return [
        plan_import(
            package,
            flows=stored,
            connections=connections,
            chosen=body.get("connections") or {},
        )
        for package in packages
    ]


def _plain_path(path: str) -> str:
    """Return *path* as one among others: it names a file, and nothing is opened by it."""
    return path.replace("\\", "/").lstrip("/")


def _shown(plans: list[ImportPlan]) -> JsonObject:
    shown = plan_json(plans)
    steps = [step for plan in plans for step in plan.flows]
    for entry, step in zip(cast("list[JsonObject]", shown["flows"]), steps, strict=True):
        lines: list[JsonValue] = [
            {"mark": mark, "text": text} for mark, text in as_lines(step.change)
        ]
        entry["lines"] = lines
    shown["kept"] = [
        path for plan in plans for path in (*plan.package.forms, *plan.package.rest) if path
    ]
    return shown


async def _carry_out(call: Call, plan: ImportPlan) -> ImportPlan:
    """Do what *plan* says; return it with the ids of what was made."""
    connections = [await _put_connection(call, step) for step in plan.connections]
    ids = {step.token: step.id for step in connections if step.id}
    done = plan.carried_out(
        connections=connections, flows=[await _put_flow(call, step, ids) for step in plan.flows]
    )
    record = record_of(done)
    if record is not None:
        environment = call.services.tenant.environment
        await imports.keep_import(environment, record_id(plan.package), record)
    return done


async def _put_connection(call: Call, step: ConnectionStep) -> ConnectionStep:
    vault = call.services.need_connections()
    if step.verb is Verb.CREATE:
        made = await vault.create(name=step.name, app_id=step.app_id, setup=step.setup)
        return step.made_as(made.id)
    if step.verb is Verb.UPDATE:
        await vault.update(step.id, setup=step.setup)
    return step


async def _put_flow(call: Call, step: FlowStep, ids: dict[str, str]) -> FlowStep:
    environment = call.services.tenant.environment
    document = connected(step, ids)
    if step.verb is Verb.CREATE:
        made = await flows.create_flow(environment, document)
        return step.made_as(str(made["id"]))
    if step.verb is Verb.UPDATE:
        await flows.update_flow(environment, step.id, document)
    return step


async def _stored_flows(call: Call) -> list[StoredFlow]:
    environment = call.services.tenant.environment
    found: list[StoredFlow] = []
    while page := await flows.load_flows(environment, offset=len(found), limit=_PAGE):
        found += [StoredFlow(id=flow.id, flow=flow) for flow in page]
    return found


async def _stored_connections(call: Call) -> list[StoredConnection]:
    vault = call.services.need_connections()
    found = [*vault.built_in]
    offset = 0
    while page := await vault.list(offset=offset, limit=_PAGE):
        found += page
        offset += len(page)
    return [
        StoredConnection(id=one.id, name=one.name, app_id=one.app_id, ready=one.ready)
        for one in found
    ]


ROUTES: Final = (
    Route(
        method="POST",
        is_pure=True,
        path=f"{_ROOT}/imports/plan",
        handle=_plan,
        summary="Show what an import of files would change, and change nothing",
        scopes=("read:flows",),
        body=_IMPORT,
        tag="flows",
    ),
    Route(
        method="POST",
        path=f"{_ROOT}/imports",
        handle=_import,
        summary="Import files: flows and vault connections, found by name, created or updated",
        scopes=("create:flows",),
        body=_IMPORT,
        status=201,
        tag="flows",
    ),
    Route(
        method="GET",
        path=f"{_ROOT}/exports",
        handle=_export,
        summary="Export flows as files: names instead of ids, placeholders instead of secrets",
        scopes=("read:flows",),
        query=(
            Param(name="flow", many=True, description="The ids of flows; all without it."),
            Param(name="format", choices=_FORMATS, default=str(Format.DEPLOY_CLI)),
        ),
        tag="flows",
    ),
)
