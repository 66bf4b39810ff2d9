"""``/sluiceway/v1/flows``: versions, export and import, and where connections are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.api.route import Call, Route
from sluiceway.errors import NotFound
from sluiceway.management import flows
from sluiceway.management.fields import closed, text
from sluiceway.management.validation import Schema
from sluiceway.models.flow_files import parse_flow_bundle

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ROUTES"]


async def _versions(call: Call) -> JsonValue:
    found: list[JsonValue] = list(
        await flows.list_versions(call.services.tenant.environment, call.path["id"])
    )
    return {"versions": found}


async def _version(call: Call) -> JsonValue:
    text = call.path["version"]
    if not (text.isdecimal() and len(text) < 10):  # noqa: PLR2004 - a 32-bit number
        raise NotFound("Flow version not found")
    environment = call.services.tenant.environment
    return await flows.get_version(environment, call.path["id"], int(text))


async def _roll_back(call: Call) -> JsonValue:
    body: Any = call.body
    environment = call.services.tenant.environment
    return await flows.roll_back(environment, call.path["id"], int(body["version"]))


async def _comment(call: Call) -> JsonValue:
    body: Any = call.body
    return await flows.comment_version(
        call.services.tenant.environment,
        call.path["id"],
        body["comment"],
        version=body.get("version"),
    )


async def _export(call: Call) -> JsonObject:
    """Return the Dashboard's export envelope: tokens stand where connections are named."""
    environment = call.services.tenant.environment
    flow = await flows.load_flow(environment, call.path["id"])
    connections = call.services.need_connections()
    tokens: dict[str, str] = {}
    stubs: JsonObject = {}
    for number, name in enumerate(flow.connections(), start=1):
        token = f"#CONN-{number}#"
        found = await connections.find(name)
        tokens[name] = token
        stubs[token] = {
            "id": name,
            "app_id": found.app_id if found else "AUTH0",
            "name": found.name if found else name,
        }
    exported = flow.with_connections(tokens).as_json()
    return {"version": "4.0.0", "flows": {"#FLOW-1#": exported}, "connections": stubs}


async def _import(call: Call) -> JsonValue:
    """Create the flows of any container; connections are found by id or name where they exist."""
    environment = call.services.tenant.environment
    connections = call.services.need_connections()
    loaded = parse_flow_bundle(msgspec.json.encode(call.body), source="", name="Imported flow")
    names: dict[str, str] = {}
    missing: list[JsonValue] = []
    for token, stub in loaded.connections.items():
        found = await connections.find(stub.id or stub.name) or await connections.find(stub.name)
        if found is None:
            missing.append({"token": token, "name": stub.name, "app_id": stub.app_id})
        else:
            names[token] = found.id
    created: list[JsonValue] = [
        await flows.create_flow(environment, entry.flow.with_connections(names).as_json())
        for entry in loaded.entries
    ]
    return {"flows": created, "missing_connections": missing}


async def _uses(call: Call) -> JsonObject:
    connection = await call.services.need_connections().find(call.path["id"])
    names = [call.path["id"]] if connection is None else [connection.id, connection.name]
    found: list[JsonValue] = list(await flows.flows_using(call.services.tenant.environment, names))
    return {"flows": found}


_ONE: Final = "/sluiceway/v1/flows/{id}"
_COMMENT: Final = closed(
    {"comment": text(500, shortest=0), "version": {"type": "integer", "minimum": 1}}, "comment"
)

ROUTES: Final = (
    Route(
        method="GET",
        path=f"{_ONE}/versions",
        handle=_versions,
        summary="List the versions of a flow",
        scopes=("read:flows",),
        tag="flows",
    ),
    Route(
        method="GET",
        path=f"{_ONE}/versions/{{version}}",
        handle=_version,
        summary="Get a version of a flow",
        scopes=("read:flows",),
        tag="flows",
    ),
    Route(
        method="POST",
        path=f"{_ONE}/rollback",
        handle=_roll_back,
        summary="Make an earlier version the current one",
        scopes=("update:flows",),
        body=closed({"version": {"type": "integer", "minimum": 1}}, "version"),
        tag="flows",
    ),
    Route(
        method="PUT",
        path=f"{_ONE}/comment",
        handle=_comment,
        summary="Say what a version changed, and why",
        scopes=("update:flows",),
        body=_COMMENT,
        tag="flows",
    ),
    Route(
        method="GET",
        path=f"{_ONE}/export",
        handle=_export,
        summary="Export a flow",
        scopes=("read:flows",),
        tag="flows",
    ),
    Route(
        method="POST",
        path="/sluiceway/v1/flows/import",
        handle=_import,
        summary="Import flows: a flow, a list of actions, a Dashboard export",
        scopes=("create:flows",),
        body=Schema({"type": ["object", "array"]}),
        status=201,
        tag="flows",
    ),
    Route(
        method="GET",
        path="/sluiceway/v1/vault/connections/{id}/uses",
        handle=_uses,
        summary="List the flows that use a connection",
        scopes=("read:flows",),
        tag="vault",
    ),
)
