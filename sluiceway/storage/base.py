"""The store interfaces. What keeps them is an argument: SQLite, PostgreSQL or memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sluiceway.models.json import JsonObject

__all__ = ["Document", "DocumentStore", "DuplicateKey", "Key", "StaleVersion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A value that a document can be found by; *unique* ones are held by one document of a kind."""

    name: str
    value: str
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One object of the tenant: a user, a flow, a connection, a client.

    *version* starts at 1 and grows by 1 with each ``replace``; *secret* is sealed and never in *body*.
    """

    kind: str
    id: str
    body: JsonObject
    created_at: datetime
    updated_at: datetime
    version: int = 1
    keys: tuple[Key, ...] = ()
    secret: bytes | None = field(default=None, repr=False)


class DuplicateKey(Exception):  # noqa: N818 - a past participle reads better where it is caught
    """A unique key, or the id, is taken; the owner of the rule says so in its own words."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}: the key {name} is taken")
        self.kind = kind
        self.name = name


class StaleVersion(Exception):  # noqa: N818 - as above
    """The document was changed or deleted since it was read: read again and redo."""


class DocumentStore(Protocol):
    """Objects by kind and id, in the order they were inserted.

    Every method raises ``StorageError`` when the database cannot be reached.
    """

    async def insert(self, document: Document) -> None:
        """Keep a new document. Raises ``DuplicateKey``."""
        ...

    async def replace(self, document: Document) -> None:
        """Put *document* in place of the one with its id whose version is ``document.version - 1``.

        Raises ``DuplicateKey`` or ``StaleVersion``.
        """
        ...

    async def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; tell whether it was there."""
        ...

    async def clear(self, kind: str) -> int:
        """Delete all documents of *kind*; return how many."""
        ...

    async def get(self, kind: str, id_: str) -> Document | None:
        """Return one document."""
        ...

    async def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        """Return those of *ids* that exist, in the order of *ids*."""
        ...

    async def find(self, kind: str, name: str, value: str, *, limit: int = 100) -> list[Document]:
        """Return the documents that have the key *name* with *value*, oldest first."""
        ...

    async def list(
        self, kind: str, *, offset: int = 0, limit: int = 50, newest_first: bool = False
    ) -> list[Document]:
        """Return one page."""
        ...

    async def count(self, kind: str) -> int:
        """Return how many documents of *kind* there are."""
        ...
