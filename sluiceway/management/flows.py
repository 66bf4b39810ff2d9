"""Flows as the tenant keeps them: the current wording, and each earlier one as a version."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from sluiceway.errors import DefinitionError, InvalidRequest, NotFound
from sluiceway.management.fields import FLAG, closed, nullable, text
from sluiceway.management.records import change
from sluiceway.models.flow import MAX_NAME_LENGTH, Flow
from sluiceway.models.ids import is_id, new_id
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "CREATE_FLOW",
    "KIND",
    "UPDATE_FLOW",
    "FlowPage",
    "comment_version",
    "create_flow",
    "delete_flow",
    "find_flow",
    "flows_using",
    "get_flow",
    "get_version",
    "list_flows",
    "list_versions",
    "load_flow",
    "load_flows",
    "mark_executed",
    "roll_back",
    "update_flow",
]

KIND: Final = "flow"
_VERSION_KIND: Final = "flow_version"
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_ACTIVITY_KIND: Final = "flow_activity"
_NAME: Final = text(MAX_NAME_LENGTH, about="Flow name")
_ACTION: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "alias": {"type": "string"},
        "type": {"type": "string"},
        "action": {"type": "string"},
        "allow_failure": FLAG,
        "mask_output": FLAG,
        "params": {"type": "object"},
    },
}
_ACTIONS: Final[JsonObject] = {"type": "array", "items": _ACTION}

CREATE_FLOW: Final = closed({"name": _NAME, "actions": _ACTIONS}, "name")
UPDATE_FLOW: Final = closed({"name": _NAME, "actions": nullable(_ACTIONS)})


class FlowPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of flows without their actions, and how many there are in all."""

    flows: list[JsonObject]
    total: int


async def create_flow(environment: Environment, payload: JsonValue) -> JsonObject:
    """Create a flow from the body of ``POST /api/v2/flows``; return it as the wire shows it.

    Raises:
        InvalidRequest: the body is not a flow; ``at`` points into it.
    """
    body, flow = _checked(payload, create=True)
    now = environment.now()
    document = Document(
        kind=KIND,
        id=new_id("af", random_bits=environment.random_bits),
        body=body,
        created_at=now,
        updated_at=now,
        keys=_keys(body, flow),
    )
    await environment.documents.insert(document, _version_of(document))
    return _shown(document, None)


async def load_flow(environment: Environment, id_: str) -> Flow:
    """Return a flow ready to run.

    Raises:
        NotFound: there is none with that id.
        DefinitionError: what is kept is no flow any more, after an upgrade of its rules.
    """
    document = await _load(environment, id_)
    flow = Flow.from_json(document.body)
    return replace(flow, id=document.id, version=document.version)


async def find_flow(environment: Environment, id_or_name: str) -> JsonObject:
    """Return the flow with that id, else the only one with that name.

    Raises:
        NotFound: there is none.
        InvalidRequest: several have that name.
    """
    if is_id(id_or_name, "af"):
        return await get_flow(environment, id_or_name)
    found = await environment.documents.find(KIND, "name", id_or_name, limit=2)
    if len(found) > 1:
        raise InvalidRequest(f"expected one flow of the name {id_or_name!r}, found several")
    if not found:
        raise _missing()
    return _shown(found[0], None)


async def get_flow(environment: Environment, id_: str) -> JsonObject:
    """Return one flow with its actions. Raises ``NotFound``."""
    document = await _load(environment, id_)
    return _shown(document, await environment.documents.get(_ACTIVITY_KIND, id_))


async def list_flows(environment: Environment, *, offset: int, limit: int) -> FlowPage:
    """Return one page of flows, oldest first, without their actions."""
    documents = environment.documents
    found = await documents.list(KIND, offset=offset, limit=limit)
    ids = [document.id for document in found]
    activity = {d.id: d for d in await documents.get_many(_ACTIVITY_KIND, ids)} if ids else {}
    flows = [_shown(document, activity.get(document.id)) for document in found]
    for flow in flows:
        flow.pop("actions", None)
    return FlowPage(flows=flows, total=await documents.count(KIND))


async def load_flows(environment: Environment, *, offset: int, limit: int) -> list[Flow]:
    """Return one page of whole flows, oldest first."""
    found = await environment.documents.list(KIND, offset=offset, limit=limit)
    return [
        replace(Flow.from_json(document.body), id=document.id, version=document.version)
        for document in found
    ]


async def update_flow(environment: Environment, id_: str, payload: JsonValue) -> JsonObject:
    """Change a flow by the body of ``PATCH /api/v2/flows/{id}``; each change is a new version.

    What a flow has already is no change: deploy tools send whole flows again and again.

    Raises:
        InvalidRequest: the body is not (part of) a flow.
        NotFound: there is none with that id.
    """
    changes, flow = _checked(payload, create=False)
    current = await _load(environment, id_)
    # As JSON, because true equals 1 in Python.
    if _ENCODER.encode({**current.body, **changes}) == _ENCODER.encode(current.body):
        return _shown(current, await environment.documents.get(_ACTIVITY_KIND, id_))
    now = environment.now()

    def edit(current: Document) -> Document:
        body = {**current.body, **changes}
        if body.get("actions", ()) is None:  # null takes the actions away, as if never given
            del body["actions"]
        keys = _keys(body, flow)
        if "actions" not in changes:
            keys = (keys[0], *(key for key in current.keys if key.name == "connection"))
        return replace(current, body=body, updated_at=max(now, current.updated_at), keys=keys)

    edited = await change(environment.documents, KIND, id_, edit)
    if edited is None:
        raise _missing()
    _, activity = await asyncio.gather(
        _keep_version(environment, edited), environment.documents.get(_ACTIVITY_KIND, id_)
    )
    return _shown(edited, activity)


