"""Settings of which there is one: a document that is kept and given back, defaults filled in.

Auth0's tenants have many; deploy-cli reads them all in an export, and writes them all back. Most
of them rule over what the embedded tenant does not do, so nothing here acts on them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.management.records import change
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["KeptSetting", "change_kept", "get_kept", "replace_kept"]

_KIND: Final = "kept_setting"


class KeptSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: what it is kept under, and what a new tenant has."""

    id: str
    defaults: JsonObject = msgspec.field(default_factory=dict[str, "JsonValue"])
    kind: str = _KIND


async def get_kept(environment: Environment, setting: KeptSetting) -> JsonObject:
    """Return the setting, defaults filled in."""
    document = await environment.documents.get(setting.kind, setting.id)
    return {**setting.defaults, **(document.body if document else {})}


async def change_kept(
    environment: Environment, setting: KeptSetting, changes: JsonObject
) -> JsonObject:
    """Change members of the setting, null removing one; return them all."""
    return await _keep(environment, setting, changes, is_whole=False)


async def replace_kept(
    environment: Environment, setting: KeptSetting, body: JsonObject
) -> JsonObject:
    """Replace the setting, null again standing for nothing; return it."""
    return await _keep(environment, setting, body, is_whole=True)


async def _keep(
    environment: Environment, setting: KeptSetting, given: JsonObject, *, is_whole: bool
) -> JsonObject:
    now = environment.now()
    with suppress(DuplicateKey):  # set before: changed below like the first time
        await environment.documents.insert(
            Document(kind=setting.kind, id=setting.id, body={}, created_at=now, updated_at=now)
        )

    def edit(current: Document) -> Document:
        body: JsonObject = given if is_whole else {**current.body, **given}
        body = {key: value for key, value in body.items() if value is not None}
        return replace(current, body=body, updated_at=now)

    await change(environment.documents, setting.kind, setting.id, edit)
    return await get_kept(environment, setting)
