"""Sets of flows as commands name them: files, folders, or what the database has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from sluiceway.analysis.package_files import read_packages
from sluiceway.analysis.packages import flows_of
from sluiceway.analysis.transfer import StoredConnection, StoredFlow
from sluiceway.errors import DefinitionError
from sluiceway.models.flow import Flow
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from sluiceway.cli._remote import Api

__all__ = ["Tenant", "is_file", "load_file_flows", "load_flow_set", "load_tenant"]

_PAGE: Final = 100
_FLOWS: Final = "/api/v2/flows"
_CONNECTIONS: Final = "/api/v2/flows/vault/connections"
_LOCAL: Final = StoredConnection(id="local", name="local", app_id="AUTH0", ready=True)


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """The flows and connections of the database."""

    flows: list[StoredFlow]
    connections: list[StoredConnection]

    def pick(self, id_or_name: str) -> StoredFlow:
        """Return one flow.

        Raises:
            DefinitionError: there is none of that id or name, or several of that name.
        """
        found = [one for one in self.flows if one.id == id_or_name]
        found = found or [one for one in self.flows if one.flow.name == id_or_name]
        if len(found) > 1:
            raise DefinitionError(
                f"expected one flow of the name {id_or_name!r}, found {len(found)}",
                hint=f"Give an id: {', '.join(one.id for one in found)}.",
            )
        if not found:
            names = [one.flow.name for one in self.flows]
            raise DefinitionError(
                f"expected a flow of the database, found no {id_or_name!r}",
                hint=did_you_mean(id_or_name, names) or "See: sluiceway flows list",
            )
        return found[0]

    def named(self, flow: Flow) -> Flow:
        """Return *flow* with its connections by name."""
        return flow.with_connections({one.id: one.name for one in self.connections})


def is_file(source: str) -> bool:
    """Tell whether *source* means files rather than the database."""
    path = Path(source)
    return path.exists() or path.suffix == ".json" or "/" in source


def load_file_flows(source: str) -> list[Flow]:
    """Return the flows of a file or folder, connections by name.

    Raises:
        DefinitionError: it cannot be read, or holds no flow.
    """
    return [flow for package in read_packages(Path(source)) for flow in flows_of(package)]


async def load_tenant(api: Api) -> Tenant:
    """Return every flow and connection of the database."""
    flows: list[StoredFlow] = []
    for listed in await _pages(api, _FLOWS, "flows"):
        found = await api.call("GET", f"{_FLOWS}/{quote(str(listed['id']), safe='')}")
        flows.append(StoredFlow(id=str(found["id"]), flow=Flow.from_json(found)))
    connections = [
        StoredConnection(
            id=str(one["id"]),
            name=str(one["name"]),
            app_id=str(one["app_id"]),
            ready=one["ready"] is True,
        )
        for one in await _pages(api, _CONNECTIONS, "connections")
    ]
    return Tenant(flows=flows, connections=[*connections, _LOCAL])


async def _pages(api: Api, path: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = 0
    while True:
        query = {"page": page, "per_page": _PAGE, "include_totals": True}
        answer = await api.call("GET", path, query=query)
        items: list[dict[str, Any]] = answer[key]
        found += items
        page += 1
        if len(items) < _PAGE:
            return found


async def load_flow_set(source: str) -> list[Flow]:
    """Return the flows of a file or folder, or one of the database: ``ID``, ``NAME``, ``NAME@3``.

    Raises:
        DefinitionError: there is no such flow.
    """
    if is_file(source):
        return load_file_flows(source)
    from sluiceway.cli._remote import open_api  # noqa: PLC0415 - only for the database
    from sluiceway.cli._session import current_settings  # noqa: PLC0415

    name, at, version = source.rpartition("@")
    async with open_api(current_settings()) as api:
        tenant = await load_tenant(api)
        if at and version.isdecimal() and not any(one.flow.name == source for one in tenant.flows):
            stored = tenant.pick(name)
            path = f"/sluiceway/v1/flows/{stored.id}/versions/{version}"
            return [tenant.named(Flow.from_json(await api.call("GET", path)))]
        return [tenant.named(tenant.pick(source).flow)]
