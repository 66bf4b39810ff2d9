"""``/sluiceway/v1/vault``: try connections, see where they are used, rotate and verify the keys."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sluiceway.analysis.scopes import scopes_by_connection
from sluiceway.analysis.view import FlowView
from sluiceway.api.route import Call, Param, Route
from sluiceway.errors import NotFound
from sluiceway.management import flows
from sluiceway.management.fields import closed, text
from sluiceway.management.vault_setups import setup_kinds
from sluiceway.models.timestamps import format_timestamp

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.vault.base import VaultConnection
    from sluiceway.vault.rotation import RotationReport

__all__ = ["ROUTES"]

_SCOPES_HINT: Final = (
    "Grant them to the application: in the tenant's dashboard, the API's Machine to Machine "
    "Applications."
)


async def _find(call: Call) -> VaultConnection:
    found = await call.services.need_connections().find(call.path["id"])
    if found is None:
        raise NotFound("Connection not found")
    return found


async def _uses(call: Call) -> JsonObject:
    """Return the flows that name the connection, by id or name, with the steps that do."""
    connection = await call.services.need_connections().find(call.path["id"])
    names = [call.path["id"]] if connection is None else [connection.id, connection.name]
    environment = call.services.tenant.environment
    found: list[JsonValue] = []
    for flow in await flows.flows_using(environment, names):
        shown = await flows.load_flow(environment, str(flow["id"]))
        steps: list[JsonValue] = [
            {
                "id": placed.action.id,
                "alias": placed.action.alias,
                "type": placed.action.type,
                "action": placed.action.action,
                "at": placed.at,
            }
            for placed in shown.walk()
            if placed.action.params.get("connection_id") in names
        ]
        found.append({**flow, "steps": steps})
    return {"flows": found}


async def _test(call: Call) -> JsonObject:
    connection = await _find(call)
    trial = await call.services.need_connection_trials()(connection)
    needed = await _needed_scopes(call, connection)
    shown: JsonObject = {
        "id": connection.id,
        "name": connection.name,
        "app_id": connection.app_id,
        "ok": trial.is_good,
        "message": trial.message,
        "took_ms": trial.took_ms,
        "scopes": None,
    }
    if trial.error is not None:
        shown["error"] = trial.error.as_json()
        return shown
    if connection.app_id != "AUTH0":
        shown["scopes"] = None if trial.scopes is None else {"granted": [*trial.scopes]}
        return shown
    missing = sorted(set(needed) - set(trial.scopes or ()))
    shown["scopes"] = {
        "granted": None if trial.scopes is None else [*trial.scopes],
        "needed": dict[str, "JsonValue"](needed),
        "missing": None if trial.scopes is None else [*missing],
    }
    if missing and trial.scopes is not None:
        message = f"The client lacks scopes that its flows need: {', '.join(missing)}."
        shown |= {
            "ok": False,
            "message": message,
            "error": {"code": "ERR_SCOPES_MISSING", "message": message, "hint": _SCOPES_HINT},
        }
    return shown


async def _needed_scopes(call: Call, connection: VaultConnection) -> dict[str, list[JsonValue]]:
    """Return each scope that the connection's client needs, with the names of the flows."""
    environment = call.services.tenant.environment
    needed: dict[str, list[JsonValue]] = {}
    for name in (connection.id, connection.name):
        for flow in await flows.flows_using(environment, [name]):
            document = (await flows.load_flow(environment, str(flow["id"]))).as_json()
            view = FlowView(document, call.services.need_actions())
            for scope in scopes_by_connection(view).get(name, []):
                names = needed.setdefault(scope, [])
                if flow["name"] not in names:
                    names.append(flow["name"])
    return dict(sorted(needed.items()))


async def _empty(call: Call) -> JsonObject:
    connection = await call.services.need_connections().empty(call.path["id"])
    return {"id": connection.id, "name": connection.name, "ready": connection.ready}


async def _hosts(call: Call) -> JsonObject:
    return _named_hosts(await _find(call))


async def _restrict(call: Call) -> JsonObject:
    body: JsonObject = call.body if isinstance(call.body, dict) else {}
    hosts = body.get("hosts")
    named = [str(host) for host in hosts] if isinstance(hosts, list) else []
    connections = call.services.need_connections()
    return _named_hosts(await connections.restrict(call.path["id"], named))


def _named_hosts(connection: VaultConnection) -> JsonObject:
    return {"id": connection.id, "name": connection.name, "hosts": [*connection.hosts]}


async def _delete(call: Call) -> None:
    connections = call.services.need_connections()
    await connections.delete(call.path["id"], force=bool(call.query["force"]))


async def _apps(_: Call) -> JsonObject:
    return {"apps": dict[str, "JsonValue"](setup_kinds())}


