"""The tenant's flows as packages: one for each imported container, one for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluiceway.analysis.packages import (
    Format,
    Package,
    PackageConnection,
    PackageFlow,
    exchange_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sluiceway.analysis.transfer import StoredConnection, StoredFlow
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["merged", "packages_to_export"]


def packages_to_export(
    flows: Sequence[StoredFlow],
    connections: Sequence[StoredConnection],
    records: Sequence[Mapping[str, Any]],
    *,
    chosen: Collection[str],
) -> list[Package]:
    """Return the *chosen* flows, by id, with what *records* of their imports hold beside them."""
    left = dict.fromkeys(one.id for one in flows if one.id in chosen)
    packages: list[Package] = []
    for record in reversed(records):
        members = [one for one in record["flows"] if one["id"] in left]
        if members:
            packages.insert(0, _restored(record, members, flows, connections))
            for one in members:
                left.pop(one["id"])
    if left:
        packages.append(_plain([*left], flows, connections))
    return packages


def _restored(
    record: Mapping[str, Any],
    members: list[dict[str, Any]],
    flows: Sequence[StoredFlow],
    connections: Sequence[StoredConnection],
) -> Package:
    stored = {one.id: one.flow for one in flows}
    listed_before: list[dict[str, Any]] = record.get("connections") or []
    unsaid: dict[str, Any] = {"id": "", "document": {}}
    by_token: dict[str, dict[str, Any]] = {
        str(one["token"]): {**unsaid, **one} for one in listed_before
    }
    tokens = {str(one["id"]): token for token, one in by_token.items() if one["id"]}
    names = {one.id: one for one in connections}
    restored: list[PackageFlow] = []
    used: dict[str, str] = {}
    for member in members:
        flow = stored[member["id"]]
        used |= {id_: tokens.get(id_, id_) for id_ in flow.connections()}
        body = flow.with_connections(tokens).as_json()
        values: JsonObject = {**member.get("extra", {}), **body}
        order = [key for key in member.get("keys", ()) if key in values]
        document = {key: values[key] for key in [*order, *(k for k in values if k not in order)]}
        restored.append(
            PackageFlow(
                token=member.get("token", member["id"]),
                name=flow.name,
                document=document,
                file=member.get("file", ""),
            )
        )
    listed = [
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
        flows=tuple(restored),
        connections=(*listed, *more),
        forms=record.get("forms") or {},
        rest=record.get("rest") or {},
        keys=tuple(record.get("keys") or ()),
    )


def _plain(
    ids: Sequence[str], flows: Sequence[StoredFlow], connections: Sequence[StoredConnection]
) -> Package:
    stored = {one.id: one.flow for one in flows}
    known = {one.id: one for one in connections}
    known |= {one.name: one for one in connections if one.name not in known}
    used: dict[str, PackageConnection] = {}
    plain: list[PackageFlow] = []
    for id_ in ids:
        flow = stored[id_]
        for name in flow.connections():
            found = known.get(name)
            if found is not None:
                used.setdefault(
                    name, PackageConnection(token=name, name=found.name, app_id=found.app_id)
                )
        plain.append(PackageFlow(token=id_, name=flow.name, document=flow.as_json()))
    name = stored[ids[0]].name if len(ids) == 1 else "flows"
    return Package(
        format=Format.FLOW, name=name, flows=tuple(plain), connections=tuple(used.values())
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
