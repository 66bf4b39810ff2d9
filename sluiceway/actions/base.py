"""What an action is: its name, its params as a schema, its effect, and the function that runs it.

An action is declared by one module ``actions/<type>/<action>.py`` with one constant, ``ACTION``.
The engine resolves the params' expressions, validates them against the schema, calls ``run``, and
carries out what the outcome says; actions never touch the engine, the store or the network.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from sluiceway.models.one_time_code import OneTimeCode

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime, timedelta

    from sluiceway.expressions import Undefined
    from sluiceway.models.execution import ExecutionInput
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import Channel, QueuedMessage
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.tenants.base import TenantRequest, TenantResponse
    from sluiceway.vault.base import VaultConnection

__all__ = [
    "ActionContext",
    "ActionSpec",
    "Effect",
    "OneTimeCode",
    "OneTimeCodes",
    "OpenParams",
    "Params",
    "StepOutcome",
    "TenantSettings",
]


class Effect(StrEnum):
    """What happens outside when the action runs, and so what a crash may do with it."""

    PURE = "pure"
    """Nothing outside: a resumed execution computes it again from the journal."""
    REPEATABLE = "repeatable"
    """Harmless to repeat: a call in flight when a worker died is made again."""
    ONCE = "once"
    """Not to be repeated: journalled before the call; afterwards reconciled or reported unknown."""


class Params(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every action's params. Fields are named as on the wire, or by ``field(name=…)``."""


class OpenParams(Params, forbid_unknown_fields=False, dict=True):
    """Base of params that are open objects in Auth0's API: what has no field goes along too."""

    @property
    def others(self) -> JsonObject:
        """The params that have no field, as they were resolved."""
        found: JsonObject = vars(self).get("others_", {})
        return found

    def keep_others(self, params: JsonObject) -> None:
        """Take what has no field from *params*; the engine does this once they are checked."""
        known = set(self.__struct_encode_fields__)
        vars(self)["others_"] = {key: value for key, value in params.items() if key not in known}


P = TypeVar("P", bound=Params)


class StepOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a completed step leaves.

    Attributes:
        output: what later steps read as ``actions.<id>``.
        status_code: the HTTP status, where the step made a call.
        branch: the name of the param that holds the actions to run next (``then``, ``else``).
        vars: merged into the execution's ``vars``, key by key.
        ends_flow: no later action runs; the execution is COMPLETED.
        result: what the execution returns, where the step ends the flow.
        wake_at: nothing goes on before this moment.
        messages: put in the outbox in the transaction that completes the step.
        sensitive: values that records show as ``███`` from here on; later steps still get them.
        shown_input: what records show as the step's input, where it is not the resolved params.
    """

    output: JsonValue
    status_code: int | None = None
    branch: str | None = None
    vars: JsonObject | None = None
    ends_flow: bool = False
    result: JsonValue = None
    wake_at: datetime | None = None
    messages: tuple[QueuedMessage, ...] = ()
    sensitive: tuple[JsonValue, ...] = ()
    shown_input: JsonObject | None = None


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What notifications may say of the tenant; every value has a default that reads well."""

    name: str = "local"
    friendly_name: str = "Sluiceway"
    support_email: str = ""
    support_url: str = ""
    default_locale: str = "en"
    extra: Mapping[str, str] = msgspec.field(default_factory=dict["str", "str"])


class OneTimeCodes(Protocol):
    """Where one-time codes are kept between flows, by reference."""

    async def put(self, reference: str, code: OneTimeCode) -> None:
        """Keep *code*, in place of the reference's earlier one."""
        ...

    async def get(self, reference: str) -> OneTimeCode | None:
        """Return the reference's code, expired or not."""
        ...

    async def swap(self, reference: str, old: OneTimeCode, new: OneTimeCode) -> bool:
        """Put *new* in place of *old*; tell whether *old* was still there, attempts included."""
        ...

    async def delete(self, reference: str) -> None:
        """Forget the reference's code."""
        ...


