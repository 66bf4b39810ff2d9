"""Keep passwords and client secrets as hashes, and compare them in constant time.

What somebody chose is hashed slowly (scrypt), so that guessing takes long. What was drawn at
random, with hundreds of bits, cannot be guessed at any speed, and is hashed once (HMAC-SHA-256).
Source: NIST SP 800-63B, 5.1.2.2, which asks for the slow one below 112 bits.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_strength", "hash_secret", "is_hashed_slowly", "matches_secret"]

# RFC 7914 with N=2^14, r=8: 16 MiB and some 40 ms a guess.
_COST: Final = 2**14
_BLOCK: Final = 8
_SALT_BYTES: Final = 16
_MEMORY: Final = 64 * 1024 * 1024
_SLOW: Final = b"\x01"
_QUICK: Final = b"\x02"


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        secret.encode(), salt=salt, n=_COST, r=_BLOCK, p=1, maxmem=_MEMORY, dklen=32
    )


async def hash_secret(
    secret: str, *, random_bits: Callable[[int], int], is_drawn: bool = False
) -> bytes:
    """Return a salted hash of *secret*, 49 bytes; a slow one is computed beside the event loop.

    Args:
        secret: what to hash.
        random_bits: gives that many random bits as a number.
        is_drawn: it was drawn at random by this program, with at least 112 bits.
    """
    salt = random_bits(_SALT_BYTES * 8).to_bytes(_SALT_BYTES, "big")
    kind = _QUICK if is_drawn else _SLOW
    return kind + salt + await _digest(kind, secret, salt)


async def matches_secret(secret: str, kept: bytes) -> bool:
    """Tell whether *kept* is a hash of *secret*."""
    salt, digest = kept[1 : 1 + _SALT_BYTES], kept[1 + _SALT_BYTES :]
    return hmac.compare_digest(await _digest(kept[:1], secret, salt), digest)


def is_hashed_slowly(kept: bytes) -> bool:
    """Tell whether comparing with *kept* takes long."""
    return kept[:1] == _SLOW


async def _digest(kind: bytes, secret: str, salt: bytes) -> bytes:
    if kind == _QUICK:
        return hmac.digest(salt, secret.encode(), "sha256")
    return await asyncio.to_thread(_scrypt, secret, salt)


_CLASSES: Final = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
_POLICIES: Final = {
    "none": (1, 0),
    "low": (6, 0),
    "fair": (8, 3),
    "good": (8, 3),
    "excellent": (10, 3),
}


def check_strength(password: str, *, policy: str) -> None:
    """Check *password* against one of Auth0's five policies.

    Raises:
        InvalidRequest: it is too short, or of too few kinds of characters.
    """
    length, kinds = _POLICIES.get(policy, _POLICIES["none"])
    present = [bool(re.search(pattern, password)) for pattern in _CLASSES]
    # "fair" asks for lower, upper and digits; the stronger two for any three of the four kinds.
    enough = all(present[:3]) if policy == "fair" else sum(present) >= kinds
    repeats = policy == "excellent" and re.search(r"(.)\1\1", password) is not None
    if len(password) < length or not enough or repeats:
        raise InvalidRequest(
            "PasswordStrengthError: Password is too weak", error_code="invalid_body"
        )
