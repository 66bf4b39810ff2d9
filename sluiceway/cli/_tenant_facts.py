"""What the database knows that a check can use: the vault, grants, providers, the limit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sluiceway.analysis.facts import ConnectionFacts
from sluiceway.analysis.settings import parse_limit
from sluiceway.errors import ProviderError
from sluiceway.management.clients import granted_scopes
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from sluiceway.analysis.facts import Facts
    from sluiceway.bootstrap import Application
    from sluiceway.vault.base import VaultConnection

__all__ = ["load_tenant_facts"]

_PAGE = 100


async def load_tenant_facts(application: Application, facts: Facts) -> Facts:
    """Return *facts* with what the database and the embedded tenant say added."""
    connections = dict(facts.connections or {})
    found = [*application.connections.built_in]
    offset = 0
    while page := await application.connections.list(offset=offset, limit=_PAGE):
        found += page
        offset += len(page)
    for one in found:
        opened = await application.connections.find(one.id) or one
        known = ConnectionFacts(
            name=one.name, app_id=one.app_id, scopes=await _scopes(application, opened)
        )
        connections[one.id] = connections[one.name] = known
    limit = application.settings.tenant_rate_limit
    return replace(
        facts,
        connections=connections,
        providers={channel: await _has_provider(application, channel) for channel in Channel},
        rate_limit=facts.rate_limit or (parse_limit(limit) if limit else None),
    )


async def _scopes(application: Application, connection: VaultConnection) -> frozenset[str] | None:
    """Return what the connection's client was granted, where its tenant is the embedded one."""
    setup = connection.setup or {}
    if setup.get("domain") != application.settings.domain:
        return None
    environment = application.tenant.environment
    client_id = str(setup.get("client_id"))
    granted = await granted_scopes(environment, client_id, environment.audience)
    return frozenset(granted or ())


async def _has_provider(application: Application, channel: Channel) -> bool:
    try:
        await application.providers.describe(channel)
    except ProviderError:
        return False
    return True
