"""Reading what a tenant set up: texts that must be there, and texts that a URL is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import ProviderRejected

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject
    from sluiceway.providers.base import ConfiguredProvider

__all__ = ["api_key_schema", "closed", "host_part", "optional_text", "required_text"]

_HOST_PART: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def required_text(configured: ConfiguredProvider, key: str) -> str:
    """Return a text of the credentials, or else of the settings.

    Raises:
        ProviderRejected: it is missing, empty or holds a control character.
    """
    value = configured.credentials.get(key, configured.settings.get(key))
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ProviderRejected(
            f"expected {key!r} in the configuration of the provider {configured.name!r},"
            " found none",
            hint="Set the provider up again with all its credentials.",
        )
    return value


def optional_text(configured: ConfiguredProvider, key: str) -> str | None:
    """Return a text of the credentials or the settings, or ``None``."""
    value = configured.credentials.get(key, configured.settings.get(key))
    return value if isinstance(value, str) and value else None


def host_part(configured: ConfiguredProvider, key: str) -> str:
    """Return a required text that becomes part of a host's name or a path, and nothing else.

    Raises:
        ProviderRejected: it is missing, or holds what could lead elsewhere.
    """
    value = required_text(configured, key)
    if not _HOST_PART.fullmatch(value):
        raise ProviderRejected(
            f"expected letters, digits, dots and hyphens as {key!r} of the provider"
            f" {configured.name!r}, found something else"
        )
    return value


def closed(properties: JsonObject, *required: str) -> JsonObject:
    """Return the JSON Schema of an object with these properties only."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*required],
        "additionalProperties": False,
    }


def api_key_schema() -> JsonObject:
    """Return the JSON Schema of ``{api_key}``."""
    return closed({"api_key": {"type": "string", "minLength": 1}}, "api_key")
