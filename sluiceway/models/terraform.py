"""``auth0_flow`` in Terraform's JSON: configuration (``.tf.json``), state, ``show -json``.

The actions are a JSON text inside the JSON. In configuration ``$${`` and ``%%{`` stand for ``${``
and ``%{`` (Terraform's JSON configuration syntax, "Expression mapping").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import DefinitionError
from sluiceway.models.connection_stub import ConnectionStub
from sluiceway.models.json_text import escape_pointer, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "TerraformFlow",
    "escape_template",
    "is_terraform",
    "resource_label",
    "terraform_flows",
    "terraform_stubs",
]

_FLOW: Final = "auth0_flow"
_CONNECTION: Final = "auth0_flow_vault_connection"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_]+")
_JSONENCODE: Final = re.compile(r"\s*\$\{\s*jsonencode\((.*)\)\s*\}\s*", re.DOTALL)
_REFERENCE: Final = re.compile(rf"\$\{{{_CONNECTION}\.([A-Za-z0-9_-]+)\.id\}}")


class TerraformFlow(msgspec.Struct, frozen=True):
    """One ``auth0_flow``; *document* is ``{name, actions, …}`` with the actions read."""

    label: str
    document: JsonObject
    at: str


class _Resource(msgspec.Struct, frozen=True):
    type: str
    label: str
    values: JsonObject
    at: str
    is_configuration: bool


def terraform_flows(document: JsonObject) -> list[TerraformFlow]:
    """Return the flows of *document*; none where it is not Terraform's.

    Raises:
        DefinitionError: the actions of one are no JSON.
    """
    flows: list[TerraformFlow] = []
    for resource in _resources(document):
        if resource.type != _FLOW:
            continue
        actions = resource.values.get("actions")
        read = _read_actions(actions, resource) if isinstance(actions, str) else actions
        values = {key: value for key, value in resource.values.items() if key != "actions"}
        flows.append(TerraformFlow(resource.label, {**values, "actions": read or []}, resource.at))
    return flows


def is_terraform(document: JsonValue) -> bool:
    """Tell whether *document* is JSON of Terraform's that holds a flow."""
    return isinstance(document, dict) and any(one.type == _FLOW for one in _resources(document))


def terraform_stubs(document: JsonObject) -> dict[str, ConnectionStub] | None:
    """Return the vault connections by what the flows' ``connection_id`` may say."""
    stubs: dict[str, ConnectionStub] = {}
    for resource in _resources(document):
        if resource.type != _CONNECTION:
            continue
        id_ = resource.values.get("id")
        token = id_ if isinstance(id_, str) else f"${{{_CONNECTION}.{resource.label}.id}}"
        stubs[token] = ConnectionStub(
            token=token,
            name=str(resource.values.get("name") or resource.label),
            app_id=str(resource.values.get("app_id") or "AUTH0"),
            id=id_ if isinstance(id_, str) else "",
        )
    return stubs or None


def resource_label(name: str, taken: set[str]) -> str:
    """Return a resource label for *name* that is not in *taken*, and add it."""
    stem = _UNSAFE.sub("_", name).strip("_").lower() or "flow"
    stem = f"_{stem}" if stem[0].isdigit() else stem
    label, number = stem, 2
    while label in taken:
        label, number = f"{stem}_{number}", number + 1
    taken.add(label)
    return label


def escape_template(text: str) -> str:
    """Return *text* so that Terraform reads it as it is, references to connections apart."""
    pieces: list[str] = []
    done = 0
    for found in _REFERENCE.finditer(text):
        pieces += [_escaped(text[done : found.start()]), found[0]]
        done = found.end()
    return "".join([*pieces, _escaped(text[done:])])


def _escaped(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _read_actions(text: str, resource: _Resource) -> JsonValue:
    if resource.is_configuration:
        encoded = _JSONENCODE.fullmatch(text)
        # JSON is among the expressions that jsonencode(…) takes.
        text = (encoded[1] if encoded else text).replace("$${", "${").replace("%%{", "%{")
    try:
        return parse_json(text.encode())
    except DefinitionError as error:
        raise DefinitionError(
            f"expected the actions of {_FLOW}.{resource.label} as JSON: {error.message}",
            at=f"{resource.at}/actions",
            hint="Terraform's own expressions cannot be read: give the state, or "
            "`terraform show -json`.",
        ) from error


def _resources(document: JsonObject) -> Iterator[_Resource]:
    for at, block in _members(document.get("resource"), "/resource"):
        yield from _declared(block, at)
    if _FLOW in document:
        yield from _declared({_FLOW: document[_FLOW]}, "")
    yield from _state_resources(document)
    values = document.get("values") or document.get("planned_values")
    root = "/values" if "values" in document else "/planned_values"
    if isinstance(values, dict) and document.get("type") == _FLOW:
        yield _Resource(_FLOW, str(document.get("name")), values, root, is_configuration=False)
    elif isinstance(values, dict):
        yield from _module_resources(values.get("root_module"), f"{root}/root_module")
    else:
        yield from _changes(document.get("resource_changes"))


def _declared(block: JsonObject, at: str) -> Iterator[_Resource]:
    for type_, named in block.items():
        for base, labelled in _members(named, f"{at}/{escape_pointer(type_)}"):
            for label, body in labelled.items():
                for here, inner in _members(body, f"{base}/{escape_pointer(label)}"):
                    yield _Resource(type_, label, inner, here, is_configuration=True)


def _changes(listed: JsonValue) -> Iterator[_Resource]:
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        change = item.get("change") if isinstance(item, dict) else None
        after = change.get("after") if isinstance(change, dict) else None
        if isinstance(item, dict) and isinstance(after, dict):
            at = f"/resource_changes/{index}/change/after"
            type_, label = str(item.get("type")), str(item.get("name"))
            yield _Resource(type_, label, after, at, is_configuration=False)


def _state_resources(document: JsonObject) -> Iterator[_Resource]:
    listed = document.get("resources")
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        instances = item.get("instances") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(instances, list):
            continue
        for number, instance in enumerate(instances):
            values = instance.get("attributes") if isinstance(instance, dict) else None
            if isinstance(values, dict):
                at = f"/resources/{index}/instances/{number}/attributes"
                type_, label = str(item.get("type")), str(item.get("name"))
                yield _Resource(type_, label, values, at, is_configuration=False)


def _module_resources(module: JsonValue, at: str) -> Iterator[_Resource]:
    if not isinstance(module, dict):
        return
    listed = module.get("resources")
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        values = item.get("values") if isinstance(item, dict) else None
        if isinstance(item, dict) and isinstance(values, dict):
            here = f"{at}/resources/{index}/values"
            type_, label = str(item.get("type")), str(item.get("name"))
            yield _Resource(type_, label, values, here, is_configuration=False)
    children = module.get("child_modules")
    for index, child in enumerate(children if isinstance(children, list) else []):
        yield from _module_resources(child, f"{at}/child_modules/{index}")


def _members(value: JsonValue, at: str) -> Iterator[tuple[str, JsonObject]]:
    """Yield the objects of a block, which Terraform lets stand alone or in a list."""
    if isinstance(value, dict):
        yield at, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield f"{at}/{index}", item