class ActionContext(Protocol):
    """The only way out of an action. Clock, randomness and ids are recorded with the execution."""

    @property
    def execution_id(self) -> str:
        """The id of the running execution, ``afe_…``."""
        ...

    @property
    def step_id(self) -> str:
        """The id of the running action."""
        ...

    @property
    def written(self) -> JsonObject:
        """The step's params as its author wrote them, before expressions were resolved."""
        ...

    @property
    def idempotency_key(self) -> str:
        """A key that is the same whenever this step of this execution is tried again."""
        ...

    @property
    def now(self) -> datetime:
        """The execution's clock reading."""
        ...

    @property
    def random(self) -> random.Random:
        """Randomness seeded from a secret of the execution and the step's id."""
        ...

    @property
    def attempt_began_at(self) -> datetime:
        """When this step was first tried; earlier than ``now`` after a crash."""
        ...

    @property
    def input(self) -> ExecutionInput:
        """What the flow was started with, its ``vars`` as they stand now."""
        ...

    @property
    def tenant(self) -> TenantSettings:
        """The tenant's name and addresses, for notifications."""
        ...

    @property
    def codes(self) -> OneTimeCodes:
        """One-time codes, shared by all executions."""
        ...

    def resolve(self, value: JsonValue) -> JsonValue | Undefined:
        """Resolve the expressions in *value*, for params that the spec lists as ``lazy``."""
        ...

    async def call_tenant(self, connection_id: str, request: TenantRequest) -> TenantResponse:
        """Call the Management API of the tenant that the AUTH0 connection names; see ``Tenant``."""
        ...

    async def send(
        self, request: OutboundRequest, *, retries: int | None = None
    ) -> OutboundResponse:
        """Send a request through the guard, waiting out 429 and 5xx where a repeat is harmless."""
        ...

    async def open_connection(self, connection_id: str, app_id: str) -> VaultConnection:
        """Return the vault connection with its setup. Raises ``ConnectionUnusable``.

        What is secret in the setup shows as ``███`` in every record from here on.
        """
        ...

    async def access_token(self, connection: VaultConnection, *, instead_of: str = "") -> str:
        """Return the access token of a connection that uses OAuth client credentials.

        Tokens are kept and renewed in time; *instead_of* is one that the other side refused.

        Raises:
            ConnectionUnusable: the connection's setup is of another kind.
            TokenError: its token endpoint refused one.
            OutboundError: its token endpoint gave no answer.
        """
        ...

    async def find_mail_hosts(self, domain: str) -> tuple[str, ...]:
        """Return the hosts that take mail for *domain* (A-labels): its MX records, maybe none.

        Raises:
            TargetUnreachable: no name server gave an answer.
        """
        ...

    async def require_provider(self, channel: Channel) -> JsonObject:
        """Return the enabled provider's ``{name, default_from}`` for *channel*.

        Raises:
            ProviderNotEnabled: none is enabled, or it lacks the delivery method.
        """
        ...


EffectOf: TypeAlias = "Effect | Callable[[Any], Effect]"


class ActionSpec(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """One action, whole.

    Attributes:
        type_: the family on the wire, like ``AUTH0``.
        action: the action on the wire, like ``SEND_EMAIL``.
        title: what people call it, like "Send email".
        summary: one sentence.
        params: the struct that the resolved params must fit; its JSON Schema is what consoles,
            checks and docs read (``msgspec.Meta`` gives titles, tips, limits and widgets).
        run: does it.
        output: the JSON Schema of the output.
        effect: what it does outside; a function of the params where that decides.
        source: the page that the behaviour follows.
        example: params that a reader can copy.
        liquid_params: names of params that are Liquid, so that expressions leave them alone.
        lazy_params: names of params that the action resolves itself through the context.
        branch_params: names of params that hold actions.
        secret_params: JSON Pointers into params whose values are never recorded in clear.
        secret_outputs: JSON Pointers into the output, likewise.
        scopes: the Management API scopes that it needs; a function of the raw params where those
            decide.
        reconcile: for ``ONCE``: finds out what became of a call that was in flight when its worker
            died; ``None`` from it means that the call did not happen and may be made.
    """

    type_: str
    action: str
    title: str
    summary: str
    params: type[P]
    run: Callable[[P, ActionContext], Awaitable[StepOutcome]]
    output: JsonObject
    effect: EffectOf
    source: str
    example: JsonObject
    liquid_params: tuple[str, ...] = ()
    lazy_params: tuple[str, ...] = ()
    branch_params: tuple[str, ...] = ()
    secret_params: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    scopes: tuple[str, ...] | Callable[[JsonObject], tuple[str, ...]] = ()
    reconcile: Callable[[P, ActionContext], Awaitable[StepOutcome | None]] | None = None
    timeout: timedelta | None = None

    @property
    def name(self) -> str:
        """The wire name, like ``AUTH0/SEND_EMAIL``."""
        return f"{self.type_}/{self.action}"

    @property
    def needs_connection(self) -> bool:
        """Whether the params must name a vault connection."""
        fields = msgspec.structs.fields(self.params)
        return any(field.encode_name == "connection_id" and field.required for field in fields)

    def effect_of(self, params: P) -> Effect:
        """Return the effect of running with *params*."""
        return self.effect if isinstance(self.effect, Effect) else self.effect(params)
