"""The containers that flows come in: bare, named, exports, deploy-cli, Terraform.

Source: contract section 2 and real exports: a Dashboard export is ``{version, form, flows,
connections}`` with tokens like ``#FLOW-1#`` and ``#CONN-1#``; a deploy-cli folder has
``flows/<name>.json`` with connection names in ``connection_id`` and
``flow-vault-connections/<name>.json`` beside it; Terraform's JSON has ``auth0_flow`` resources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import DefinitionError
from sluiceway.models.connection_stub import ConnectionStub
from sluiceway.models.flow import Flow
from sluiceway.models.flow_documents import (
    MAX_FILE_BYTES,
    actions_in_text,
    is_action,
    is_flow_list,
    read_document,
    read_file,
    unreadable_folder,
)
from sluiceway.models.json_text import did_you_mean, escape_pointer, parse_json, type_name
from sluiceway.models.terraform import terraform_flows, terraform_stubs

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.terraform import TerraformFlow

__all__ = [
    "MAX_FILE_BYTES",
    "ConnectionStub",
    "FlowBundle",
    "FlowEntry",
    "free_id",
    "load_flow_bundle",
    "parse_flow_bundle",
    "with_ids",
]

_UNSAFE: Final = re.compile(r"[^a-z0-9]+")


class FlowEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A flow in its container: *token* names it there, *at* is ``file#pointer``.

    *is_bare* says that the file is the list of actions itself, *is_single* that it is one action.
    """

    flow: Flow
    token: str
    at: str
    is_bare: bool = False
    is_single: bool = False

    def place(self, pointer: str) -> str:
        """Return ``file#pointer`` for a *pointer* into the flow, like ``/actions/0/id``."""
        file, _, base = self.at.partition("#")
        if self.is_single:
            pointer = pointer.removeprefix("/actions/0")
        elif self.is_bare:
            pointer = pointer.removeprefix("/actions")
        return f"{file}#{base}{pointer}"


class FlowBundle(msgspec.Struct, frozen=True, kw_only=True):
    """All that a file or folder holds."""

    entries: tuple[FlowEntry, ...]
    connections: dict[str, ConnectionStub] = msgspec.field(
        default_factory=dict[str, ConnectionStub]
    )
    form: JsonValue = None
    source: str = ""

    def pick(self, name: str | None) -> FlowEntry:
        """Return the flow with that name or token, or the only one.

        Raises:
            DefinitionError: there is none of that name, or several and no name.
        """
        if name is None:
            if len(self.entries) == 1:
                return self.entries[0]
            raise DefinitionError(
                f"expected one flow, found {len(self.entries)}",
                at=self.source,
                hint=f"Choose one with --flow: {self._names()}." if self.entries else "",
            )
        for entry in self.entries:
            if name in {entry.flow.name, entry.token, entry.flow.id, entry.token.strip("#")}:
                return entry
        known = [entry.flow.name for entry in self.entries]
        raise DefinitionError(
            f"expected a flow named {name!r}, found {self._names() or 'none'}",
            at=self.source,
            hint=did_you_mean(name, known),
        )

    def _names(self) -> str:
        return ", ".join(repr(entry.flow.name or entry.token) for entry in self.entries)


def load_flow_bundle(path: Path) -> FlowBundle:
    """Read a file, or a deploy-cli folder.

    Raises:
        DefinitionError: it cannot be read or holds no flow.
    """
    try:
        if path.is_dir():
            return _load_folder(path)
    except OSError as error:
        raise unreadable_folder(error, path) from error
    return parse_flow_bundle(read_file(path), source=str(path), name=path.stem)


def parse_flow_bundle(data: bytes, *, source: str, name: str) -> FlowBundle:
    """Read the text of one file; *name* is for a flow that has none of its own.

    Raises:
        DefinitionError: it is not JSON, or holds no flow.
    """
    document = read_document(data, name=source)
    try:
        if is_flow_list(document):
            return _parse_export({"flows": document}, source=source, base="")
        if isinstance(document, dict):
            if "flows" in document:
                return _parse_export(document, source=source, base="/flows")
            if found := terraform_flows(document):
                return _parse_terraform(found, document, source=source)
            if is_action(document) and "actions" not in document:
                return _parse_single(document, source=source, name=name)
            if "actions" not in document:
                raise DefinitionError(
                    "expected a flow: {name, actions}, a list of actions, or an export with "
                    f"'flows'; found an object with {', '.join(list(document)[:8]) or 'no keys'}",
                )
        flow = Flow.from_json(with_ids(actions_in_text(document) or document), name=name)
    except DefinitionError as error:
        raise _placed(error, source) from error
    is_bare = isinstance(document, list)
    entry = FlowEntry(flow=flow, token=flow.name, at=source, is_bare=is_bare)
    return FlowBundle(entries=(entry,), source=source)


def _parse_single(document: JsonObject, *, source: str, name: str) -> FlowBundle:
    """Read one action alone, as documentation shows them."""
    try:
        flow = Flow.from_json(with_ids([document]), name=name)
    except DefinitionError as error:
        error.at = error.at.removeprefix("/0")
        raise
    entry = FlowEntry(flow=flow, token=flow.name, at=source, is_single=True)
    return FlowBundle(entries=(entry,), source=source)


