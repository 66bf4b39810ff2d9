"""Flow documents as they lie in files: every container, with where each flow stands in its file.

Nothing is refused or made up here: the documents are as written, so that checks can point into
them and exports lose nothing. Containers: a flow, a list of actions, a Dashboard export, a
deploy-cli folder or ``tenant.yaml``, Terraform's JSON (configuration, state, plan), one action.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sluiceway.errors import DefinitionError
from sluiceway.models.connection_stub import ConnectionStub
from sluiceway.models.flow_documents import (
    MAX_FILE_BYTES,
    actions_in_text,
    is_action,
    is_flow_list,
    read_document,
    read_file,
    unreadable_folder,
)
from sluiceway.models.json_text import escape_pointer, parse_json
from sluiceway.models.terraform import terraform_flows, terraform_stubs
from sluiceway.models.yaml_text import is_yaml_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "FlowSource",
    "SourceFile",
    "Sources",
    "find_flow_files",
    "parse_files",
    "parse_source",
    "read_sources",
]

_FOLDERS: Final = (
    *("flows", "flow-vault-connections", "forms", "grants", "emails", "phone-providers"),
)
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "__snapshots__"})


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its text, and the JSON in it. *kind* says which container it is."""

    path: str
    text: str
    document: JsonValue
    kind: str


class FlowSource(msgspec.Struct, frozen=True, kw_only=True):
    """One flow in its file.

    Attributes:
        document: ``{name, actions, …}`` or a list of actions, as written.
        at: its JSON Pointer in the file.
        token: what the container calls it, like ``#FLOW-1#`` or its file's name.
        name: its name, or the token where it has none.
        is_embedded: whether its places are not the file's: JSON inside a text, or one action.
    """

    file: SourceFile
    document: JsonValue
    at: str
    token: str
    name: str
    is_embedded: bool = False


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """All that the files of one container hold.

    Attributes:
        flows: in the order found.
        connections: by what ``connection_id`` says; ``None`` where the container lists none.
        forms: the forms, as written.
        documents: the other files of a deploy-cli folder, by ``folder/name``.
    """

    flows: tuple[FlowSource, ...]
    connections: dict[str, ConnectionStub] | None = None
    forms: tuple[JsonValue, ...] = ()
    documents: dict[str, JsonValue] = msgspec.field(default_factory=dict[str, "JsonValue"])


def read_sources(
    path: Path, *, on_error: Callable[[DefinitionError], None] | None = None
) -> list[Sources]:
    """Read a file, a deploy-cli folder, or every flow file below a folder.

    Args:
        path: the file or folder.
        on_error: told of each file of a folder that cannot be read, so that the others are; without
            it the first one is raised.

    Raises:
        DefinitionError: nothing can be read, or the file holds no flow.
    """
    if not path.is_dir():
        return [parse_source(read_file(path), path=str(path), name=path.stem)]
    found: list[Sources] = []
    broken = 0
    try:
        places = list(_walk(path))
    except OSError as error:
        raise unreadable_folder(error, path) from error
    for folder, file, is_deploy_cli in places:
        try:
            if is_deploy_cli:
                found.append(_read_folder(folder, on_error))
            else:
                found.append(parse_source(read_file(file), str(file), file.stem))
        except DefinitionError as error:
            if on_error is None:
                raise
            broken += 1
            on_error(error)
    if not found and not broken:
        raise DefinitionError(
            "expected flow files in the folder, found none",
            at=str(path),
            hint="Give a file, or a folder with flows/*.json.",
        )
    return found


def find_flow_files(path: Path) -> list[Path]:
    """Return the flow files that ``read_sources`` reads, for those who watch them."""
    if not path.is_dir():
        return [path]
    files: list[Path] = []
    for folder, file, is_deploy_cli in _walk(path):
        files += sorted((folder / "flows").glob("*.json")) if is_deploy_cli else [file]
    return files


def _walk(path: Path) -> Iterator[tuple[Path, Path, bool]]:
    """Yield folders to read whole (deploy-cli's), and single files that hold flows."""
    if (path / "flows").is_dir() and any((path / "flows").glob("*.json")):
        yield path, path, True
        return
    for child in sorted(path.iterdir()):
        if child.is_dir():
            if child.name not in _SKIPPED and not child.name.startswith("."):
                yield from _walk(child)
        elif child.suffix == ".json" and _holds_flows(child):
            yield path, child, False


