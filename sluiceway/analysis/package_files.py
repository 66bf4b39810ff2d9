"""Packages read from files, and written to them: one reader and one writer a container."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.packages import (
    Format,
    Package,
    PackageConnection,
    PackageFlow,
    exchange_tokens,
    safe_setup,
)
from sluiceway.analysis.sources import read_sources
from sluiceway.models.terraform import escape_template, resource_label

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.analysis.sources import FlowSource, Sources
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["file_name", "package_of", "read_packages", "write_package"]

_FLOW_TOKEN: Final = re.compile(r"#FLOW-\d+#")
_CONNECTION_TOKEN: Final = re.compile(r"#CONN-\d+#")
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_EXPORT_KEYS: Final = ("version", "form", "flows", "connections")
_REPLACED: Final = ("flows", "form", "connections")


def read_packages(path: Path) -> list[Package]:
    """Read a file, a deploy-cli folder, or every container below a folder.

    Raises:
        DefinitionError: nothing can be read, or there is no flow.
    """
    return [package_of(sources, name=path.stem or path.name) for sources in read_sources(path)]


def package_of(sources: Sources, *, name: str) -> Package:
    """Return what *sources* hold as a package."""
    first = sources.flows[0] if sources.flows else None
    kind = first.file.kind if first else "flow"
    if sources.documents or len({flow.file.path for flow in sources.flows}) > 1:
        return _from_folder(sources, name)
    if kind == "export" and first is not None:
        return _from_export(sources, first.file.document, name)
    if kind == "terraform":
        return _from_terraform(sources, name)
    return Package(
        format=Format.LIST if kind == "list" else Format.FLOW,
        name=name,
        flows=tuple(_flow(flow) for flow in sources.flows),
        connections=_connections(sources),
    )


def _flow(source: FlowSource, token: str = "") -> PackageFlow:
    document = source.document
    body: JsonObject = document if isinstance(document, dict) else {"actions": document}
    stem = source.file.path.rpartition("/")[2].removesuffix(".json")
    return PackageFlow(token=token or source.token, name=source.name, document=body, file=stem)


def _connections(sources: Sources) -> tuple[PackageConnection, ...]:
    stubs = sources.connections or {}
    return tuple(
        PackageConnection(token=token, name=stub.name, app_id=stub.app_id)
        for token, stub in stubs.items()
    )


def _from_export(sources: Sources, document: JsonValue, name: str) -> Package:
    export = document if isinstance(document, dict) else {}
    listed = export.get("connections")
    stubs = sources.connections or {}
    forms = {"form": export["form"]} if "form" in export else dict[str, "JsonValue"]()
    return Package(
        format=Format.DASHBOARD,
        name=name,
        flows=tuple(_flow(flow) for flow in sources.flows),
        connections=tuple(
            PackageConnection(
                token=token,
                name=stub.name,
                app_id=stub.app_id,
                document=_object(listed.get(token) if isinstance(listed, dict) else {}),
            )
            for token, stub in stubs.items()
        ),
        forms=forms,
        rest={key: value for key, value in export.items() if key not in _REPLACED},
        keys=tuple(export),
    )


def _from_folder(sources: Sources, name: str) -> Package:
    connections: list[PackageConnection] = []
    forms: dict[str, JsonValue] = {}
    rest: JsonObject = {}
    for path, document in sources.documents.items():
        folder, _, stem = path.partition("/")
        if folder == "flow-vault-connections" and isinstance(document, dict):
            label = str(document.get("name") or stem)
            connections.append(
                PackageConnection(
                    token=label,
                    name=label,
                    app_id=str(document.get("app_id") or "AUTH0"),
                    document=document,
                )
            )
        elif folder == "forms":
            forms[stem] = document
        else:
            rest[path] = document
    return Package(
        format=Format.DEPLOY_CLI,
        name=name,
        # A form of deploy-cli refers to flows by their names.
        flows=tuple(_flow(flow, token=flow.name) for flow in sources.flows),
        connections=tuple(connections),
        forms=forms,
        rest=rest,
    )


def _from_terraform(sources: Sources, name: str) -> Package:
    return Package(
        format=Format.TERRAFORM,
        name=name,
        flows=tuple(_flow(flow) for flow in sources.flows),
        connections=_connections(sources),
        rest={"document": sources.flows[0].file.document},
    )


def write_package(package: Package, format_: Format) -> dict[str, JsonValue]:
    """Return the files of the package in that format: relative paths and their JSON."""
    if format_ is Format.DASHBOARD:
        return {f"{file_name(package.name)}.json": _as_export(package)}
    if format_ is Format.DEPLOY_CLI:
        return _as_folder(package)
    if format_ is Format.TERRAFORM:
        return {f"{file_name(package.name)}.tf.json": _as_terraform(package)}
    named = _by_names(package)
    files: dict[str, JsonValue] = {}
    taken: set[str] = set()
    for flow in named.flows:
        stem = _free_name(flow.file or file_name(flow.name), taken)
        actions = flow.document.get("actions", [])
        files[f"{stem}.json"] = actions if format_ is Format.LIST else _named(flow)
    return files


def file_name(name: str) -> str:
    """Return *name* as a file's name, as deploy-cli makes it: slashes and the like become ``-``."""
    return _UNSAFE.sub("-", name).strip(" .") or "flow"


