"""The data keys by version, each wrapped by the master key, and the sealer over them."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sluiceway.errors import VaultError
from sluiceway.storage.base import Document, DuplicateKey
from sluiceway.vault.cipher import key_version_of, open_sealed, seal
from sluiceway.vault.master_key import KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.storage.base import DocumentStore

__all__ = ["KIND", "Keyring", "add_data_key", "load_keyring"]

KIND: Final = "vault_key"
_MASTER_VERSION: Final = 0
_MOST_KEYS: Final = 10_000


class Keyring:
    """Seals with the newest data key, opens with the one that a value names."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        if not keys:
            raise VaultError("expected at least one data key, found none")
        self._keys = keys

    def __repr__(self) -> str:
        return f"Keyring(versions={sorted(self._keys)})"

    @property
    def newest(self) -> int:
        """The version that new values are sealed with."""
        return max(self._keys)

    @property
    def versions(self) -> frozenset[int]:
        """The versions that can be opened."""
        return frozenset(self._keys)

    def seal(self, plaintext: bytes, *, identity: str) -> bytes:
        """See ``Sealer``."""
        version = self.newest
        return seal(plaintext, key=self._keys[version], version=version, identity=identity)

    def open(self, sealed: bytes, *, identity: str) -> bytes:
        """See ``Sealer``."""
        version = key_version_of(sealed)
        key = self._keys.get(version)
        if key is None:
            raise VaultError(
                f"the secret of {identity} is sealed with data key {version}, which is not loaded",
                hint="The key was rotated by another process: try again in a moment.",
            )
        return open_sealed(sealed, key=key, identity=identity)

    def add(self, other: Keyring) -> None:
        """Take in the keys that *other* has: after a rotation by another process."""
        self._keys.update(other._keys)

    def remove(self, version: int) -> None:
        """Forget a key that no value is sealed with any more."""
        self._keys.pop(version, None)


async def load_keyring(
    documents: DocumentStore, *, master_key: bytes, now: Callable[[], datetime]
) -> Keyring:
    """Read the data keys; in a new database, make the first.

    Raises:
        VaultError: the master key does not open them.
    """
    rows = await documents.list(KIND, limit=_MOST_KEYS)
    if not rows:
        # Where another process was quicker, its key is the one to use.
        with suppress(DuplicateKey):
            await add_data_key(documents, master_key=master_key, version=1, now=now)
        rows = await documents.list(KIND, limit=_MOST_KEYS)
    return Keyring({int(row.id): _unwrap(row, master_key) for row in rows})


async def add_data_key(
    documents: DocumentStore, *, master_key: bytes, version: int, now: Callable[[], datetime]
) -> Keyring:
    """Make the data key *version* and keep it, wrapped.

    Raises:
        DuplicateKey: there is a key of that version.
    """
    key = secrets.token_bytes(KEY_BYTES)
    wrapped = seal(key, key=master_key, version=_MASTER_VERSION, identity=f"{KIND}/{version}")
    at = now()
    document = Document(
        kind=KIND, id=str(version), body={}, created_at=at, updated_at=at, secret=wrapped
    )
    await documents.insert(document)
    return Keyring({version: key})


def _unwrap(row: Document, master_key: bytes) -> bytes:
    try:
        return open_sealed(row.secret or b"", key=master_key, identity=f"{KIND}/{row.id}")
    except VaultError as error:
        raise VaultError(
            "the vault key does not open this database: it was made with another",
            hint="Set SLUICEWAY_VAULT_KEY or SLUICEWAY_VAULT_KEY_FILE to this database's key.",
        ) from error
