"""Inputs to try a flow with, kept by name and sealed: people put passwords into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.errors import NotFound
from sluiceway.management.fields import OPEN, closed
from sluiceway.management.flows import get_flow
from sluiceway.management.records import change
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["SAMPLE", "delete_sample", "delete_samples", "keep_sample", "list_samples"]

_KIND: Final = "flow_sample"
_MOST: Final = 200
SAMPLE: Final = closed({"context": OPEN, "fields": OPEN, "vars": OPEN})


async def list_samples(environment: Environment, flow_id: str) -> list[JsonObject]:
    """Return ``{name, input, updated_at}`` of a flow's samples, oldest first."""
    found = await environment.documents.find(_KIND, "flow", flow_id, limit=_MOST)
    return [_shown(environment, document) for document in found]


async def keep_sample(
    environment: Environment, flow_id: str, name: str, payload: JsonValue
) -> JsonObject:
    """Keep an input under a name, in place of the one that has it.

    Raises:
        InvalidRequest: it is no ``{context, fields, vars}``.
        NotFound: there is no such flow.
    """
    SAMPLE.check(payload)
    await get_flow(environment, flow_id)
    id_ = _id(flow_id, name)
    now = environment.now()
    sealed = environment.sealer.seal(msgspec.json.encode(payload), identity=f"{_KIND}/{id_}")
    document = Document(
        kind=_KIND,
        id=id_,
        body={"flow_id": flow_id, "name": name},
        created_at=now,
        updated_at=now,
        keys=(Key(name="flow", value=flow_id),),
        secret=sealed,
    )
    try:
        await environment.documents.insert(document)
    except DuplicateKey:
        changed = await change(
            environment.documents, _KIND, id_, lambda d: replace(d, secret=sealed, updated_at=now)
        )
        if changed is None:  # deleted in between: the caller's wish is the later one
            await environment.documents.insert(document)
    return _shown(environment, document)


async def delete_sample(environment: Environment, flow_id: str, name: str) -> None:
    """Forget one sample. Raises ``NotFound``."""
    if not await environment.documents.delete(_KIND, _id(flow_id, name)):
        raise NotFound("Sample not found")


async def delete_samples(environment: Environment, flow_id: str) -> None:
    """Forget all samples of a flow."""
    for document in await environment.documents.find(_KIND, "flow", flow_id, limit=_MOST):
        await environment.documents.delete(_KIND, document.id)


def _id(flow_id: str, name: str) -> str:
    return f"{flow_id}/{name}"


def _shown(environment: Environment, document: Document) -> JsonObject:
    opened = environment.sealer.open(document.secret or b"", identity=f"{_KIND}/{document.id}")
    input_: JsonObject = msgspec.json.decode(opened)
    return {
        "name": document.body["name"],
        "input": input_,
        "updated_at": format_timestamp(document.updated_at),
    }
