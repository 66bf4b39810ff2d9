"""The data keys by version, and the sealer over them."""

from __future__ import annotations

from sluiceway.errors import VaultError
from sluiceway.vault.cipher import key_version_of, open_sealed, seal

__all__ = ["Keyring"]


class Keyring:
    """Seals with the active data key, opens with the one that a value names.

    A key that was once taken in stays for as long as the process lives: a value read before a
    rotation may be opened after it.
    """

    def __init__(self, keys: dict[int, bytes], *, active: int | None = None) -> None:
        if not keys:
            raise VaultError("expected at least one data key, found none")
        self._keys = dict(keys)
        self._active = max(keys) if active is None else active
        if self._active not in self._keys:
            raise VaultError(f"expected data key {self._active} among the keys, found it missing")

    def __repr__(self) -> str:
        return f"Keyring(versions={sorted(self._keys)}, active={self._active})"

    @property
    def active(self) -> int:
        """The version that new values are sealed with."""
        return self._active

    @property
    def versions(self) -> frozenset[int]:
        """The versions that can be opened."""
        return frozenset(self._keys)

    def seal(self, plaintext: bytes, *, identity: str) -> bytes:
        """See ``Sealer``."""
        version = self._active
        return seal(plaintext, key=self._keys[version], version=version, identity=identity)

    def open(self, sealed: bytes, *, identity: str) -> bytes:
        """See ``Sealer``."""
        version = key_version_of(sealed)
        key = self._keys.get(version)
        if key is None:
            raise VaultError(
                f"the secret of {identity} is sealed with data key {version}, which is not here",
                hint="The key was rotated by another process: try again in a moment.",
            )
        return open_sealed(sealed, key=key, identity=identity)

    def reseal(self, sealed: bytes, *, identity: str) -> bytes:
        """Return the same secret under the active key. Raises ``VaultError``."""
        return self.seal(self.open(sealed, identity=identity), identity=identity)

    def take_in(self, other: Keyring) -> None:
        """Add the keys of *other*, and seal with the one that it seals with."""
        self._keys.update(other._keys)
        self._active = other._active