def _free_name(stem: str, taken: set[str]) -> str:
    found, number = stem, 2
    while found.casefold() in taken:
        found, number = f"{stem}-{number}", number + 1
    taken.add(found.casefold())
    return found


def _named(flow: PackageFlow) -> JsonObject:
    if "name" in flow.document:
        return flow.document
    return {"name": flow.name, **flow.document}


def _by_names(package: Package) -> Package:
    return exchange_tokens(
        package,
        flow_token=lambda _, flow: flow.name,
        connection_token=lambda _, connection: connection.name,
    )


def _as_export(package: Package) -> JsonObject:
    keeps = package.format is Format.DASHBOARD
    exchanged = exchange_tokens(
        package,
        flow_token=lambda n, flow: (
            flow.token if keeps or _FLOW_TOKEN.fullmatch(flow.token) else f"#FLOW-{n}#"
        ),
        connection_token=lambda n, one: (
            one.token if keeps or _CONNECTION_TOKEN.fullmatch(one.token) else f"#CONN-{n}#"
        ),
    )
    connections: JsonObject = {one.token: _stub(one) for one in exchanged.connections}
    flows: JsonObject = {
        flow.token: flow.document if keeps else _named(flow) for flow in exchanged.flows
    }
    form = next(iter(exchanged.forms.values()), None)
    rest: JsonObject = package.rest if keeps else {"version": "4.0.0"}
    values: JsonObject = {**rest, "flows": flows}
    if form is not None or "form" in package.keys:
        values["form"] = form
    if connections or not keeps or "connections" in package.keys:
        values["connections"] = connections
    order = package.keys if keeps else _EXPORT_KEYS
    listed = [*(key for key in order if key in values), *(k for k in values if k not in order)]
    return {key: values[key] for key in listed}


def _stub(connection: PackageConnection) -> JsonObject:
    known = {k: v for k, v in connection.document.items() if k not in {"setup", "token"}}
    return known or {
        "id": connection.token,
        "app_id": connection.app_id,
        "name": connection.name,
    }


def _as_folder(package: Package) -> dict[str, JsonValue]:
    keeps = package.format is Format.DEPLOY_CLI
    named = _by_names(package)
    files: dict[str, JsonValue] = dict(package.rest) if keeps else {}
    files = {f"{path}.json": document for path, document in files.items()}
    taken: set[str] = set()
    for flow in named.flows:
        stem = flow.file if keeps and flow.file else file_name(flow.name)
        files[f"flows/{_free_name(stem, taken)}.json"] = flow.document if keeps else _named(flow)
    for one in named.connections:
        path = f"flow-vault-connections/{file_name(one.name)}.json"
        setup = one.document.get("setup")
        body: JsonObject = {"name": one.name, "app_id": one.app_id}
        if keeps:
            body = {k: v for k, v in one.document.items() if k != "setup"} or body
        if setup is not None or not keeps:
            body["setup"] = safe_setup(one.name, setup)
        files[path] = body
    for stem, form in named.forms.items():
        label = form.get("name") if isinstance(form, dict) else None
        name = stem if keeps else file_name(str(label or stem))
        files[f"forms/{name}.json"] = form
    return files


def _as_terraform(package: Package) -> JsonObject:
    taken: set[str] = set()
    labels = {one.token: resource_label(one.name, taken) for one in package.connections}
    exchanged = exchange_tokens(
        package,
        flow_token=lambda _, flow: flow.token,
        connection_token=lambda _, one: f"${{auth0_flow_vault_connection.{labels[one.token]}.id}}",
    )
    resources: JsonObject = {}
    if exchanged.connections:
        variables = {label: f"{label}_setup" for label in labels.values()}
        resources["auth0_flow_vault_connection"] = {
            labels[one.token]: {
                "name": escape_template(one.name),
                "app_id": one.app_id,
                "setup": f"${{var.{variables[labels[one.token]]}}}",
            }
            for one in package.connections
        }
    flow_labels: set[str] = set()
    resources["auth0_flow"] = {
        resource_label(flow.name, flow_labels): {
            "name": escape_template(flow.name),
            "actions": escape_template(
                json.dumps(flow.document.get("actions", []), ensure_ascii=False)
            ),
        }
        for flow in exchanged.flows
    }
    document: JsonObject = {"resource": resources}
    if labels:
        document["variable"] = {
            f"{label}_setup": {"type": "map(string)", "sensitive": True}
            for label in labels.values()
        }
    return _with_other_resources(package, document)


def _with_other_resources(package: Package, document: JsonObject) -> JsonObject:
    """Keep what else a configuration held, where the package was read from one."""
    read = package.rest.get("document") if package.format is Format.TERRAFORM else None
    if not isinstance(read, dict) or "resource" not in read:
        return document
    kept = {key: value for key, value in read.items() if key not in document}
    resources = read["resource"]
    others: JsonObject = {}
    for block in resources if isinstance(resources, list) else [resources]:
        if isinstance(block, dict):
            others |= {
                key: value
                for key, value in block.items()
                if key not in {"auth0_flow", "auth0_flow_vault_connection"}
            }
    own = document["resource"]
    return {**kept, **document, "resource": {**others, **(own if isinstance(own, dict) else {})}}


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