def _holds_flows(path: Path) -> bool:
    if path.stat().st_size > MAX_FILE_BYTES:
        return False
    try:
        return _kind_of(parse_json(path.read_bytes())) != ""
    except DefinitionError:
        # What is no JSON may be a flow with a slip in it: it is reported, not passed over.
        return path.parent.name == "flows"


def _kind_of(document: JsonValue) -> str:
    """Return which container *document* is, ``""`` for none."""
    if is_flow_list(document):
        return "export"
    if isinstance(document, list):
        is_list = bool(document) and all(is_action(item) for item in document)
        return "list" if is_list else ""
    if not isinstance(document, dict):
        return ""
    if isinstance(document.get("flows"), dict | list):
        return "export"
    if terraform_flows(document):
        return "terraform"
    actions = document.get("actions")
    if isinstance(actions, str) and actions.lstrip().startswith("["):
        return "flow"
    if is_action(document) and "actions" not in document and "params" in document:
        return "single"
    if isinstance(actions, list) and (not actions or any(is_action(item) for item in actions)):
        return "flow"
    return ""


def parse_source(
    data: bytes, path: str, name: str, *, read: Callable[[Path], bytes] = read_file
) -> Sources:
    """Read the text of one file; *name* is for a flow that has none, *read* for files it names.

    Raises:
        DefinitionError: it is not JSON, or holds no flow.
    """
    document = read_document(data, name=path, read=read)
    text = data.removeprefix(b"\xef\xbb\xbf").decode()
    # A document that is close to a flow is taken for one: the check then says what is wrong.
    kind = _kind_of(document) or ("list" if isinstance(document, list) else "")
    if not kind and isinstance(document, dict) and "actions" in document:
        kind = "flow"
    if not kind:
        keys = ", ".join(list(document)[:8]) if isinstance(document, dict) else "a single value"
        raise DefinitionError(
            "expected a flow: {name, actions}, a list of actions, an export with 'flows', or "
            f"Terraform's JSON; found {keys or 'an empty object'}",
            at=path,
        )
    file = SourceFile(path=path, text=text, document=document, kind=kind)
    if kind == "terraform" and isinstance(document, dict):
        flows = tuple(
            FlowSource(
                file=file,
                document=found.document,
                at=found.at,
                token=found.label,
                name=_name_of(found.document, found.label),
                is_embedded=True,
            )
            for found in terraform_flows(document)
        )
        return Sources(flows=flows, connections=terraform_stubs(document))
    if kind == "export" and is_flow_list(document):
        return _export(file, {"flows": document}, "")
    if kind == "export" and isinstance(document, dict):
        return _export(file, document, "/flows")
    worded = _read_text(document, path) if kind == "flow" else None
    flow = FlowSource(
        file=file,
        document=[document] if kind == "single" else worded or document,
        at="",
        token=name,
        name=name if kind == "single" else _name_of(document, name),
        is_embedded=kind == "single" or worded is not None,
    )
    return Sources(flows=(flow,))


def _read_text(document: JsonValue, path: str) -> JsonObject | None:
    try:
        return actions_in_text(document)
    except DefinitionError as error:
        error.at = f"{path}#{error.at}"
        raise


def _export(file: SourceFile, document: JsonObject, base: str) -> Sources:
    flows = document["flows"]
    members = (
        {str(index): item for index, item in enumerate(flows)} if isinstance(flows, list) else flows
    )
    sources = tuple(
        FlowSource(
            file=file,
            document=value,
            at=f"{base}/{escape_pointer(token)}",
            token=token,
            name=_name_of(value, token),
        )
        for token, value in (members.items() if isinstance(members, dict) else ())
    )
    listed = document.get("connections")
    stubs: dict[str, ConnectionStub] | None = None
    if isinstance(listed, dict) and listed:
        stubs = {token: _stub(token, value) for token, value in listed.items()}
    form = document.get("form")
    return Sources(flows=sources, connections=stubs, forms=(form,) if form else ())


def _stub(token: str, value: JsonValue) -> ConnectionStub:
    stub = value if isinstance(value, dict) else {}
    return ConnectionStub(
        token=token,
        name=str(stub.get("name") or token),
        app_id=str(stub.get("app_id") or "AUTH0"),
        id=str(stub.get("id") or ""),
    )