async def _keys(call: Call) -> JsonObject:
    keys = call.services.need_vault_keys()
    return {
        "master_key": keys.new_rotation().keys.wrapper.place,
        "keys": [
            {
                "version": key.version,
                "state": str(key.state),
                "created_at": format_timestamp(key.created_at),
                "changed_at": format_timestamp(key.changed_at),
            }
            for key in await keys.new_rotation().keys.overview()
        ],
    }


async def _rotate(call: Call) -> JsonObject:
    call.services.need_vault_keys().begin_rotation()
    return await _rotation(call)


async def _rotation(call: Call) -> JsonObject:
    """Return what the rotation did until now; *wait* is how long to wait for its end."""
    keys = call.services.need_vault_keys()
    task = keys.rotating
    if task is None:
        return {"running": False, "version": None}
    with suppress(TimeoutError):
        async with asyncio.timeout(call.query["wait"]):
            # One who hangs up does not stop it.
            return _shown(await asyncio.shield(task), running=False)
    return _shown(keys.progress, running=True)


def _shown(report: RotationReport | None, *, running: bool) -> JsonObject:
    if report is None:
        return {"running": running, "version": None, "resealed": 0, "broken": []}
    return {
        "running": running,
        "version": report.version,
        "resumed": report.was_resumed,
        "resealed": report.resealed,
        "by_place": dict[str, "JsonValue"](report.by_place),
        "broken": [*report.broken],
        "retired": [*report.retired],
        "deleted": [*report.deleted],
    }


async def _renew_master_key(call: Call) -> JsonObject:
    earlier = await call.services.need_vault_keys().renew_master_key()
    return {"earlier_key_file": str(earlier)}


async def _verify(call: Call) -> JsonObject:
    report = await call.services.need_vault_keys().verify()
    by_version: JsonObject = {
        str(version): count for version, count in sorted(report.by_version.items())
    }
    return {
        "ok": not report.broken,
        "total": report.total,
        "by_key": by_version,
        "by_place": dict[str, "JsonValue"](report.by_place),
        "broken": [*report.broken],
        "keys": [{"version": key.version, "state": str(key.state)} for key in report.keys],
    }


_ROOT: Final = "/sluiceway/v1/vault"
_ONE: Final = f"{_ROOT}/connections/{{id}}"
_READ: Final = ("read:flows_vault_connections",)
_UPDATE: Final = ("update:flows_vault_connections",)
_HOSTS: Final = closed({"hosts": {"type": "array", "maxItems": 20, "items": text(260)}}, "hosts")
_WAIT: Final = Param(name="wait", type="integer", default=20, minimum=0, maximum=300)


def _route(method: str, path: str, handle: Any, summary: str, **more: Any) -> Route:
    return Route(method=method, path=path, handle=handle, summary=summary, tag="vault", **more)


ROUTES: Final = (
    _route(
        "GET",
        f"{_ONE}/where-used",
        _uses,
        "List the flows and steps that use a connection",
        scopes=_READ,
    ),
    _route("POST", f"{_ONE}/test", _test, "Try a connection", scopes=_READ),
    _route(
        "GET", f"{_ONE}/hosts", _hosts, "See where a connection's credentials may go", scopes=_READ
    ),
    _route(
        "PUT",
        f"{_ONE}/hosts",
        _restrict,
        "Name the hosts that a connection's credentials may go to",
        scopes=_UPDATE,
        body=_HOSTS,
    ),
    _route("POST", f"{_ONE}/empty", _empty, "Forget a connection's secrets", scopes=_UPDATE),
    _route(
        "DELETE",
        _ONE,
        _delete,
        "Delete a connection, unless flows use it",
        scopes=("delete:flows_vault_connections",),
        query=(Param(name="force", type="boolean", default=False),),
        status=204,
    ),
    _route("GET", f"{_ROOT}/apps", _apps, "List what connections are set up with", scopes=_READ),
    _route("GET", f"{_ROOT}/keys", _keys, "List the data keys", scopes=_READ),
    _route(
        "POST",
        f"{_ROOT}/rotate",
        _rotate,
        "Rotate the data key, or go on with a rotation",
        scopes=_UPDATE,
        query=(_WAIT,),
    ),
    _route(
        "GET",
        f"{_ROOT}/rotation",
        _rotation,
        "See how a rotation goes",
        scopes=_READ,
        query=(_WAIT,),
    ),
    _route(
        "POST", f"{_ROOT}/rotate-master", _renew_master_key, "Renew the master key", scopes=_UPDATE
    ),
    _route("POST", f"{_ROOT}/verify", _verify, "Open every secret of the database", scopes=_READ),
)