def _parse_terraform(
    found: list[TerraformFlow], document: JsonObject, *, source: str
) -> FlowBundle:
    entries = tuple(
        FlowEntry(
            flow=Flow.from_json(with_ids(one.document), name=one.label, at=one.at),
            token=one.label,
            at=f"{source}#{one.at}",
        )
        for one in found
    )
    stubs = terraform_stubs(document) or {}
    return FlowBundle(entries=entries, connections=stubs, source=source)


def _parse_export(document: JsonObject, *, source: str, base: str) -> FlowBundle:
    flows = document["flows"]
    if isinstance(flows, list):
        flows = {str(index): item for index, item in enumerate(flows)}
    if not isinstance(flows, dict):
        raise DefinitionError(f"expected an object, found {type_name(flows)}", at="/flows")
    entries: list[FlowEntry] = []
    for token, value in flows.items():
        at = f"{base}/{escape_pointer(token)}"
        flow = Flow.from_json(with_ids(value), name=token, at=at)
        entries.append(FlowEntry(flow=flow, token=token, at=f"{source}#{at}"))
    return FlowBundle(
        entries=tuple(entries),
        connections=_parse_stubs(document.get("connections") or {}),
        form=document.get("form"),
        source=source,
    )


def _parse_stubs(value: JsonValue) -> dict[str, ConnectionStub]:
    if not isinstance(value, dict):
        raise DefinitionError(f"expected an object, found {type_name(value)}", at="/connections")
    stubs: dict[str, ConnectionStub] = {}
    for token, stub in value.items():
        if not isinstance(stub, dict):
            raise DefinitionError(
                f"expected an object, found {type_name(stub)}",
                at=f"/connections/{escape_pointer(token)}",
            )
        stubs[token] = ConnectionStub(
            token=token,
            name=str(stub.get("name") or token),
            app_id=str(stub.get("app_id") or "AUTH0"),
            id=str(stub.get("id") or ""),
        )
    return stubs


def _load_folder(folder: Path) -> FlowBundle:
    flows = folder / "flows" if (folder / "flows").is_dir() else folder
    files = sorted(file for file in flows.iterdir() if file.suffix == ".json")
    if not files and (folder / "tenant.yaml").is_file():
        return load_flow_bundle(folder / "tenant.yaml")
    if not files:
        raise DefinitionError(
            "expected a deploy-cli folder with flows/*.json or tenant.yaml, found no such file",
            at=str(folder),
        )
    entries: list[FlowEntry] = []
    connections: dict[str, ConnectionStub] = {}
    for file in files:
        bundle = load_flow_bundle(file)
        entries.extend(bundle.entries)
        connections.update(bundle.connections)
    for file in sorted((folder / "flow-vault-connections").glob("*.json")):
        stub = parse_json(read_file(file), name=str(file))
        if not isinstance(stub, dict):
            raise DefinitionError(f"expected an object, found {type_name(stub)}", at=str(file))
        name = str(stub.get("name") or file.stem)
        app_id = str(stub.get("app_id") or "AUTH0")
        connections[name] = ConnectionStub(token=name, name=name, app_id=app_id)
    return FlowBundle(entries=tuple(entries), connections=connections, source=str(folder))


def with_ids(value: JsonValue) -> JsonValue:
    """Give actions without an id one made from their name: files written by hand lack them."""
    if isinstance(value, list):
        return _list_with_ids(value, set())
    if isinstance(value, dict) and isinstance(value.get("actions"), list):
        return {**value, "actions": _list_with_ids(value["actions"], set())}
    return value


def _list_with_ids(actions: JsonValue, taken: set[str]) -> JsonValue:
    if not isinstance(actions, list):
        return actions
    result: list[JsonValue] = []
    for action in actions:
        if isinstance(action, dict):
            known = action.get("id")
            if isinstance(known, str):
                taken.add(known)
            params = action.get("params")
            if isinstance(params, dict) and ("then" in params or "else" in params):
                nested: JsonObject = {
                    key: _list_with_ids(params[key], taken)
                    for key in ("then", "else")
                    if key in params
                }
                params = {**params, **nested}
            complete: JsonObject = action if params is None else {**action, "params": params}
            if "id" not in complete:
                complete = {"id": free_id(complete, taken), **complete}
            result.append(complete)
        else:
            result.append(action)
    return result


def free_id(action: JsonObject, taken: set[str]) -> str:
    """Return an id for *action* made from its name that is not in *taken*, and add it."""
    stem = _UNSAFE.sub("_", str(action.get("action", "action")).lower()).strip("_") or "action"
    number = 1
    while (id_ := f"{stem}_{number}") in taken:
        number += 1
    taken.add(id_)
    return id_


def _placed(error: DefinitionError, source: str) -> DefinitionError:
    if error.at.startswith(source):
        return error
    at = f"{source}#{error.at}" if error.at else source
    return DefinitionError(error.message, at=at, hint=error.hint, details=error.details)
