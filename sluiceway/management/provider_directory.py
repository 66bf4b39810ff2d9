"""The tenant's delivery providers as the delivery side looks them up."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.management import email_provider
from sluiceway.management.delivery_limits import load_limits
from sluiceway.management.phone import PROVIDERS
from sluiceway.management.resources import open_secret
from sluiceway.providers.base import ConfiguredProvider, DeliveryLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import Document

__all__ = ["TenantProviders", "report_url"]

_LIMITS_KEPT_S: Final = 1.0


class TenantProviders(Discreet, msgspec.Struct, frozen=True):
    """Looks the providers up anew each time; implements ``ProviderDirectory``.

    The operator's limits are read once a second at most: every message asks for them.
    """

    withheld = frozenset({"_limits"})

    environment: Environment
    monotonic: Callable[[], float] = time.monotonic
    _limits: dict[str, tuple[float, DeliveryLimits]] = msgspec.field(
        default_factory=dict["str", "tuple[float, DeliveryLimits]"]
    )

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
            limits=await self._load_limits("email"),
        )

    async def phone(self) -> ConfiguredProvider | None:
        """Return the phone provider: the enabled one where there are several."""
        found = await self.environment.documents.list(PROVIDERS.kind, limit=100)
        if not found:
            return None
        enabled = [document for document in found if not document.body.get("disabled")]
        return self.phone_from((enabled or found)[0], limits=await self._load_limits("phone"))

    def phone_from(
        self, document: Document, *, limits: DeliveryLimits | None = None
    ) -> ConfiguredProvider:
        """Return *document*, a kept phone provider, ready to send with."""
        configuration = _object(document.body.get("configuration"))
        name = str(document.body["name"])
        return ConfiguredProvider(
            name=name,
            enabled=not document.body.get("disabled"),
            credentials=open_secret(self.environment, document),
            settings=configuration,
            default_from=_text(configuration.get("default_from")),
            limits=limits or DeliveryLimits(),
            report_url=report_url(self.environment.domain, name),
        )

    async def _load_limits(self, kind: str) -> DeliveryLimits:
        kept = self._limits.get(kind)
        now = self.monotonic()
        if kept is not None and kept[0] > now:
            return kept[1]
        limits = await load_limits(self.environment, kind)
        self._limits[kind] = (now + _LIMITS_KEPT_S, limits)
        return limits


def report_url(domain: str, provider: str) -> str | None:
    """Return where *provider* can post delivery results; ``None`` for a domain it cannot reach."""
    host = domain.rpartition(":")[0] if domain.rpartition(":")[2].isdecimal() else domain
    try:
        is_public = ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        is_public = "." in host and not host.endswith(
            (".local", ".internal", ".test", ".localhost")
        )
    return f"https://{domain}/sluiceway/v1/webhooks/{provider}" if is_public else None


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
