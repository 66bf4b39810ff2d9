"""Secrets at rest, as the rest of the package sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.models.json import JsonObject

__all__ = [
    "KeyWrapper",
    "KeyWrapperSpec",
    "Sealer",
    "VaultConnection",
    "VaultConnections",
    "is_secret",
    "secrets_of",
]


_PUBLIC: Final = frozenset(
    {
        "account_id",
        "algorithm",
        "audience",
        "base_url",
        "certificate",
        "client_email",
        "client_id",
        "domain",
        "in",
        "key_id",
        "kid",
        "name",
        "project_id",
        "public_key",
        "resource",
        "scope",
        "token_endpoint",
        "type",
        "username",
    }
)
"""What a setup says that is no secret; everything else in it is."""


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


class KeyWrapper(Protocol):
    """Wraps data keys: with the master key, or with a key that never leaves an outside service.

    It is asked once for each data key when a process starts, and once when a key is made.
    """

    @property
    def place(self) -> str:
        """Where the wrapping key is, for people: a file, a setting, a key's name. No secret."""
        ...

    async def wrap(self, key: bytes, *, identity: str) -> bytes:
        """Return the data key *key* (32 bytes) wrapped, bound to *identity* where that is possible.

        Raises:
            VaultError: the service refuses.
        """
        ...

    async def unwrap(self, wrapped: bytes, *, identity: str) -> bytes:
        """Return the data key that ``wrap`` was given.

        Raises:
            VaultError: another key wrapped it, or the service refuses.
        """
        ...


class KeyWrapperSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of key wrapper, offered by a distribution under ``sluiceway.key_wrappers``.

    Attributes:
        name: chosen by ``SLUICEWAY_VAULT_KEY=NAME:REST``.
        build: makes the wrapper from REST, like a key's name.
        source: the page that it follows.
    """

    name: str
    build: Callable[[str], KeyWrapper]
    source: str = ""


class VaultConnection(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One vault connection; *setup* is its opened secret and stays out of the ``repr``.

    *hosts* are those that the credentials may go to; empty, those of the connection's own kind: of
    app HTTP, the ones that flows write (``vault/hosts.py``).
    """

    withheld = frozenset({"setup"})

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
    hosts: tuple[str, ...] = ()
    setup: JsonObject | None = None


class VaultConnections(Protocol):
    """The vault's connections, looked up as a flow names them."""

    async def find(self, id_or_name: str) -> VaultConnection | None:
        """Return the connection with that id, else that name, with its setup opened."""
        ...


def is_secret(name: str) -> bool:
    """Tell whether what a setup says under *name* is a secret."""
    return name not in _PUBLIC


def secrets_of(connection: VaultConnection) -> list[str]:
    """Return the texts in the setup that no record may show."""
    setup = connection.setup or {}
    return [
        value
        for name, value in setup.items()
        if is_secret(name) and isinstance(value, str) and value
    ]
