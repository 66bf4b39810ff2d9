"""``sluiceway run`` while a server holds the database: the server runs the flow, we watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from sluiceway.actions.catalogue import InstalledActions
from sluiceway.cli._flows import refuse_problems
from sluiceway.engine.binding import LOCAL, Binding, bind_connections, fill_connections
from sluiceway.errors import DefinitionError
from sluiceway.models.flow import Flow
from sluiceway.models.flow_files import FlowEntry
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from sluiceway.cli._remote import Api
    from sluiceway.cli._trace import Trace
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.json import JsonObject

__all__ = ["bind_on_server", "load_served_flow", "run_on_server"]

_PAGE: Final = 100
_FLOWS: Final = "/api/v2/flows"


class _ServedConnection(msgspec.Struct, frozen=True):
    id: str
    name: str
    ready: bool


class _ServedVault(msgspec.Struct):
    """The connections of a running server, listed once."""

    api: Api
    _known: list[_ServedConnection] = msgspec.field(default_factory=list[_ServedConnection])

    async def find(self, id_or_name: str) -> _ServedConnection | None:
        """See ``Vault``. The embedded tenant's own is never listed, and always there."""
        if id_or_name == LOCAL:
            return _ServedConnection(LOCAL, LOCAL, ready=True)
        if not self._known:
            listed = await _listed(self.api, f"{_FLOWS}/vault/connections", "connections")
            self._known = [_ServedConnection(c["id"], c["name"], c["ready"]) for c in listed]
        return next((c for c in self._known if id_or_name in {c.id, c.name}), None)


async def load_served_flow(api: Api, id_or_name: str) -> FlowEntry:
    """Return a flow of the server's database.

    Raises:
        DefinitionError: there is none of that id or name.
    """
    listed = await _listed(api, _FLOWS, "flows")
    found = next((f for f in listed if id_or_name in {f["id"], f["name"]}), None)
    if found is None:
        raise DefinitionError(
            f"expected a file, or a flow of the server, found no {id_or_name!r}",
            hint=did_you_mean(id_or_name, [f["name"] for f in listed])
            or "See: sluiceway flows list",
        )
    body = await api.call("GET", f"{_FLOWS}/{quote(found['id'], safe='')}")
    flow = Flow.from_json({"id": body["id"], "name": body["name"], "actions": body["actions"]})
    return FlowEntry(flow=flow, token=flow.name, at=id_or_name)


async def run_on_server(
    api: Api,
    entry: FlowEntry,
    input_: ExecutionInput,
    binding: Binding,
    trace: Trace,
) -> JsonObject:
    """Let the server run the flow of *entry*, show each step, and return the record.

    Raises:
        DefinitionError: the flow cannot run.
        ConnectionUnusable: it names a connection that is not there.
    """
    entry = fill_connections(entry, InstalledActions(), binding)
    flow = await bind_on_server(api, entry, binding)
    document: JsonObject = {
        "name": flow.name,
        "actions": [action.as_json() for action in flow.actions],
    }
    begun = await _begin(api, entry, document, input_)
    id_ = str(begun["id"])
    trace.started(flow.name, id_)
    async for event in api.events(f"/sluiceway/v1/executions/{id_}/events"):
        step = event.get("step")
        if not isinstance(step, dict):
            continue
        if event["type"] == "step_started":
            trace.step_began(step)
        else:
            trace.step_ended(step)
    query = {"hydrate": "debug"}
    record: JsonObject = await api.call("GET", f"/sluiceway/v1/executions/{id_}", query=query)
    trace.finished(record)
    return record


async def bind_on_server(api: Api, entry: FlowEntry, binding: Binding) -> Flow:
    """Return the flow of *entry* with the server's connections in it.

    Raises:
        DefinitionError: the flow cannot run.
        ConnectionUnusable: it names a connection that is not there.
    """
    actions = InstalledActions()
    filled = fill_connections(entry, actions, binding)
    refuse_problems(filled, actions)
    return await bind_connections(filled, _ServedVault(api), binding)


async def _begin(
    api: Api, entry: FlowEntry, document: JsonObject, input_: ExecutionInput
) -> Any:  # an answer's shape is its route's
    """Start it as the stored flow where nothing in it was replaced, else as one of its own."""
    stored = entry.flow.id
    body: JsonObject = {**input_.as_json()}
    if stored and document["actions"] == [action.as_json() for action in entry.flow.actions]:
        path = f"/sluiceway/v1/flows/{quote(stored, safe='')}/executions"
        return await api.call("POST", path, body)
    return await api.call("POST", "/sluiceway/v1/executions", {"flow": document, **body})


async def _listed(api: Api, path: str, key: str) -> list[dict[str, Any]]:
    """Return every item of a list."""
    found: list[dict[str, Any]] = []
    page = 0
    while True:
        query = {"page": page, "per_page": _PAGE, "include_totals": True}
        answer = await api.call("GET", path, query=query)
        found += answer[key]
        page += 1
        if len(found) >= answer["total"] or not answer[key]:
            return found
