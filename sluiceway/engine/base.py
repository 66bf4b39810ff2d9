"""What the engine needs of the rest: actions, masks, seals, settings, and the world of a step.

The port to what survives a crash is ``storage.durable.ExecutionStore``; no adapter is named here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sluiceway.actions.base import TenantSettings
from sluiceway.engine.observer import Observers
from sluiceway.models.timestamps import utc_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sluiceway.actions.base import ActionSpec, OneTimeCodes
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import Channel
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.storage.durable import ExecutionStore
    from sluiceway.tenants.base import Tenant
    from sluiceway.vault.base import Sealer, VaultConnection, VaultConnections

__all__ = [
    "ActionLookup",
    "Engine",
    "EngineSettings",
    "GiveToken",
    "Masker",
    "SendRequest",
    "World",
]


class ActionLookup(Protocol):
    """Looks actions up by their wire name; ``actions.catalogue`` has the installed ones."""

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        """Return the action, or ``None`` where there is none of that name."""
        ...


class Masker(Protocol):
    """Hides values wherever they turn up in JSON; ``models.masking`` has it."""

    def add(self, value: JsonValue) -> bool:
        """Hide *value* from here on, with everything in it; tell whether any of it is new."""
        ...

    def apply(self, value: JsonValue) -> JsonValue:
        """Return *value* with what is to be hidden as ``███``."""
        ...


class SendRequest(Protocol):
    """Sends a request through the guard, waiting out 429 and 5xx where a repeat is harmless."""

    async def __call__(
        self, request: OutboundRequest, *, retries: int | None = None
    ) -> OutboundResponse:
        """See ``ActionContext.send``."""
        ...


class GiveToken(Protocol):
    """Gives the access token of a connection."""

    async def __call__(self, connection: VaultConnection, *, instead_of: str = "") -> str:
        """See ``ActionContext.access_token``."""
        ...


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What actions reach through their context: interfaces, made concrete by ``bootstrap``."""

    tenant: Tenant
    send: SendRequest
    connections: VaultConnections
    require_provider: Callable[[Channel], Awaitable[JsonObject]]
    codes: OneTimeCodes
    tenant_settings: TenantSettings = msgspec.field(default_factory=TenantSettings)
    access_token: GiveToken | None = None
    find_mail_hosts: Callable[[str], Awaitable[tuple[str, ...]]] | None = None


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits, leases and patience.

    Attributes:
        lease: how long a worker may be silent before another takes its executions over.
        step_timeout: the longest that one step with an effect may take, unless its action says.
        execution_timeout: the longest that an execution may run without a delay in between.
        max_takeovers: how many workers in a row may die over an execution before it is FAILED.
        write_patience: how long a worker goes on trying to write when the database refuses.
        cancel_patience: how long ``cancel`` waits for a running execution to stop.
    """

    lease: timedelta = timedelta(seconds=10)
    step_timeout: timedelta = timedelta(seconds=120)
    execution_timeout: timedelta = timedelta(minutes=15)
    max_takeovers: int = 20
    write_patience: timedelta = timedelta(minutes=5)
    cancel_patience: timedelta = timedelta(seconds=1.8)


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a worker and the service share."""

    store: ExecutionStore
    actions: ActionLookup
    sealer: Sealer
    new_masker: Callable[[], Masker]
    settings: EngineSettings = msgspec.field(default_factory=EngineSettings)
    now: Callable[[], datetime] = utc_now
    observers: Observers = msgspec.field(default_factory=Observers)
