"""The tenant's API clients: their secrets, and what their grants allow."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.management.passwords import hash_secret, is_hashed_slowly
from sluiceway.management.records import change
from sluiceway.management.scopes import ALL_SCOPES
from sluiceway.models.ids import new_short_id
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonArray, JsonObject

__all__ = [
    "GRANT_KIND",
    "KIND",
    "add_client",
    "ensure_client",
    "grant_keys",
    "granted_scopes",
    "kept_secret",
    "new_client_id",
    "new_client_secret",
    "seal_secret",
]

KIND: Final = "client"
GRANT_KIND: Final = "client_grant"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ID_LENGTH: Final = 32
_SECRET_LENGTH: Final = 64


def _random_text(length: int, random_bits: Callable[[int], int]) -> str:
    # 64 bits more than needed make the bias of the remainder too small to matter.
    number = random_bits(length * 6 + 64)
    letters: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[digit])
    return "".join(letters)


def new_client_id(random_bits: Callable[[int], int]) -> str:
    """Return 32 letters and digits, as Auth0's client ids are."""
    return _random_text(_ID_LENGTH, random_bits)


def new_client_secret(random_bits: Callable[[int], int]) -> str:
    """Return 64 letters and digits, some 380 bits."""
    return _random_text(_SECRET_LENGTH, random_bits)


async def seal_secret(
    environment: Environment, client_id: str, secret: str, *, is_drawn: bool
) -> bytes:
    """Return what is kept of a client's secret: a sealed hash; see ``hash_secret``."""
    hashed = await hash_secret(secret, random_bits=environment.random_bits, is_drawn=is_drawn)
    return environment.sealer.seal(hashed, identity=f"{KIND}/{client_id}")


def kept_secret(environment: Environment, client: Document) -> bytes:
    """Return the hash of the client's secret, ``b""`` where it has none."""
    if client.secret is None:
        return b""
    return environment.sealer.open(client.secret, identity=f"{KIND}/{client.id}")


async def granted_scopes(
    environment: Environment, client_id: str, audience: str
) -> list[str] | None:
    """Return the scopes of the client's grant for *audience*; ``None`` without a grant."""
    found = await environment.documents.find(
        GRANT_KIND, "client_audience", f"{client_id}\n{audience}", limit=1
    )
    if not found:
        return None
    scope = found[0].body.get("scope")
    return [str(item) for item in scope] if isinstance(scope, list) else []


def grant_keys(body: JsonObject) -> tuple[Key, ...]:
    """Return what a grant is found by: one grant for each client and audience."""
    client_id, audience = str(body.get("client_id") or ""), str(body["audience"])
    return (
        Key(name="client_audience", value=f"{client_id}\n{audience}", unique=True),
        Key(name="client", value=client_id),
        Key(name="client_id", value=client_id),
        Key(name="audience", value=audience),
    )


async def add_client(
    environment: Environment,
    *,
    name: str,
    client_id: str,
    secret: str,
    is_drawn: bool,
    scopes: Sequence[str] = ALL_SCOPES,
) -> None:
    """Keep a machine-to-machine client with a grant of *scopes* on the Management API.

    Raises:
        DuplicateKey: the id is taken.
    """
    now = environment.now()
    body: JsonObject = {
        "client_id": client_id,
        "name": name,
        "app_type": "non_interactive",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_post",
        "is_first_party": True,
        "global": False,
    }
    await environment.documents.insert(
        Document(
            kind=KIND,
            id=client_id,
            body=body,
            created_at=now,
            updated_at=now,
            secret=await seal_secret(environment, client_id, secret, is_drawn=is_drawn),
        )
    )
    await _add_grant(environment, client_id, scopes)


async def _add_grant(environment: Environment, client_id: str, scopes: Sequence[str]) -> None:
    now = environment.now()
    body: JsonObject = {
        "id": new_short_id("cgr_", random_bits=environment.random_bits),
        "client_id": client_id,
        "audience": environment.audience,
        "scope": list(scopes),
        "subject_type": "client",
    }
    await environment.documents.insert(
        Document(
            kind=GRANT_KIND,
            id=str(body["id"]),
            body=body,
            created_at=now,
            updated_at=now,
            keys=grant_keys(body),
        )
    )


async def ensure_client(
    environment: Environment,
    *,
    name: str,
    client_id: str,
    secret: str,
    is_drawn: bool,
    proves: Callable[[Document, str], Awaitable[bool]],
) -> None:
    """Make sure that the client is there with that secret and every scope.

    *proves* tells whether a secret is a client's; see ``hash_secret`` for *is_drawn*.

    A secret that was changed in the settings is changed here too; scopes of a newer version are
    added to the grant.
    """
    found = await environment.documents.get(KIND, client_id)
    if found is None:
        try:
            await add_client(
                environment, name=name, client_id=client_id, secret=secret, is_drawn=is_drawn
            )
        except DuplicateKey:  # another process started at the same time
            return
        return
    is_costly = is_drawn and is_hashed_slowly(kept_secret(environment, found))
    if not await proves(found, secret) or is_costly:
        sealed = await seal_secret(environment, client_id, secret, is_drawn=is_drawn)
        await change(environment.documents, KIND, client_id, lambda d: replace(d, secret=sealed))
    if await granted_scopes(environment, client_id, environment.audience) != list(ALL_SCOPES):
        await _grant_all(environment, client_id)


async def _grant_all(environment: Environment, client_id: str) -> None:
    key = f"{client_id}\n{environment.audience}"
    found = await environment.documents.find(GRANT_KIND, "client_audience", key, limit=1)
    if found:
        scope: JsonArray = list(ALL_SCOPES)
        await change(
            environment.documents,
            GRANT_KIND,
            found[0].id,
            lambda d: replace(d, body={**d.body, "scope": scope}),
        )
        return
    # The domain was changed in the settings: the grant named the earlier audience.
    with suppress(DuplicateKey):  # another process started at the same time
        await _add_grant(environment, client_id, ALL_SCOPES)
