"""Simple objects of the tenant, described by a table: all are made, read and changed alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from sluiceway.errors import Conflict, InvalidRequest, NotFound
from sluiceway.management.records import change
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sluiceway.management.environment import Environment
    from sluiceway.management.validation import Schema
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "Page",
    "Resource",
    "create_item",
    "delete_item",
    "get_item",
    "list_items",
    "load_item",
    "open_secret",
    "shown_item",
    "update_item",
]


_MOST_MATCHING: Final = 10_000


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list, and how many items there are in all."""

    items: list[JsonObject]
    total: int


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of object.

    Attributes:
        kind: what the store calls it.
        new_id: makes the id of a new one from its body.
        create: the body that makes one; *update*: the body that changes one.
        id_field: the key that the wire shows the id under.
        missing: Auth0's words and ``errorCode`` when there is none; *taken* likewise for a clash,
            where ``{id}`` stands for the id.
        other_name: the unique member that a path may name one by, too, encoded once or twice.
        unique: members that no two may share; *indexed*: further ones that lists find by.
        defaults: members of a new one that the body does not give.
        merged: members that a change merges on the first level, null deleting a key.
        secret: the member that is sealed and never shown.
        has_dates: whether the wire shows ``created_at`` and ``updated_at``.
        check: looks at a whole body, new or changed, and refuses or completes it.
        more_keys: further keys of a body, where a member alone will not do.
        dependants: kinds whose documents with the key ``kind`` go with a deleted one.
    """

    kind: str
    new_id: Callable[[Environment, JsonObject], str]
    create: Schema
    update: Schema
    missing: tuple[str, str]
    taken: tuple[str, str] = ("The resource already exists.", "")
    id_field: str = "id"
    other_name: str = ""
    unique: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    defaults: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    merged: tuple[str, ...] = ()
    secret: str = ""
    has_dates: bool = False
    check: Callable[[Environment, JsonObject], Awaitable[JsonObject]] | None = None
    more_keys: Callable[[JsonObject], tuple[Key, ...]] | None = None
    dependants: tuple[str, ...] = ()


async def create_item(
    environment: Environment, resource: Resource, payload: JsonValue
) -> JsonObject:
    """Make one from the body of a POST; return it as the wire shows it.

    Raises:
        InvalidRequest: the body breaks the schema or a rule.
        Conflict: it clashes with another.
    """
    resource.create.check(payload)
    body: JsonObject = {**resource.defaults, **_object(payload)}
    hidden = body.pop(resource.secret, None) if resource.secret else None
    if resource.check:
        body = await resource.check(environment, body)
    id_ = resource.new_id(environment, body)
    body = {resource.id_field: id_, **body}
    now = environment.now()
    document = Document(
        kind=resource.kind,
        id=id_,
        body=body,
        created_at=now,
        updated_at=now,
        keys=_keys(resource, body),
        secret=None if hidden is None else _seal(environment, resource, id_, hidden),
    )
    try:
        await environment.documents.insert(document)
    except DuplicateKey as error:
        words, code = resource.taken
        raise Conflict(words.format(id=id_), error_code=code) from error
    return shown_item(resource, document)


async def load_item(environment: Environment, resource: Resource, id_: str) -> Document:
    """Return one as it is kept.

    Raises:
        NotFound: there is none with that id.
    """
    document = await environment.documents.get(resource.kind, id_)
    if document is None and resource.other_name:
        document = await _find_named(environment, resource, id_)
    if document is None:
        raise NotFound(resource.missing[0], error_code=resource.missing[1])
    return document


async def _find_named(environment: Environment, resource: Resource, name: str) -> Document | None:
    for value in dict.fromkeys((name, unquote(name))):
        found = await environment.documents.find(resource.kind, resource.other_name, value, limit=1)
        if found:
            return found[0]
    return None


async def get_item(environment: Environment, resource: Resource, id_: str) -> JsonObject:
    """Return one as the wire shows it. Raises ``NotFound``."""
    return shown_item(resource, await load_item(environment, resource, id_))


async def list_items(
    environment: Environment,
    resource: Resource,
    *,
    offset: int = 0,
    limit: int = 50,
    matching: JsonObject | None = None,
) -> Page:
    """Return one page, oldest first.

    *matching* maps members to the value asked for, or to a list of those that will do.
    """
    documents = environment.documents
    wanted = {name: value for name, value in (matching or {}).items() if value not in (None, [])}
    if not wanted:
        found = await documents.list(resource.kind, offset=offset, limit=limit)
        total = await documents.count(resource.kind)
        return Page(items=[shown_item(resource, d) for d in found], total=total)
    keyed = next((name for name in (*resource.unique, *resource.indexed) if name in wanted), "")
    if keyed:
        found = await documents.find(
            resource.kind, keyed, _key_text(wanted[keyed]), limit=_MOST_MATCHING
        )
    else:
        found = await documents.list(resource.kind, limit=_MOST_MATCHING)
    found = [d for d in found if all(_is(d.body.get(key), item) for key, item in wanted.items())]
    page = found[offset : offset + limit]
    return Page(items=[shown_item(resource, d) for d in page], total=len(found))


def _is(found: JsonValue, wanted: JsonValue) -> bool:
    return found in wanted if isinstance(wanted, list) else found == wanted


async def update_item(
    environment: Environment, resource: Resource, id_: str, payload: JsonValue
) -> JsonObject:
    """Change one by the body of a PATCH: members given replace those kept, null removes them.

    Raises:
        InvalidRequest: the body breaks the schema or a rule.
        NotFound: there is none with that id.
        Conflict: it would clash with another.
    """
    resource.update.check(payload)
    changes = dict(_object(payload))
    hidden = changes.pop(resource.secret, None) if resource.secret else None
    document = await load_item(environment, resource, id_)
    if resource.check:
        await resource.check(environment, _changed(resource, document.body, changes))
    sealed = None if hidden is None else _seal(environment, resource, id_, hidden)
    now = environment.now()

    def edit(current: Document) -> Document:
        body = _changed(resource, current.body, changes)
        return replace(
            current,
            body=body,
            updated_at=max(now, current.updated_at),
            keys=_keys(resource, body),
            secret=current.secret if sealed is None else sealed,
        )

    try:
        edited = await change(environment.documents, resource.kind, document.id, edit)
    except DuplicateKey as error:
        raise Conflict(resource.taken[0], error_code=resource.taken[1]) from error
    if edited is None:
        raise NotFound(resource.missing[0], error_code=resource.missing[1])
    return shown_item(resource, edited)


async def delete_item(environment: Environment, resource: Resource, id_: str) -> None:
    """Delete one and what depends on it; one that is not there is no error."""
    if resource.other_name and (found := await _find_named(environment, resource, id_)):
        id_ = found.id
    await environment.documents.delete(resource.kind, id_)
    for kind in resource.dependants:
        while links := await environment.documents.find(kind, resource.kind, id_, limit=500):
            for link in links:
                await environment.documents.delete(kind, link.id)


def shown_item(resource: Resource, document: Document) -> JsonObject:
    """Return *document* as the wire shows it."""
    if not resource.has_dates:
        return document.body
    return {
        **document.body,
        "created_at": format_timestamp(document.created_at),
        "updated_at": format_timestamp(document.updated_at),
    }


def open_secret(environment: Environment, document: Document) -> JsonObject:
    """Return the sealed member of *document*, ``{}`` where it has none.

    Raises:
        VaultError: it was sealed with another key.
    """
    if document.secret is None:
        return {}
    identity = f"{document.kind}/{document.id}"
    opened: JsonObject = json.loads(environment.sealer.open(document.secret, identity=identity))
    return opened


def _seal(environment: Environment, resource: Resource, id_: str, value: JsonValue) -> bytes:
    return environment.sealer.seal(json.dumps(value).encode(), identity=f"{resource.kind}/{id_}")


def _changed(resource: Resource, body: JsonObject, changes: JsonObject) -> JsonObject:
    result = dict(body)
    for name, value in changes.items():
        kept = result.get(name)
        if name in resource.merged and isinstance(value, dict) and isinstance(kept, dict):
            merged = {**kept, **value}
            result[name] = {key: item for key, item in merged.items() if item is not None}
        elif value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _keys(resource: Resource, body: JsonObject) -> tuple[Key, ...]:
    keys = [
        Key(name=name, value=_key_text(body[name]), unique=name in resource.unique)
        for name in (*resource.unique, *resource.indexed)
        if body.get(name) is not None
    ]
    return (*keys, *(resource.more_keys(body) if resource.more_keys else ()))


def _key_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):  # the schemas refuse everything else
        raise InvalidRequest("Payload validation error: 'Expected type object'.")
    return value
