"""What the tenant's rules reach the outside through: stores, sealer, clock, randomness."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from sluiceway.models.timestamps import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.storage.base import DocumentStore, SharedValues, TokenBuckets
    from sluiceway.vault.base import Sealer

__all__ = ["Environment"]


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The embedded tenant's surroundings.

    Attributes:
        documents: the tenant's objects.
        shared: values with an end, such as console sessions.
        buckets: counts failed sign-ins.
        sealer: seals what must not be read from the database.
        domain: the tenant's domain, port included, like ``localhost:4080``.
        tenant_name: what providers and notifications call the tenant.
        now: the clock, cut to milliseconds.
        random_bits: gives that many random bits as a number.
    """

    documents: DocumentStore
    shared: SharedValues
    buckets: TokenBuckets
    sealer: Sealer
    domain: str
    tenant_name: str = "local"
    now: Callable[[], datetime] = utc_now
    random_bits: Callable[[int], int] = secrets.randbits

    @property
    def issuer(self) -> str:
        """The issuer of the tenant's tokens, with the trailing slash Auth0 has."""
        return f"https://{self.domain}/"

    @property
    def audience(self) -> str:
        """The identifier of the tenant's Management API."""
        return f"https://{self.domain}/api/v2/"