def _read_folder(folder: Path, on_error: Callable[[DefinitionError], None] | None) -> Sources:
    members = [
        _Member(name, file.stem, str(file), partial(read_file, file))
        for name in _FOLDERS
        for file in sorted((folder / name).glob("*.json"))
    ]
    is_listed = (folder / "flow-vault-connections").is_dir()
    return _gather(members, is_listed=is_listed, on_error=on_error)


class _Member(NamedTuple):
    """One file of a deploy-cli folder: which of its folders it lies in, and how to read it."""

    folder: str
    stem: str
    path: str
    read: Callable[[], bytes]


def _gather(
    members: Iterable[_Member],
    *,
    is_listed: bool,
    on_error: Callable[[DefinitionError], None] | None = None,
) -> Sources:
    flows: list[FlowSource] = []
    documents: dict[str, JsonValue] = {}
    for one in members:
        try:
            if one.folder == "flows":
                flows.extend(parse_source(one.read(), one.path, one.stem).flows)
            else:
                document = parse_json(one.read(), name=one.path)
                documents[f"{one.folder}/{one.stem}"] = document
        except DefinitionError as error:
            if on_error is None:
                raise
            on_error(error)
    listed = [value for key, value in documents.items() if key.startswith("flow-vault-conn")]
    stubs = [_stub(_name_of(value, ""), value) for value in listed]
    forms = tuple(value for key, value in documents.items() if key.startswith("forms/"))
    return Sources(
        flows=tuple(flows),
        connections={stub.token: stub for stub in stubs} if is_listed else None,
        forms=forms,
        documents=documents,
    )


def parse_files(files: Mapping[str, bytes]) -> list[tuple[str, Sources]]:
    """Read files that were sent: *files* by paths with ``/``. What is no flow file is passed over.

    A ``flows`` folder makes the folder around it one container, as on disk; a ``tenant.yaml`` is
    one with the files that it names.

    Returns:
        The containers, each with its file's or folder's name.

    Raises:
        DefinitionError: a file cannot be read, or none holds a flow.
    """
    by_yaml = _parse_yaml_files(files)
    found = [(PurePosixPath(path).stem, sources) for path, sources in by_yaml]
    # The folder of a tenant.yaml is read through it.
    taken = {PurePosixPath(path).parent / "flows" for path, _ in by_yaml}
    paths = sorted(path for path in files if path.endswith(".json"))
    places = {path: PurePosixPath(path) for path in paths}
    paths = [path for path in paths if taken.isdisjoint(places[path].parents)]
    roots = {places[path].parent.parent for path in paths if places[path].parent.name == "flows"}
    # As on disk: what lies below a folder that is read whole is not read again.
    roots = {root for root in roots if not roots & set(root.parents)}
    for root in sorted(roots):
        members = [
            _Member(name, places[path].stem, path, partial(files.__getitem__, path))
            for name in _FOLDERS
            for path in paths
            if places[path].parent == root / name
        ]
        is_listed = any(one.folder == "flow-vault-connections" for one in members)
        found.append((root.name or "flows", _gather(members, is_listed=is_listed)))
    others = [path for path in paths if roots.isdisjoint(places[path].parents)]
    if len(files) > 1:
        others = [path for path in others if _kind_of(read_document(files[path], name=path))]
    found += [
        (places[path].stem, parse_source(files[path], path, places[path].stem)) for path in others
    ]
    if not found:
        raise DefinitionError(
            "expected flow files, found none",
            hint="Give an export of the Dashboard, a flow as JSON, or a folder with flows/*.json.",
        )
    return found


def _parse_yaml_files(files: Mapping[str, bytes]) -> list[tuple[str, Sources]]:
    """Return what the YAML files among *files* hold, each by its path."""

    def read(path: Path) -> bytes:
        try:
            return files[path.as_posix()]
        except KeyError as error:
            raise DefinitionError(
                "expected the file that the YAML names, found none such among the files",
                at=path.as_posix(),
                hint="Choose the whole folder, not tenant.yaml alone.",
            ) from error

    return [
        (path, parse_source(files[path], path, PurePosixPath(path).stem, read=read))
        for path in sorted(files)
        if is_yaml_name(path)
        and (len(files) == 1 or _kind_of(read_document(files[path], name=path, read=read)))
    ]


def _name_of(document: JsonValue, fallback: str) -> str:
    name = document.get("name") if isinstance(document, dict) else None
    return name if isinstance(name, str) and name else fallback
