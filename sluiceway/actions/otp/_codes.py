"""What both sides of a one-time code share: how a code is hashed, and how long it lives.

A database that leaks must not give the codes away: six digits are a million guesses, so the hash is
a slow one (scrypt, RFC 7914), which makes trying them all outlast the code's five minutes.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LIFE", "MOST_ATTEMPTS", "SALT_BYTES", "SOURCE", "Reference", "canonical", "hash_code"]

SOURCE: Final = "https://auth0.com/docs/customize/forms/flows/integrations/data-verification"
LIFE: Final = timedelta(minutes=5)
MOST_ATTEMPTS: Final = 5
"""Wrong codes that a reference stands; then its code is thrown away."""
SALT_BYTES: Final = 16

Reference: TypeAlias = Annotated[
    str,
    Meta(
        title="Reference value",
        description="What the code is bound to: an email address, a phone number, any value.",
        max_length=250,
        extra_json_schema={"x-widget": "text"},
    ),
]


def canonical(code: str) -> str:
    """Return *code* without blanks around it and without leading zeros.

    A number field loses the zeros of ``012345``; both forms are the same code.
    """
    return code.strip().lstrip("0") or "0"


async def hash_code(code: str, *, salt: bytes, reference: str) -> bytes:
    """Return the hash of *code* for *reference*; off the event loop, for it takes a while."""
    return await asyncio.to_thread(_scrypt, [code, reference], salt)


def _scrypt(parts: Sequence[str], salt: bytes) -> bytes:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=2**12, r=8, p=1, dklen=32)
