"""What the API works on; the commands build it from ``bootstrap``'s objects, tests their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from sluiceway.actions.base import TenantSettings
from sluiceway.api.counters import Counters
from sluiceway.discreet import Discreet
from sluiceway.engine.delivery_reports import DeliveryReports
from sluiceway.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.actions.catalogue import ActionCatalogue
    from sluiceway.engine.service import Executions
    from sluiceway.engine.trials import Trials
    from sluiceway.liquid.variables import TenantNames
    from sluiceway.management.tenant import EmbeddedTenant
    from sluiceway.outbound.base import Transport
    from sluiceway.storage.base import Store
    from sluiceway.tenants.trial import ConnectionTrials
    from sluiceway.vault.connections import StoredConnections
    from sluiceway.vault.operations import VaultKeys

__all__ = ["Services"]

T = TypeVar("T")


class Services(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Everything that handlers reach.

    Attributes:
        tenant: the embedded tenant.
        store: the database, for the outbox, the audit log and health.
        connections: the vault's connections.
        executions: starts and shows executions.
        actions: the action catalogue.
        tenant_names: what notifications call the tenant.
        trials: sends test messages.
        connection_trials: tries vault connections.
        vault_keys: rotates and verifies.
        transport: the way to other machines, for what proves a provider's posts.
        rate_limit: requests a second and burst on ``/api/v2``, ``None`` for no limit.
        max_body_bytes: the largest body that is read.
        is_development: whether a browser on this machine is signed in to the console by itself.
        is_secure: whether clients reach the server by https.
        console_client_id: the client that such a browser is signed in as.
        counters: what was answered, for ``/metrics``.
        metrics: further lines of ``/metrics``: what this process carried out.
    """

    withheld = frozenset({"_made"})

    tenant: EmbeddedTenant
    store: Store | None = None
    connections: StoredConnections | None = None
    executions: Executions | None = None
    actions: ActionCatalogue | None = None
    tenant_names: TenantNames = msgspec.field(default_factory=TenantSettings)
    trials: Trials | None = None
    connection_trials: ConnectionTrials | None = None
    vault_keys: VaultKeys | None = None
    transport: Transport | None = None
    rate_limit: tuple[float, int] | None = None
    max_body_bytes: int = 4 * 1024 * 1024
    is_development: bool = False
    is_secure: bool = False
    console_client_id: str = ""
    counters: Counters = msgspec.field(default_factory=Counters)
    metrics: Callable[[], list[str]] = list
    _made: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    def need_store(self) -> Store:
        """Return the database. Raises ``UsageError`` where this process has none."""
        return _need(self.store, "a database")

    def need_connections(self) -> StoredConnections:
        """Return the vault's connections. Raises ``UsageError`` where this process has none."""
        return _need(self.connections, "the vault")

    def need_executions(self) -> Executions:
        """Return the engine. Raises ``UsageError`` where this process has none."""
        return _need(self.executions, "the engine")

    def need_trials(self) -> Trials:
        """Return what sends test messages. Raises ``UsageError`` where this process has none."""
        return _need(self.trials, "delivery providers")

    def need_connection_trials(self) -> ConnectionTrials:
        """Return what tries connections. Raises ``UsageError`` where this process has none."""
        return _need(self.connection_trials, "the vault")

    def need_vault_keys(self) -> VaultKeys:
        """Return the vault's keys. Raises ``UsageError`` where this process has none."""
        return _need(self.vault_keys, "the vault")

    def need_reports(self) -> DeliveryReports:
        """Return what takes providers' posts in. Raises ``UsageError`` without a database."""
        found: DeliveryReports | None = self._made.get("reports")
        if found is None:
            store = self.need_store()
            found = DeliveryReports(store.outbox, store.shared, self.transport)
            self._made["reports"] = found
        return found

    def need_actions(self) -> ActionCatalogue:
        """Return the catalogue. Raises ``UsageError`` where this process has none."""
        return _need(self.actions, "the action catalogue")


def _need(found: T | None, what: str) -> T:
    if found is None:
        raise UsageError(f"expected a process with {what}: this one serves only the tenant")
    return found
