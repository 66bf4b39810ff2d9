"""Documents that remember which kinds were written, so that clearing them is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluiceway.storage.base import Document, DocumentStore

__all__ = ["NotedDocuments"]


class NotedDocuments:
    """See ``DocumentStore``: writes are noted, everything else is the inner store's."""

    def __init__(self, inner: DocumentStore) -> None:
        """Note what is written to *inner*."""
        self._inner = inner
        self.written: set[str] = set()
        """The kinds that were written since this was cleared."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def insert(self, document: Document, *beside: Document) -> None:
        """See ``DocumentStore``."""
        self.written |= {one.kind for one in (document, *beside)}
        await self._inner.insert(document, *beside)

    async def replace(self, document: Document) -> None:
        """See ``DocumentStore``."""
        self.written.add(document.kind)
        await self._inner.replace(document)

    async def delete(self, kind: str, id_: str) -> bool:
        """See ``DocumentStore``."""
        self.written.add(kind)
        return await self._inner.delete(kind, id_)
