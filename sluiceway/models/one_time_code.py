"""A one-time code as it is kept: by reference, never the code itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["OneTimeCode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """A code kept for one reference: never the code itself, only its salted hash."""

    salt: bytes
    digest: bytes
    expires_at: datetime
    attempts: int = 0
