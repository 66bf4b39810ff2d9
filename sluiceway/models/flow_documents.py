"""What flow files hold, in the few shapes that are read further: JSON or YAML, whole or in parts.

Sources: the Management API (lists of flows), documentation (one action alone), Terraform
(``actions`` as a JSON text), auth0-deploy-cli's YAML (``flows`` with a ``body`` file each, and
``flowVaultConnections``, in one ``tenant.yaml``).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from sluiceway.errors import DefinitionError
from sluiceway.models.json_text import parse_json
from sluiceway.models.terraform import is_terraform
from sluiceway.models.yaml_text import is_yaml_name, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "MAX_FILE_BYTES",
    "actions_in_text",
    "is_action",
    "is_flow_list",
    "read_document",
    "read_file",
    "unreadable_folder",
]

MAX_FILE_BYTES: Final = 20 * 1024 * 1024


def read_file(path: Path) -> bytes:
    """Return what is in a file.

    Raises:
        DefinitionError: it is too large, or cannot be read.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise DefinitionError(
                f"expected at most {MAX_FILE_BYTES // 1024 // 1024} MB, found a larger file",
                at=str(path),
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DefinitionError(f"cannot read the file: {reason}", at=str(path)) from error


def unreadable_folder(error: OSError, folder: Path) -> DefinitionError:
    """Return what is told of a folder that may not be looked into."""
    reason = error.strerror or type(error).__name__
    return DefinitionError(f"cannot read the folder: {reason}", at=str(error.filename or folder))


def read_document(
    data: bytes, *, name: str, read: Callable[[Path], bytes] = read_file
) -> JsonValue:
    """Parse the text of a file: YAML where *name* says so, else JSON.

    Args:
        data: the bytes.
        name: the file's path.
        read: reads the files that ``tenant.yaml`` names, which lie below its folder.

    Raises:
        DefinitionError: it is neither, or a file that it names cannot be read.
    """
    if name.endswith(".tf"):
        raise DefinitionError(
            "expected JSON or YAML, found Terraform's own language",
            at=name,
            hint="Give the JSON of `terraform show -json`, or the state.",
        )
    if not is_yaml_name(name):
        return parse_json(data, name=name)
    document = parse_yaml(data, name=name)
    if isinstance(document, dict) and isinstance(document.get("flows"), list):
        return _deploy_cli(document, name, read)
    return document


def is_action(value: JsonValue) -> bool:
    """Tell whether *value* looks like one action, right or wrong."""
    return isinstance(value, dict) and "type" in value and "action" in value


def is_flow_list(document: JsonValue) -> bool:
    """Tell whether *document* is a list of flows, as the Management API returns one."""
    return isinstance(document, list) and bool(document) and all(map(_is_flow, document))


def _is_flow(value: JsonValue) -> bool:
    return isinstance(value, dict) and "actions" in value and "type" not in value


def actions_in_text(document: JsonValue) -> JsonObject | None:
    """Return *document* with its actions read where they are a JSON text, as Terraform has them.

    Raises:
        DefinitionError: the text is no JSON.
    """
    if not isinstance(document, dict) or not isinstance(document.get("actions"), str):
        return None
    if is_terraform(document):
        return None
    try:
        return {**document, "actions": parse_json(str(document["actions"]).encode())}
    except DefinitionError as error:
        raise DefinitionError(
            f"expected a list of actions, or its JSON in a text: {error.message}", at="/actions"
        ) from error


def _deploy_cli(document: JsonObject, name: str, read: Callable[[Path], bytes]) -> JsonObject:
    """Return ``tenant.yaml`` in the shape of an export; its tokens are names."""
    flows: JsonObject = {}
    listed = document["flows"]
    for index, flow in enumerate(listed if isinstance(listed, list) else []):
        body = flow.get("body") if isinstance(flow, dict) else None
        if isinstance(flow, dict) and isinstance(body, str):
            found = parse_json(read(_beside(name, body, f"/flows/{index}/body")), name=body)
            flow = {"name": flow.get("name"), **found} if isinstance(found, dict) else found  # noqa: PLW2901
        label = flow.get("name") if isinstance(flow, dict) else None
        flows[label if isinstance(label, str) and label not in flows else str(index)] = flow
    connections: JsonObject = {}
    stubs = document.get("flowVaultConnections")
    for index, stub in enumerate(stubs if isinstance(stubs, list) else []):
        label = stub.get("name") if isinstance(stub, dict) else None
        connections[label if isinstance(label, str) else str(index)] = stub
    return {"flows": flows, "connections": connections}


def _beside(name: str, body: str, at: str) -> Path:
    """Return the file that a flow of ``tenant.yaml`` stands in: below that file's folder."""
    relative = PurePosixPath(body)
    if relative.is_absolute() or ".." in relative.parts or "\\" in body:
        raise DefinitionError(
            f"expected a file below the folder of the YAML, found {body[:80]!r}", at=f"{name}#{at}"
        )
    return Path(name).parent / relative
