"""Import plans as JSON, and what is kept of a container beside its flows and connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.analysis.diff_report import as_json
from sluiceway.analysis.packages import Format, PackageConnection, safe_setup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.analysis.packages import Package
    from sluiceway.analysis.transfer import ImportPlan
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["plan_json", "record_id", "record_of"]


def plan_json(plans: Sequence[ImportPlan]) -> JsonObject:
    """Return the plans as JSON, without any secret."""
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


def record_id(package: Package) -> str:
    """Return the id under which what *package* held is kept."""
    return f"{package.format}:{package.name}"[:200]


def record_of(plan: ImportPlan) -> JsonObject | None:
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
