"""What importing a package would do to a tenant, decided before anything is done.

Pure: what the tenant has comes as arguments. ``sluiceway plan`` shows the plan, and
``sluiceway import`` carries out exactly that.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sluiceway.analysis.diff import compare_flows
from sluiceway.analysis.diff_report import FlowChange
from sluiceway.analysis.packages import parse_package_flow
from sluiceway.discreet import Discreet
from sluiceway.errors import DefinitionError
from sluiceway.models.flow import Flow
from sluiceway.models.flow_files import with_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluiceway.analysis.packages import Package, PackageFlow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "ConnectionStep",
    "FlowStep",
    "ImportPlan",
    "StoredConnection",
    "StoredFlow",
    "Verb",
    "connected",
    "plan_import",
]


class Verb(StrEnum):
    """What becomes of a flow or a connection."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    MISSING = "missing"
    """Referred to, neither in the package nor in the tenant."""


class StoredFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow of the tenant; its ``connection_id`` values as they are kept."""

    id: str
    flow: Flow


class StoredConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A vault connection of the tenant."""

    id: str
    name: str
    app_id: str
    ready: bool


class ConnectionStep(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One connection: *token* is the package's, *id* the tenant's, empty where it is to be made."""

    withheld = frozenset({"setup"})

    verb: Verb
    token: str
    name: str
    app_id: str
    id: str = ""
    setup: JsonObject | None = None

    def made_as(self, id_: str) -> ConnectionStep:
        """Return the step with the id of what was made."""
        return replace(self, id=id_)


class FlowStep(msgspec.Struct, frozen=True, kw_only=True):
    """One flow. *document* is what to keep, its ``connection_id`` values still the package's."""

    verb: Verb
    token: str
    name: str
    id: str
    document: JsonObject
    change: FlowChange

    def made_as(self, id_: str) -> FlowStep:
        """Return the step with the id of what was made."""
        return replace(self, id=id_)


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an import does, in order: connections first."""

    package: Package
    connections: tuple[ConnectionStep, ...]
    flows: tuple[FlowStep, ...]

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        verbs = {step.verb for step in self.connections} | {step.verb for step in self.flows}
        return bool(verbs & {Verb.CREATE, Verb.UPDATE})

    def carried_out(
        self, connections: Sequence[ConnectionStep], flows: Sequence[FlowStep]
    ) -> ImportPlan:
        """Return the plan with the steps as they were done."""
        return replace(self, connections=tuple(connections), flows=tuple(flows))


def plan_import(
    package: Package,
    *,
    flows: Sequence[StoredFlow],
    connections: Sequence[StoredConnection],
    chosen: Mapping[str, str] | None = None,
    set_secrets: bool = False,
) -> ImportPlan:
    """Decide what importing *package* does.

    Flows are found by id, then by name; connections by name, then by id. A connection that is set
    up keeps its secret unless *set_secrets* says otherwise; placeholders never replace one.

    Args:
        package: what to import.
        flows: the tenant's.
        connections: the tenant's, ``local`` among them.
        chosen: the tenant's connection to use, by token or name of the package's.
        set_secrets: whether setups in the package replace the tenant's.

    Raises:
        DefinitionError: a flow is no flow, two of the package have one name, or several of the
            tenant's have the name that an imported one has.
    """
    _refuse_double_names(package)
    steps = _connection_steps(package, connections, chosen or {}, set_secrets=set_secrets)
    names = {step.token: step.name for step in steps}
    stored_names = {one.id: one.name for one in connections}
    flow_steps = [_flow_step(one, flows, names, stored_names=stored_names) for one in package.flows]
    return ImportPlan(package=package, connections=tuple(steps), flows=tuple(flow_steps))


def _refuse_double_names(package: Package) -> None:
    seen: set[str] = set()
    for one in package.flows:
        if one.name in seen:
            raise DefinitionError(
                f"expected flows of different names, found {one.name!r} twice",
                hint="Rename one of them: flows are matched by name.",
            )
        seen.add(one.name)


def _connection_steps(
    package: Package,
    stored: Sequence[StoredConnection],
    chosen: Mapping[str, str],
    *,
    set_secrets: bool,
) -> list[ConnectionStep]:
    steps: list[ConnectionStep] = []
    listed = {one.token for one in package.connections}
    for one in package.connections:
        id_ = one.document.get("id")
        wanted = chosen.get(one.token) or chosen.get(one.name)
        found = _find(stored, wanted or one.name) or (
            _find(stored, str(id_)) if isinstance(id_, str) and not wanted else None
        )
        if found is None:
            verb = Verb.MISSING if wanted else Verb.CREATE
        else:
            is_new = one.setup is not None and (set_secrets or not found.ready) and not wanted
            verb = Verb.UPDATE if is_new else Verb.KEEP
        steps.append(
            ConnectionStep(
                verb=verb,
                token=one.token,
                name=found.name if found else wanted or one.name,
                app_id=found.app_id if found else one.app_id,
                id=found.id if found else "",
                setup=one.setup if verb in {Verb.CREATE, Verb.UPDATE} else None,
            )
        )
    for token in _used(package):
        if token not in listed:
            wanted = chosen.get(token, token)
            found = _find(stored, wanted)
            steps.append(
                ConnectionStep(
                    verb=Verb.KEEP if found else Verb.MISSING,
                    token=token,
                    name=found.name if found else wanted,
                    app_id=found.app_id if found else "",
                    id=found.id if found else "",
                )
            )
    return steps


def _find(stored: Sequence[StoredConnection], name: str) -> StoredConnection | None:
    by_name = [one for one in stored if one.name == name]
    return by_name[0] if by_name else next((one for one in stored if one.id == name), None)


def _used(package: Package) -> list[str]:
    """Return the connections that the package's flows refer to."""
    found: dict[str, None] = {}
    waiting: list[JsonValue] = [one.document for one in reversed(package.flows)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            name = value.get("connection_id")
            if isinstance(name, str) and "{{" not in name:
                found[name] = None
            waiting.extend(reversed(value.values()))
    return list(found)


def _flow_step(
    one: PackageFlow,
    stored: Sequence[StoredFlow],
    names: Mapping[str, str],
    *,
    stored_names: Mapping[str, str],
) -> FlowStep:
    whole = with_ids(one.document)
    body: JsonObject = whole if isinstance(whole, dict) else one.document
    flow = parse_package_flow(one)
    found = _find_flow(stored, str(body.get("id") or ""), one.name)
    after = replace(flow.with_connections(names), id="", version=0)
    before = found.flow.with_connections(stored_names) if found else None
    diff = compare_flows(before, after) if before else None
    change = FlowChange(before=before, after=after, diff=diff)
    verb = Verb.CREATE if found is None else Verb.UPDATE if change else Verb.KEEP
    kept: JsonObject = {"name": flow.name, "actions": flow.as_json()["actions"]}
    return FlowStep(
        verb=verb,
        token=one.token,
        name=flow.name,
        id=found.id if found else "",
        document=kept,
        change=change,
    )


def _find_flow(stored: Sequence[StoredFlow], id_: str, name: str) -> StoredFlow | None:
    by_id = next((one for one in stored if id_ and one.id == id_), None)
    if by_id is not None:
        return by_id
    by_name = [one for one in stored if one.flow.name == name]
    if len(by_name) > 1:
        raise DefinitionError(
            f"expected at most one flow named {name!r} in the tenant, found {len(by_name)}",
            hint="Rename or delete all but one of them.",
        )
    return by_name[0] if by_name else None


def connected(step: FlowStep, ids: Mapping[str, str]) -> JsonObject:
    """Return the document to keep for *step*; *ids* gives each token its connection's id."""
    return Flow.from_json(step.document).with_connections(ids).as_json()
