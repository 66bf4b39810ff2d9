"""Authenticated encryption: AES-256-GCM, bound to the key's version and to the row.

A sealed value is ``0x01 | key version (4 bytes) | nonce (12 bytes) | ciphertext and tag``. The
first five bytes and the row's identity are authenticated with it, so that a flipped bit, a swapped
row and another tenant's row are refused alike. Source: NIST SP 800-38D; a random nonce is safe for
2**32 values under one key, after which ``sluiceway vault rotate-key`` is due.
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sluiceway.errors import VaultError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["HEADER_BYTES", "header_of", "key_version_of", "open_sealed", "seal"]

_FORMAT: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
HEADER_BYTES: Final = 5

_NONCES_AT_ONCE: Final = 256
_nonces: Final[deque[bytes]] = deque()
"""Drawn and not used yet: a call of the system for each costs more than the encryption."""

# A child must not use what its parent may use, too.
os.register_at_fork(after_in_child=_nonces.clear)


def seal(plaintext: bytes, *, key: bytes, version: int, identity: str) -> bytes:
    """Encrypt *plaintext* under *key*, for the row that *identity* names."""
    header = header_of(version)
    nonce = _new_nonce()
    return header + nonce + _cipher(key).encrypt(nonce, plaintext, header + identity.encode())


def _new_nonce() -> bytes:
    while True:
        try:
            return _nonces.popleft()
        except IndexError:
            drawn = secrets.token_bytes(_NONCE_BYTES * _NONCES_AT_ONCE)
            _nonces.extend(
                drawn[start : start + _NONCE_BYTES] for start in range(0, len(drawn), _NONCE_BYTES)
            )


@lru_cache(maxsize=32)
def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - slow to load

    return AESGCM(key)


def header_of(version: int) -> bytes:
    """Return what every value begins with that is sealed with the key *version*."""
    return bytes([_FORMAT]) + version.to_bytes(HEADER_BYTES - 1, "big")


def key_version_of(sealed: bytes) -> int:
    """Return the version of the key that *sealed* was made with.

    Raises:
        VaultError: it is not a sealed value.
    """
    if len(sealed) < HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[0] != _FORMAT:
        raise VaultError("expected a sealed value, found something else")
    return int.from_bytes(sealed[1:HEADER_BYTES], "big")


def open_sealed(sealed: bytes, *, key: bytes, identity: str) -> bytes:
    """Decrypt what ``seal`` gave for the same key and identity.

    Raises:
        VaultError: the key is another, a bit changed, or the value was moved from another row.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - slow to load

    key_version_of(sealed)
    header, rest = sealed[:HEADER_BYTES], sealed[HEADER_BYTES:]
    nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
    try:
        return _cipher(key).decrypt(nonce, ciphertext, header + identity.encode())
    except InvalidTag as error:
        raise VaultError(
            f"the secret of {identity} cannot be opened: another key, or it was changed or moved"
        ) from error
