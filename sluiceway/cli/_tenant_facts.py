"""What the tenant has that a check can use: the vault, grants, providers, the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sluiceway.analysis.facts import ConnectionFacts
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from sluiceway.analysis.facts import Facts
    from sluiceway.cli._remote import Api

__all__ = ["load_tenant_facts"]


async def load_tenant_facts(api: Api, facts: Facts) -> Facts:
    """Return *facts* with what the database and the embedded tenant say added."""
    found: dict[str, Any] = await api.call("GET", "/sluiceway/v1/check/facts")
    stored: dict[str, dict[str, Any]] = found["connections"]
    connections = {
        key: ConnectionFacts(
            name=one["name"],
            app_id=one["app_id"],
            scopes=frozenset(one["scopes"]) if one["scopes"] is not None else None,
        )
        for key, one in stored.items()
    }
    providers: dict[str, bool] = found["providers"]
    limit: list[float] | None = found["rate_limit"]
    return replace(
        facts,
        connections={**connections, **(facts.connections or {})},
        providers={Channel(channel): is_there for channel, is_there in providers.items()},
        rate_limit=facts.rate_limit or ((limit[0], int(limit[1])) if limit else None),
    )
