"""The tenant's settings: one open document with what notifications may say of the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.management.fields import OPEN, TEXTS, open_object, text
from sluiceway.management.kept_settings import KeptSetting, change_kept, get_kept

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["SETTINGS", "change_settings", "get_settings"]

_SETTING: Final = KeptSetting(
    kind="tenant_settings",
    id="tenant_settings",
    defaults={
        "friendly_name": "Sluiceway",
        "enabled_locales": ["en"],
        "flags": {},
        "sandbox_version": "22",
    },
)
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
    return await get_kept(environment, _SETTING)


async def change_settings(environment: Environment, payload: JsonValue) -> JsonObject:
    """Change members of the settings, null removing one; return them all."""
    SETTINGS.check(payload)
    changes: JsonObject = payload if isinstance(payload, dict) else {}
    return await change_kept(environment, _SETTING, changes)
