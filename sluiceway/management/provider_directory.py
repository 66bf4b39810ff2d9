"""The tenant's delivery providers as the delivery side looks them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluiceway.management import email_provider
from sluiceway.management.phone import PROVIDERS
from sluiceway.management.resources import open_secret
from sluiceway.providers.base import ConfiguredProvider

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import Document

__all__ = ["TenantProviders"]


@dataclass(frozen=True, slots=True)
class TenantProviders:
    """Looks the providers up anew each time; implements ``ProviderDirectory``."""

    environment: Environment

    async def email(self) -> ConfiguredProvider | None:
        """Return the email provider, enabled or not."""
        document = await email_provider.load_provider(self.environment)
        if document is None:
            return None
        return ConfiguredProvider(
            name=str(document.body["name"]),
            enabled=bool(document.body["enabled"]),
            credentials=open_secret(self.environment, document),
            settings=_object(document.body.get("settings")),
            default_from=_text(document.body.get("default_from_address")),
        )

    async def phone(self) -> ConfiguredProvider | None:
        """Return the phone provider: the enabled one where there are several."""
        found = await self.environment.documents.list(PROVIDERS.kind, limit=100)
        if not found:
            return None
        enabled = [document for document in found if not document.body.get("disabled")]
        return self.phone_from((enabled or found)[0])

    def phone_from(self, document: Document) -> ConfiguredProvider:
        """Return *document*, a kept phone provider, ready to send with."""
        configuration = _object(document.body.get("configuration"))
        return ConfiguredProvider(
            name=str(document.body["name"]),
            enabled=not document.body.get("disabled"),
            credentials=open_secret(self.environment, document),
            settings=configuration,
            default_from=_text(configuration.get("default_from")),
        )


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
