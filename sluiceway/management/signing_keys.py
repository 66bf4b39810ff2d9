"""The tenant's signing keys: one current, the earlier ones until they are revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import Conflict, NotFound
from sluiceway.management.jws import SigningKey, generate_key, load_key
from sluiceway.management.records import change
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.base import Document, DuplicateKey, Key

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject

__all__ = ["SigningKeys"]

_KIND: Final = "signing_key"
_KID_BITS: Final = 128
_TRUSTED_FOR: Final = timedelta(seconds=10)
_SLOT: Final = Key(name="slot", value="current", unique=True)


class SigningKeys:
    """Reads, makes and rotates the keys; what was read is kept in memory by its ``kid``."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._loaded: dict[str, SigningKey] = {}
        self._seen_at: dict[str, datetime] = {}
        self._making = asyncio.Lock()

    async def current(self) -> SigningKey:
        """Return the key that signs, making the first one."""
        documents = self._environment.documents
        found = await documents.find(_KIND, _SLOT.name, _SLOT.value, limit=1)
        if found:
            return self._load(found[0])
        async with self._making:
            try:
                return await self._make()
            except DuplicateKey:  # another process was faster
                found = await documents.find(_KIND, _SLOT.name, _SLOT.value, limit=1)
                return self._load(found[0])

    async def find(self, kid: str) -> SigningKey | None:
        """Return the key of that id, unless it was revoked; elsewhere, up to ten seconds ago."""
        seen_at = self._seen_at.get(kid)
        if seen_at is not None and self._environment.now() - seen_at < _TRUSTED_FOR:
            return self._loaded.get(kid)
        document = await self._environment.documents.get(_KIND, kid)
        if document is None or document.body.get("revoked"):
            self._seen_at.pop(kid, None)
            return None
        self._seen_at[kid] = self._environment.now()
        return self._load(document)

    async def rotate(self) -> JsonObject:
        """Make a new key the current one; tokens of the earlier ones stay good."""
        documents = self._environment.documents
        for document in await documents.find(_KIND, _SLOT.name, _SLOT.value):
            await change(documents, _KIND, document.id, lambda d: replace(d, keys=()))
        key = await self.current()
        return {"cert": "", "kid": key.kid}

    async def revoke(self, kid: str) -> JsonObject:
        """Refuse the tokens of an earlier key from now on.

        Raises:
            NotFound: there is no such key.
            Conflict: it is the current one; rotate first.
        """
        documents = self._environment.documents
        document = await documents.get(_KIND, kid)
        if document is None:
            raise NotFound("The signing key does not exist.", error_code="inexistent_signing_key")
        if document.keys:
            raise Conflict("The current signing key cannot be revoked: rotate it first.")
        now = format_timestamp(self._environment.now())
        await change(
            documents,
            _KIND,
            kid,
            lambda d: replace(d, body={**d.body, "revoked": True, "revoked_at": now}),
        )
        self._loaded.pop(kid, None)
        self._seen_at.pop(kid, None)
        return {"kid": kid, "cert": ""}

    async def list(self) -> list[JsonObject]:
        """Return the keys, current first, without their private halves."""
        await self.current()
        found = await self._environment.documents.list(_KIND, limit=100, newest_first=True)
        return [_shown(document) for document in found]

    async def jwks(self) -> JsonObject:
        """Return the public halves of the keys that are good (RFC 7517)."""
        await self.current()
        found = await self._environment.documents.list(_KIND, limit=100, newest_first=True)
        return {"keys": [self._load(d).as_jwk() for d in found if not d.body.get("revoked")]}

    async def _make(self) -> SigningKey:
        environment = self._environment
        kid = f"{environment.random_bits(_KID_BITS):032x}"
        key = await asyncio.to_thread(generate_key, kid)
        now = environment.now()
        await environment.documents.insert(
            Document(
                kind=_KIND,
                id=kid,
                body={"kid": kid, "revoked": False},
                created_at=now,
                updated_at=now,
                keys=(_SLOT,),
                secret=environment.sealer.seal(key.as_private_jwk(), identity=f"{_KIND}/{kid}"),
            )
        )
        self._loaded[kid] = key
        return key

    def _load(self, document: Document) -> SigningKey:
        key = self._loaded.get(document.id)
        if key is None:
            sealed = document.secret or b""
            der = self._environment.sealer.open(sealed, identity=f"{_KIND}/{document.id}")
            key = self._loaded[document.id] = load_key(document.id, der)
        return key


def _shown(document: Document) -> JsonObject:
    return {
        "kid": document.id,
        "cert": "",
        "current": bool(document.keys),
        "revoked": bool(document.body.get("revoked")),
        "current_since": format_timestamp(document.created_at),
    }