async def delete_flow(environment: Environment, id_: str) -> None:
    """Delete a flow with its versions. Raises ``NotFound``."""
    documents = environment.documents
    if not await documents.delete(KIND, id_):
        raise _missing()
    await documents.delete(_ACTIVITY_KIND, id_)
    while versions := await documents.find(_VERSION_KIND, "flow", id_, limit=500):
        for version in versions:
            await documents.delete(_VERSION_KIND, version.id)


async def flows_using(environment: Environment, names: Sequence[str]) -> list[JsonObject]:
    """Return ``{id, name}`` of the flows that name a connection by one of *names*."""
    found: dict[str, JsonObject] = {}
    for name in names:
        for document in await environment.documents.find(KIND, "connection", name, limit=1000):
            found[document.id] = {"id": document.id, "name": document.body["name"]}
    return list(found.values())


async def mark_executed(environment: Environment, id_: str) -> None:
    """Note the day on which the flow ran last: ``executed_at``, written once a day."""
    today = environment.now().date().isoformat()
    documents = environment.documents
    kept = await documents.get(_ACTIVITY_KIND, id_)
    if kept is not None and kept.body.get("executed_at") == today:
        return
    now = environment.now()
    body: JsonObject = {"executed_at": today}
    if kept is not None:
        await change(documents, _ACTIVITY_KIND, id_, lambda d: replace(d, body=body))
        return
    try:
        await documents.insert(
            Document(kind=_ACTIVITY_KIND, id=id_, body=body, created_at=now, updated_at=now)
        )
    except DuplicateKey:  # another execution of the flow began at the same time
        return


async def list_versions(environment: Environment, id_: str) -> list[JsonObject]:
    """Return the versions of a flow, newest first, without their actions. Raises ``NotFound``."""
    await _load(environment, id_)
    found = await environment.documents.find(_VERSION_KIND, "flow", id_, limit=10_000)
    shown = [_shown_version(document) for document in reversed(found)]
    for version in shown:
        version.pop("actions", None)
    return shown


async def get_version(environment: Environment, id_: str, version: int) -> JsonObject:
    """Return one version with its actions. Raises ``NotFound``."""
    document = await environment.documents.get(_VERSION_KIND, f"{id_}@{version}")
    if document is None:
        raise NotFound("Flow version not found")
    return _shown_version(document)


async def comment_version(
    environment: Environment, id_: str, comment: str, *, version: int | None = None
) -> JsonObject:
    """Say what a version changed, and why: the current one, or *version*. Raises ``NotFound``."""
    number = version if version is not None else (await _load(environment, id_)).version
    key = f"{id_}@{number}"

    def edit(current: Document) -> Document:
        body = {name: value for name, value in current.body.items() if name != "comment"}
        return replace(current, body={**body, "comment": comment} if comment else body)

    edited = await change(environment.documents, _VERSION_KIND, key, edit)
    if edited is None:
        raise NotFound("Flow version not found")
    shown = _shown_version(edited)
    shown.pop("actions", None)
    return shown


async def roll_back(environment: Environment, id_: str, version: int) -> JsonObject:
    """Make an earlier wording the current one, as a new version. Raises ``NotFound``."""
    earlier = await get_version(environment, id_, version)
    actions = earlier.get("actions", [])
    flow = await update_flow(environment, id_, {"name": earlier["name"], "actions": actions})
    await comment_version(environment, id_, f"Back to version {version}")
    return flow


async def _keep_version(environment: Environment, flow: Document) -> None:
    try:
        await environment.documents.insert(_version_of(flow))
    except DuplicateKey:  # kept before a crash between the two writes
        return


def _version_of(flow: Document) -> Document:
    return Document(
        kind=_VERSION_KIND,
        id=f"{flow.id}@{flow.version}",
        body={**flow.body, "version": flow.version},
        created_at=flow.updated_at,
        updated_at=flow.updated_at,
        keys=(Key(name="flow", value=flow.id),),
    )


async def _load(environment: Environment, id_: str) -> Document:
    document = await environment.documents.get(KIND, id_)
    if document is None:
        raise _missing()
    return document


def _missing() -> NotFound:
    return NotFound("Flow not found")


def _checked(payload: JsonValue, *, create: bool) -> tuple[JsonObject, Flow]:
    """Return the members of a body, and the flow that they make."""
    (CREATE_FLOW if create else UPDATE_FLOW).check(payload)
    body: Any = payload
    try:
        flow = Flow.from_json({"name": body.get("name", ""), "actions": body.get("actions") or []})
    except DefinitionError as error:
        place = ".".join(part for part in error.at.split("/") if part)
        raise InvalidRequest(
            f"Payload validation error: '{error.message}' on property {place}.",
            error_code="invalid_body",
            at=error.at,
            hint=error.hint,
        ) from error
    return {name: body[name] for name in ("name", "actions") if name in body}, flow


def _keys(body: JsonObject, flow: Flow) -> tuple[Key, ...]:
    """Return what a flow is found by, its name first."""
    connections = [Key(name="connection", value=name) for name in flow.connections()]
    return (Key(name="name", value=str(body["name"])), *connections)


def _shown(document: Document, activity: Document | None) -> JsonObject:
    shown: JsonObject = {
        "id": document.id,
        "name": document.body["name"],
    }
    if "actions" in document.body:
        shown["actions"] = document.body["actions"]
    shown["created_at"] = format_timestamp(document.created_at)
    shown["updated_at"] = format_timestamp(document.updated_at)
    if activity is not None:
        shown["executed_at"] = activity.body["executed_at"]
    return shown


def _shown_version(document: Document) -> JsonObject:
    return {**document.body, "created_at": format_timestamp(document.created_at)}
