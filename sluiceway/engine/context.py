"""The way out of an action, made of interfaces; one for each step that runs."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import TYPE_CHECKING

from sluiceway.errors import ConnectionUnusable, TargetUnreachable
from sluiceway.expressions import Scope, Sources, Undefined, compile_template
from sluiceway.expressions.params import resolve_params
from sluiceway.vault.base import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.actions.base import OneTimeCodes, TenantSettings
    from sluiceway.engine.base import World
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import Channel
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.tenants.base import TenantRequest, TenantResponse
    from sluiceway.vault.base import VaultConnection

__all__ = ["StepContext", "step_random"]


def step_random(seed: str, step_id: str) -> random.Random:
    """Return the randomness of one step: the same whenever the execution is run again."""
    digest = hashlib.sha256(f"{seed}:{step_id}".encode()).digest()
    return random.Random(int.from_bytes(digest))  # noqa: S311 - seeded with 128 secret bits


class StepContext:
    """See ``ActionContext``."""

    def __init__(
        self,
        world: World,
        *,
        execution_id: str,
        step_id: str,
        seed: str,
        now: datetime,
        attempt_began_at: datetime,
        input_: ExecutionInput,
        actions: JsonObject,
        masked: Callable[[JsonValue], None],
    ) -> None:
        """Put the execution's state at this step into reach of the action."""
        self._world = world
        self._seed = seed
        self._actions = actions
        self._masked = masked
        self._random: random.Random | None = None
        self._scope: Scope | None = None
        self.execution_id = execution_id
        self.step_id = step_id
        self.written: JsonObject = {}
        self.now = now
        self.attempt_began_at = attempt_began_at
        self.input = input_

    @property
    def idempotency_key(self) -> str:
        """See ``ActionContext``."""
        return f"{self.execution_id}:{self.step_id}"

    @property
    def random(self) -> random.Random:
        """See ``ActionContext``."""
        if self._random is None:
            self._random = step_random(self._seed, self.step_id)
        return self._random

    @property
    def tenant(self) -> TenantSettings:
        """See ``ActionContext``."""
        return self._world.tenant_settings

    @property
    def codes(self) -> OneTimeCodes:
        """See ``ActionContext``."""
        return self._world.codes

    @property
    def scope(self) -> Scope:
        """What the expressions of this step see."""
        if self._scope is None:
            self._scope = Scope(
                context=self.input.context,
                fields=self.input.fields,
                vars=self.input.vars,
                actions=self._actions,
                sources=Sources(now=self.now, random=self.random, new_uuid=self._new_uuid),
                masked=self._masked,
            )
        return self._scope

    def _new_uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def resolve(self, value: JsonValue) -> JsonValue | Undefined:
        """See ``ActionContext``."""
        if isinstance(value, str):
            return compile_template(value).resolve(self.scope) if "{{" in value else value
        return resolve_params(value, self.scope)

    async def call_tenant(self, connection_id: str, request: TenantRequest) -> TenantResponse:
        """See ``ActionContext``."""
        answer = await self._world.tenant.call(connection_id, request)
        # The other side may have put them into its answer.
        for secret in answer.secrets:
            self._masked(secret)
        return answer

    async def send(
        self, request: OutboundRequest, *, retries: int | None = None
    ) -> OutboundResponse:
        """See ``ActionContext``."""
        return await self._world.send(request, retries=retries)

    async def open_connection(self, connection_id: str, app_id: str) -> VaultConnection:
        """See ``ActionContext``."""
        found = await self._world.connections.find(connection_id)
        if found is None:
            raise ConnectionUnusable(
                f"expected the vault connection {connection_id!r}, found none of that id or name",
                hint=f"Create it, or map it: --connection {connection_id}=NAME.",
            )
        if found.app_id != app_id:
            raise ConnectionUnusable(
                f"expected a connection of app {app_id}, found {found.name!r} of app {found.app_id}"
            )
        if found.setup is None:
            raise ConnectionUnusable(
                f"expected the connection {found.name!r} to be set up, found no secret in it",
                hint=f"Run: sluiceway vault update {found.name!r} --setup FILE",
            )
        # Other sides echo what they are sent: from here on no record shows these.
        for secret in secrets_of(found):
            self._masked(secret)
        return found

    async def access_token(self, connection: VaultConnection, *, instead_of: str = "") -> str:
        """See ``ActionContext``."""
        if self._world.access_token is None:
            raise ConnectionUnusable("expected access tokens to be given here, they are not")
        token = await self._world.access_token(connection, instead_of=instead_of)
        self._masked(token)
        return token

    async def find_mail_hosts(self, domain: str) -> tuple[str, ...]:
        """See ``ActionContext``."""
        if self._world.find_mail_hosts is None:
            raise TargetUnreachable("expected a name server to ask, found none here")
        return await self._world.find_mail_hosts(domain)

    async def require_provider(self, channel: Channel) -> JsonObject:
        """See ``ActionContext``."""
        return await self._world.require_provider(channel)
