"""Secrets at rest, as the rest of the package sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from sluiceway.models.json import JsonObject

__all__ = ["Sealer", "VaultConnection", "VaultConnections"]


class Sealer(Protocol):
    """Authenticated encryption bound to the row that holds the ciphertext."""

    def seal(self, plaintext: bytes, *, identity: str) -> bytes:
        """Encrypt *plaintext* for the row that *identity* names, like ``vault_connection/ac_…``."""
        ...

    def open(self, sealed: bytes, *, identity: str) -> bytes:
        """Decrypt what ``seal`` gave for the same *identity*.

        Raises:
            VaultError: another key, a changed ciphertext, or one moved from another row.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConnection:
    """One vault connection; *setup* is its opened secret and stays out of the ``repr``."""

    id: str
    app_id: str
    name: str
    ready: bool
    fingerprint: str
    created_at: datetime
    updated_at: datetime
    refreshed_at: datetime | None = None
    account_name: str | None = None
    environment: str | None = None
    setup: JsonObject | None = field(default=None, repr=False)


class VaultConnections(Protocol):
    """The vault's connections, looked up as a flow names them."""

    async def find(self, id_or_name: str) -> VaultConnection | None:
        """Return the connection with that id, else that name, with its setup opened."""
        ...
