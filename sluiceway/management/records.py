"""Read, change and page through documents, redoing a change that met another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.errors import StorageError
from sluiceway.storage.base import StaleVersion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sluiceway.storage.base import Document, DocumentStore

__all__ = ["change", "scan"]

_TRIES: Final = 50
_PAGE: Final = 500


async def change(
    documents: DocumentStore, kind: str, id_: str, edit: Callable[[Document], Document]
) -> Document | None:
    """Replace a document by what *edit* makes of it; return the new one, ``None`` if it is gone.

    *edit* runs again when another writer was faster.

    Raises:
        DuplicateKey: the edited document takes a unique key of another.
        StorageError: other writers were faster every time.
    """
    for _ in range(_TRIES):
        found = await documents.get(kind, id_)
        if found is None:
            return None
        edited = replace(edit(found), version=found.version + 1)
        try:
            await documents.replace(edited)
        except StaleVersion:
            continue
        return edited
    raise StorageError(f"expected to change {kind} {id_}, but others changed it {_TRIES} times")


async def scan(documents: DocumentStore, kind: str) -> AsyncIterator[Document]:
    """Yield every document of *kind*, oldest first, a page at a time."""
    offset = 0
    while True:
        page = await documents.list(kind, offset=offset, limit=_PAGE)
        for document in page:
            yield document
        if len(page) < _PAGE:
            return
        offset += _PAGE
