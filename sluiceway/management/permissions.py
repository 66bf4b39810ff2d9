"""Permissions: scopes of the tenant's APIs that roles and users have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from sluiceway.errors import NotFound
from sluiceway.management.fields import closed, text
from sluiceway.management.memberships import ROLE_USERS, list_left
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonArray, JsonObject, JsonValue

__all__ = [
    "PERMISSIONS",
    "Holder",
    "effective_permissions",
    "effective_roles",
    "give_permissions",
    "list_permissions",
    "permissions_with_sources",
    "role_sources",
    "take_permissions",
]

_MOST: Final = 10_000
PERMISSIONS: Final = closed(
    {
        "permissions": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": closed(
                {"resource_server_identifier": text(600), "permission_name": text(280)},
                "resource_server_identifier",
                "permission_name",
            ).document,
        }
    },
    "permissions",
)


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who has permissions: a ``role`` or a ``user``, by its id."""

    role: str = ""
    user: str = ""

    @property
    def kind(self) -> str:
        """The kind of the documents that keep them."""
        return "role_permission" if self.role else "user_permission"

    @property
    def key(self) -> Key:
        """What those documents are found by."""
        name = "role" if self.role else "user"
        return Key(name=name, value=self.role or self.user)


async def give_permissions(environment: Environment, holder: Holder, body: JsonValue) -> None:
    """Give each permission of the body; one that the holder has already stays.

    Raises:
        NotFound: an API is not there, or has no such scope.
    """
    now = environment.now()
    for permission in _asked(body):
        details = await _describe(environment, permission)
        document = Document(
            kind=holder.kind,
            id=_id(holder, permission),
            body=details,
            created_at=now,
            updated_at=now,
            keys=(holder.key,),
        )
        try:
            await environment.documents.insert(document)
        except DuplicateKey:
            continue


async def take_permissions(environment: Environment, holder: Holder, body: JsonValue) -> None:
    """Take each permission of the body away; one that the holder has not is no error."""
    for permission in _asked(body):
        await environment.documents.delete(holder.kind, _id(holder, permission))


async def permissions_with_sources(environment: Environment, user_id: str) -> list[JsonObject]:
    """Return a user's permissions, each with whence it comes: given directly, or by which role."""
    merged: dict[tuple[JsonValue, JsonValue], JsonObject] = {}
    sources: dict[tuple[JsonValue, JsonValue], JsonArray] = {}

    def add(items: Sequence[JsonObject], source: JsonObject) -> None:
        for item in items:
            which = (item["resource_server_identifier"], item["permission_name"])
            merged.setdefault(which, item)
            sources.setdefault(which, []).append(source)

    direct: JsonObject = {"source_id": "", "source_name": "", "source_type": "DIRECT"}
    add(await list_permissions(environment, Holder(user=user_id)), direct)
    for role in await effective_roles(environment, user_id):
        given = await list_permissions(environment, Holder(role=str(role["id"])))
        source: JsonObject = {"source_id": role["id"], "source_name": role["name"]}
        add(given, {**source, "source_type": "ROLE"})
    listed: list[JsonObject] = [
        {**item, "sources": sources[which]} for which, item in merged.items()
    ]
    return sorted(listed, key=_order)


async def list_permissions(environment: Environment, holder: Holder) -> list[JsonObject]:
    """Return what the holder was given, by API and name."""
    key = holder.key
    found = await environment.documents.find(holder.kind, key.name, key.value, limit=_MOST)
    return sorted((document.body for document in found), key=_order)


async def effective_permissions(
    environment: Environment, user_id: str, identifier: str
) -> list[JsonObject]:
    """Return a user's permissions on one API with their ``sources``: direct, or through roles."""
    merged: dict[str, JsonObject] = {}
    sources: dict[str, JsonArray] = {}

    def add(items: Sequence[JsonObject], source: str) -> None:
        for item in items:
            if item["resource_server_identifier"] != identifier:
                continue
            name = str(item["permission_name"])
            merged[name] = item
            listed = sources.setdefault(name, [])
            if source not in listed:
                listed.append(source)

    add(await list_permissions(environment, Holder(user=user_id)), "direct")
    for role_id in await list_left(environment, ROLE_USERS, user_id):
        add(await list_permissions(environment, Holder(role=role_id)), "effective_roles")
    return [{**item, "sources": sources[name]} for name, item in merged.items()]


async def role_sources(
    environment: Environment, user_id: str, identifier: str, name: str
) -> list[JsonObject]:
    """Return the roles through which a user has one permission."""
    found: list[JsonObject] = []
    for role in await effective_roles(environment, user_id):
        given = await list_permissions(environment, Holder(role=str(role["id"])))
        if any(
            one["resource_server_identifier"] == identifier and one["permission_name"] == name
            for one in given
        ):
            found.append(role)
    return found


async def effective_roles(environment: Environment, user_id: str) -> list[JsonObject]:
    """Return a user's roles with their ``sources``; there are no groups that could give one.

    Clients want text for a description here, null only where roles stand by themselves.
    """
    ids = await list_left(environment, ROLE_USERS, user_id)
    documents = await environment.documents.get_many("role", ids)
    return [
        {**role.body, "description": role.body["description"] or "", "sources": ["direct"]}
        for role in documents
    ]


def _order(permission: JsonObject) -> tuple[str, str]:
    return str(permission["resource_server_identifier"]), str(permission["permission_name"])


def _asked(body: JsonValue) -> list[dict[str, str]]:
    given: Any = body  # PERMISSIONS has checked it
    return list(given["permissions"])


def _id(holder: Holder, permission: dict[str, str]) -> str:
    parts = (
        holder.key.value,
        permission["resource_server_identifier"],
        permission["permission_name"],
    )
    return "\n".join(parts)


async def _describe(environment: Environment, permission: dict[str, str]) -> JsonObject:
    identifier, name = permission["resource_server_identifier"], permission["permission_name"]
    found = await environment.documents.find("resource_server", "identifier", identifier, limit=1)
    server = found[0].body if found else {}
    scopes = server.get("scopes")
    for scope in scopes if isinstance(scopes, list) else []:
        if isinstance(scope, dict) and scope.get("value") == name:
            return {
                "permission_name": name,
                "description": scope.get("description", ""),
                "resource_server_name": server.get("name", identifier),
                "resource_server_identifier": identifier,
            }
    raise NotFound(
        f"The permission {name} of the resource server {identifier} does not exist.",
        error_code="inexistent_permission",
    )
