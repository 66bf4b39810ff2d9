"""The store interfaces. What keeps them is an argument: SQLite, PostgreSQL or memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.one_time_code import OneTimeCode
    from sluiceway.storage.durable import ExecutionStore, OutboxStore

__all__ = [
    "AuditEntry",
    "AuditLog",
    "CodeStore",
    "Document",
    "DocumentStore",
    "DuplicateKey",
    "Key",
    "SealedValue",
    "SealedValues",
    "SharedValues",
    "StaleVersion",
    "Store",
    "TokenBuckets",
]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a document can be found by; *unique* ones are held by one document of a kind."""

    name: str
    value: str
    unique: bool = False


class Document(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One object of the tenant: a user, a flow, a connection, a client.

    *version* starts at 1 and grows by 1 with each ``replace``; *secret* is sealed, never in *body*.
    """

    withheld = frozenset({"secret"})

    kind: str
    id: str
    body: JsonObject
    created_at: datetime
    updated_at: datetime
    version: int = 1
    keys: tuple[Key, ...] = ()
    secret: bytes | None = None


class DuplicateKey(Exception):
    """A unique key, or the id, is taken; the owner of the rule says so in its own words."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind}: the key {name} is taken")
        self.kind = kind
        self.name = name


class StaleVersion(Exception):
    """The document was changed or deleted since it was read: read again and redo."""


class DocumentStore(Protocol):
    """Objects by kind and id, in the order they were inserted.

    Every method raises ``StorageError`` when the database cannot be reached.
    """

    async def insert(self, document: Document, *beside: Document) -> None:
        """Keep a new document, and those *beside* it in the same transaction.

        Raises ``DuplicateKey``.
        """
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

    def generation(self, kind: str) -> int | None:
        """Return a number that is another after every change of *kind*.

        ``None`` where other processes may change it unheard of: then nothing read may be kept.
        """
        ...


class CodeStore(Protocol):
    """One-time codes by reference; what actions see as ``OneTimeCodes``."""

    async def put(self, reference: str, code: OneTimeCode) -> None:
        """Keep *code*, in place of the reference's earlier one."""
        ...

    async def get(self, reference: str) -> OneTimeCode | None:
        """Return the reference's code, expired or not."""
        ...

    async def swap(self, reference: str, old: OneTimeCode, new: OneTimeCode) -> bool:
        """Put *new* in place of *old*; tell whether *old* was still there, attempts included."""
        ...

    async def delete(self, reference: str) -> None:
        """Forget the reference's code."""
        ...

    async def prune(self, *, expired_before: datetime, limit: int = 200) -> int:
        """Forget up to *limit* codes that expired earlier."""
        ...


class TokenBuckets(Protocol):
    """Rate limits shared by all workers: one bucket per tenant or provider.

    A bucket fills at *rate* tokens a second up to *burst*. Takers queue by reservation: the level
    may go below zero, and each taker is told how long until its token is there.
    """

    async def take(
        self, key: str, *, now: datetime, rate: float | None, burst: float, count: int = 1
    ) -> float:
        """Take *count* tokens; return the seconds to wait before using them.

        *rate* and *burst* are what to assume where nothing was learned; ``None`` means no limit.
        """
        ...

    async def learn(
        self,
        key: str,
        *,
        now: datetime,
        rate: float | None = None,
        burst: float | None = None,
        remaining: float | None = None,
        blocked_until: datetime | None = None,
    ) -> None:
        """Note what the other side said: its rate, what is left, or when to come back.

        *remaining* can only lower the level: calls in flight have used more than it knows of.
        """
        ...


class SharedValues(Protocol):
    """Small values that all workers share until they expire; whoever puts a secret seals it."""

    async def put(self, key: str, value: bytes, *, expires_at: datetime | None = None) -> None:
        """Keep *value*, in place of the key's earlier one."""
        ...

    async def get(self, key: str, *, now: datetime) -> bytes | None:
        """Return the key's value, unless it has expired."""
        ...

    async def claim(self, key: str, value: bytes, *, now: datetime, until: datetime) -> bool:
        """Keep *value* until then, unless the key has one already; tell whether it was kept."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key."""
        ...

    async def prune(self, *, expired_before: datetime, limit: int = 200) -> int:
        """Forget up to *limit* values that expired earlier."""
        ...


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what to what, and when; never a secret. *seq* is 0 until it is kept."""

    at: datetime
    actor: str
    action: str
    target: str
    details: JsonObject = msgspec.field(default_factory=dict["str", "JsonValue"])
    seq: int = 0


class AuditLog(Protocol):
    """What operators and API clients changed; append-only."""

    async def append(self, entry: AuditEntry) -> None:
        """Keep *entry*."""
        ...

    async def list(
        self, *, limit: int = 50, before_seq: int | None = None, target: str | None = None
    ) -> list[AuditEntry]:
        """Return one page, newest first."""
        ...

    async def prune(self, *, before: datetime, limit: int = 200) -> int:
        """Delete up to *limit* entries that are older."""
        ...


class SealedValue(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One ciphertext in the database: its *place* is a column, its *key* names the row.

    Places and keys: ``document`` (kind, id), ``flow_snapshot`` (digest), ``execution`` (id),
    ``execution_resume`` (id), ``execution_log`` (execution id, position), ``outbox`` (id),
    ``shared_value`` (key).
    """

    withheld = frozenset({"value"})

    place: str
    key: tuple[str, ...]
    value: bytes


class SealedValues(Protocol):
    """Every ciphertext that the database keeps, for the rotation of the key that sealed them."""

    @property
    def places(self) -> tuple[str, ...]:
        """The places there are."""
        ...

    async def list(
        self, place: str, *, after: SealedValue | None = None, limit: int = 200, header: bytes = b""
    ) -> list[SealedValue]:
        """Return those of one place, in a fixed order, that do not begin with *header*."""
        ...

    async def replace(self, changes: Sequence[tuple[SealedValue, bytes]]) -> int:
        """Put each new ciphertext where the old one still stands; return how many were put."""
        ...


class Store(Protocol):
    """Everything that one database keeps. ``storage.open_store`` makes one from a URL."""

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        ...

    @property
    def documents(self) -> DocumentStore:
        """The tenant's objects."""
        ...

    @property
    def executions(self) -> ExecutionStore:
        """Executions and their journal."""
        ...

    @property
    def outbox(self) -> OutboxStore:
        """Messages on their way out."""
        ...

    @property
    def codes(self) -> CodeStore:
        """One-time codes."""
        ...

    @property
    def buckets(self) -> TokenBuckets:
        """Rate limits."""
        ...

    @property
    def shared(self) -> SharedValues:
        """Values shared by all workers until they expire."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        ...

    @property
    def sealed(self) -> SealedValues:
        """Every ciphertext."""
        ...

    async def check(self) -> list[str]:
        """Return what is wrong with the database, in readable sentences; nothing if all is well."""
        ...

    async def size_bytes(self) -> int:
        """Return the space it takes."""
        ...

    async def backup(self, path: Path) -> None:
        """Write a consistent copy to *path* while everything goes on."""
        ...

    async def close(self) -> None:
        """Finish the writes that wait and let go of the database."""
        ...
