"""Documents that remember which kinds were written, so that clearing them is quick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.storage.base import Document, DocumentStore

__all__ = ["NotedDocuments"]


@dataclass(slots=True)
class NotedDocuments:
    """See ``DocumentStore``. *written* has the kinds that were written since it was cleared."""

    inner: DocumentStore
    written: set[str] = field(default_factory=set[str])

    async def insert(self, document: Document) -> None:
        """See ``DocumentStore``."""
        self.written.add(document.kind)
        await self.inner.insert(document)

    async def replace(self, document: Document) -> None:
        """See ``DocumentStore``."""
        self.written.add(document.kind)
        await self.inner.replace(document)

    async def delete(self, kind: str, id_: str) -> bool:
        """See ``DocumentStore``."""
        self.written.add(kind)
        return await self.inner.delete(kind, id_)

    async def clear(self, kind: str) -> int:
        """See ``DocumentStore``."""
        return await self.inner.clear(kind)

    async def get(self, kind: str, id_: str) -> Document | None:
        """See ``DocumentStore``."""
        return await self.inner.get(kind, id_)

    async def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        """See ``DocumentStore``."""
        return await self.inner.get_many(kind, ids)

    async def find(self, kind: str, name: str, value: str, *, limit: int = 100) -> list[Document]:
        """See ``DocumentStore``."""
        return await self.inner.find(kind, name, value, limit=limit)

    async def list(
        self, kind: str, *, offset: int = 0, limit: int = 50, newest_first: bool = False
    ) -> list[Document]:
        """See ``DocumentStore``."""
        return await self.inner.list(kind, offset=offset, limit=limit, newest_first=newest_first)

    async def count(self, kind: str) -> int:
        """See ``DocumentStore``."""
        return await self.inner.count(kind)
