"""The tenant's settings: one open document with what notifications may say of the tenant."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.management.fields import OPEN, TEXTS, open_object, text
from sluiceway.management.records import change
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["SETTINGS", "change_settings", "get_settings"]

_KIND: Final = "tenant_settings"
_ID: Final = "tenant_settings"
_DEFAULTS: Final[JsonObject] = {
    "friendly_name": "Sluiceway",
    "enabled_locales": ["en"],
    "flags": {},
    "sandbox_version": "22",
}
SETTINGS: Final = open_object(
    {
        "friendly_name": text(255, shortest=0),
        "support_email": text(255, shortest=0),
        "support_url": text(1024, shortest=0),
        "enabled_locales": TEXTS,
        "flags": OPEN,
    }
)


async def get_settings(environment: Environment) -> JsonObject:
    """Return the settings, defaults filled in."""
    document = await environment.documents.get(_KIND, _ID)
    return {**_DEFAULTS, **(document.body if document else {})}


async def change_settings(environment: Environment, payload: JsonValue) -> JsonObject:
    """Change members of the settings, null removing one; return them all."""
    SETTINGS.check(payload)
    changes: JsonObject = payload if isinstance(payload, dict) else {}
    now = environment.now()
    with suppress(DuplicateKey):  # set before: changed below like the first time
        await environment.documents.insert(
            Document(kind=_KIND, id=_ID, body={}, created_at=now, updated_at=now)
        )

    def edit(current: Document) -> Document:
        body: JsonObject = {**current.body, **changes}
        body = {key: value for key, value in body.items() if value is not None}
        return replace(current, body=body, updated_at=now)

    await change(environment.documents, _KIND, _ID, edit)
    return await get_settings(environment)
