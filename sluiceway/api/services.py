"""What the API works on; ``bootstrap`` builds it, tests build their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluiceway.management.tenant import EmbeddedTenant

__all__ = ["Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that handlers reach.

    Attributes:
        tenant: the embedded tenant.
        rate_limit: requests a second and burst on ``/api/v2``, ``None`` for no limit.
        max_body_bytes: the largest body that is read.
    """

    tenant: EmbeddedTenant
    rate_limit: tuple[float, int] | None = None
    max_body_bytes: int = 4 * 1024 * 1024
