"""The embedded tenant, put together: its rules over one environment, and what it is born with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.management import clients, connections
from sluiceway.management.signing_keys import SigningKeys
from sluiceway.management.tokens import Tokens
from sluiceway.models.ids import new_short_id
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment

__all__ = ["EmbeddedTenant", "open_tenant", "reset_tenant"]

_RESET: Final = (
    "user",
    "role",
    "role_user",
    "role_permission",
    "user_permission",
    "authentication_method",
    "organization",
    "organization_member",
    "organization_member_role",
    "organization_connection",
    "organization_client_grant",
    "connection",
    "resource_server",
    "email_provider",
    "email_template",
    "phone_provider",
    "phone_template",
    "delivery_limits",
    "delivery_webhook",
    "tenant_settings",
    "kept_setting",
)


class EmbeddedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """What serves ``/api/v2``: the environment that its rules work in, its keys and tokens."""

    environment: Environment
    keys: SigningKeys
    tokens: Tokens


async def open_tenant(
    environment: Environment, *, client_id: str, client_secret: str, is_drawn: bool = False
) -> EmbeddedTenant:
    """Return the tenant, made on first use with its default connection and its first client.

    *is_drawn* says that the secret was drawn at random; see ``hash_secret``.
    """
    keys = SigningKeys(environment)
    tenant = EmbeddedTenant(environment=environment, keys=keys, tokens=Tokens(environment, keys))
    await _ensure_connection(environment)
    await clients.ensure_client(
        environment,
        name="Sluiceway",
        client_id=client_id,
        secret=client_secret,
        is_drawn=is_drawn,
        proves=tenant.tokens.proves,
    )
    return tenant


async def reset_tenant(environment: Environment) -> int:
    """Delete all but flows, the vault, executions, keys and API clients; return how many.

    The default connection is made again.
    """
    count = 0
    for kind in _RESET:
        count += await environment.documents.clear(kind)
    await _ensure_connection(environment)
    return count


async def _ensure_connection(environment: Environment) -> None:
    name = connections.DEFAULT_CONNECTION
    if await environment.documents.count(connections.KIND):
        return
    now = environment.now()
    id_ = new_short_id("con_", random_bits=environment.random_bits)
    document = Document(
        kind=connections.KIND,
        id=id_,
        body={
            "id": id_,
            "name": name,
            "strategy": "auth0",
            "is_domain_connection": False,
            "realms": [name],
            "enabled_clients": [],
            "options": {
                "passwordPolicy": "low",
                "requires_username": False,
                "attributes": {
                    "username": {"identifier": {"active": True}, "signup": {"status": "optional"}}
                },
            },
        },
        created_at=now,
        updated_at=now,
        keys=(Key(name="name", value=name, unique=True),),
    )
    try:
        await environment.documents.insert(document)
    except DuplicateKey:  # another process started at the same time
        return
