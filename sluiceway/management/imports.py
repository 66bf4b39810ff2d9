"""What imported containers held beside their flows, kept so that an export gives it back.

A Dashboard export has a form and versions, a deploy-cli folder has grants and forms, a flow may
have keys that Sluiceway does not know. One record is kept for each container that was imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.management.fields import OPEN, choice, closed, text
from sluiceway.management.records import change
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject

__all__ = ["KIND", "RECORD", "delete_import", "keep_import", "list_imports"]

KIND: Final = "import"
_MOST: Final = 1000
_TEXT: Final[JsonObject] = {"type": "string"}
_TEXT_LIST: Final[JsonObject] = {"type": "array", "items": _TEXT}
_FLOW: Final = closed(
    {"id": _TEXT, "token": _TEXT, "file": _TEXT, "extra": OPEN, "keys": _TEXT_LIST}, "id"
)
_CONNECTION: Final = closed({"id": _TEXT, "token": _TEXT, "document": OPEN}, "token")

RECORD: Final = closed(
    {
        "format": choice("flow", "list", "dashboard", "deploy-cli", "terraform"),
        "name": text(255),
        "flows": {"type": "array", "items": _FLOW.document},
        "connections": {"type": "array", "items": _CONNECTION.document},
        "forms": OPEN,
        "rest": OPEN,
        "keys": _TEXT_LIST,
    },
    "format",
    "name",
    "flows",
)


async def keep_import(environment: Environment, id_: str, record: JsonObject) -> JsonObject:
    """Keep *record* in place of the earlier one of that id."""
    now = environment.now()
    edited = await change(
        environment.documents, KIND, id_, lambda old: replace(old, body=record, updated_at=now)
    )
    if edited is None:
        document = Document(kind=KIND, id=id_, body=record, created_at=now, updated_at=now)
        try:
            await environment.documents.insert(document)
        except DuplicateKey:  # another import of the same container at the same time
            return await keep_import(environment, id_, record)
    return {"id": id_, **record}


async def list_imports(environment: Environment) -> list[JsonObject]:
    """Return every record, oldest first."""
    found = await environment.documents.list(KIND, limit=_MOST)
    return [{"id": document.id, **document.body} for document in found]


async def delete_import(environment: Environment, id_: str) -> None:
    """Forget a record."""
    await environment.documents.delete(KIND, id_)
