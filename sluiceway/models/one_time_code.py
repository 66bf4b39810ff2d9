"""A one-time code as it is kept: by reference, never the code itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["OneTimeCode"]


class OneTimeCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code kept for one reference: never the code itself, only its salted hash."""

    salt: bytes
    digest: bytes
    expires_at: datetime
    attempts: int = 0
