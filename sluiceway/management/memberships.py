"""Who belongs to what: users in roles and organizations, permissions of roles, connections.

Each membership is a document of its own, found from both of its ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import NotFound
from sluiceway.management import user_profile, users
from sluiceway.management.resources import Resource, shown_item
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject

__all__ = [
    "MEMBER_ROLES",
    "ORGANIZATION_CLIENT_GRANTS",
    "ORGANIZATION_CONNECTIONS",
    "ORGANIZATION_MEMBERS",
    "ROLE_USERS",
    "Membership",
    "add_links",
    "check_items",
    "check_users",
    "list_left",
    "list_right",
    "load_many",
    "remove_links",
    "user_briefs",
]

_MOST: Final = 10_000


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of link between a *left* object (a role) and a *right* one (a user)."""

    kind: str
    left: str
    right: str


ROLE_USERS: Final = Membership(kind="role_user", left="role", right="user")
ORGANIZATION_MEMBERS: Final = Membership(
    kind="organization_member", left="organization", right="user"
)
ORGANIZATION_CONNECTIONS: Final = Membership(
    kind="organization_connection", left="organization", right="connection"
)
ORGANIZATION_CLIENT_GRANTS: Final = Membership(
    kind="organization_client_grant", left="organization", right="client_grant"
)
MEMBER_ROLES: Final = Membership(kind="organization_member_role", left="member", right="role")


async def add_links(
    environment: Environment,
    membership: Membership,
    pairs: Sequence[tuple[str, str]],
    *,
    body: JsonObject | None = None,
) -> None:
    """Link each pair of left and right id; a pair that is linked already stays so."""
    now = environment.now()
    for left, right in pairs:
        document = Document(
            kind=membership.kind,
            id=f"{left}\n{right}",
            body={**(body or {}), membership.left: left, membership.right: right},
            created_at=now,
            updated_at=now,
            keys=(Key(name=membership.left, value=left), Key(name=membership.right, value=right)),
        )
        try:
            await environment.documents.insert(document)
        except DuplicateKey:
            continue


async def remove_links(
    environment: Environment, membership: Membership, pairs: Sequence[tuple[str, str]]
) -> None:
    """Unlink each pair; one that is not linked is no error."""
    for left, right in pairs:
        await environment.documents.delete(membership.kind, f"{left}\n{right}")


async def list_right(environment: Environment, membership: Membership, left: str) -> list[str]:
    """Return the right ids of one left id, oldest link first."""
    found = await environment.documents.find(membership.kind, membership.left, left, limit=_MOST)
    return [str(document.body[membership.right]) for document in found]


async def list_left(environment: Environment, membership: Membership, right: str) -> list[str]:
    """Return the left ids of one right id, oldest link first."""
    found = await environment.documents.find(membership.kind, membership.right, right, limit=_MOST)
    return [str(document.body[membership.left]) for document in found]


async def load_many(
    environment: Environment, resource: Resource, ids: Sequence[str]
) -> list[JsonObject]:
    """Return the items of *ids* that exist, as the wire shows them."""
    found = await environment.documents.get_many(resource.kind, ids)
    return [shown_item(resource, document) for document in found]


async def user_briefs(environment: Environment, ids: Sequence[str]) -> list[JsonObject]:
    """Return ``{user_id, picture, name, email}`` of the users of *ids* that exist."""
    found = await environment.documents.get_many(users.KIND, ids)
    shown = [user_profile.shown(document) for document in found]
    names = ("user_id", "picture", "name", "email")
    return [{name: user[name] for name in names if name in user} for user in shown]


async def check_users(environment: Environment, ids: Sequence[str]) -> None:
    """Check that every user is there. Raises ``NotFound``."""
    found = await environment.documents.get_many(users.KIND, ids)
    if {document.id for document in found} != set(ids):
        raise users.missing()


async def check_items(environment: Environment, resource: Resource, ids: Sequence[str]) -> None:
    """Check that every item is there. Raises ``NotFound``."""
    found = await environment.documents.get_many(resource.kind, ids)
    if {document.id for document in found} != set(ids):
        raise NotFound(resource.missing[0], error_code=resource.missing[1])
