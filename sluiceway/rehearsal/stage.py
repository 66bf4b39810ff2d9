"""Where flows are rehearsed: one tenant, one store and one clock, all in memory."""

from __future__ import annotations

import hashlib
import random
import secrets
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from msgspec.structs import replace

from sluiceway.bootstrap import open_application
from sluiceway.engine.journal import Journal
from sluiceway.engine.live import Live
from sluiceway.engine.outbox_content import open_content
from sluiceway.engine.plan import Plan
from sluiceway.engine.run import Run
from sluiceway.engine.sealing import Payload, digest_of, encode, seal_payload, seal_snapshot
from sluiceway.engine.service import Executions
from sluiceway.errors import ActionError
from sluiceway.management.tenant import open_tenant, reset_tenant
from sluiceway.management.users import KIND as USERS
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.ids import encode_id
from sluiceway.models.message import EmailContent
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.asgi import AsgiTransport
from sluiceway.providers.html_text import html_to_text
from sluiceway.rehearsal.clock import DEFAULT_TIME, StandingClock
from sluiceway.rehearsal.mocks import Mocks
from sluiceway.rehearsal.noted_documents import NotedDocuments
from sluiceway.rehearsal.observing import ObservedActions
from sluiceway.rehearsal.world import rehearsal_world
from sluiceway.settings import load_settings
from sluiceway.storage.durable import NewExecution, OutboxFilter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from sluiceway.bootstrap import Application
    from sluiceway.engine.base import ActionLookup, Engine, World
    from sluiceway.management.environment import Environment
    from sluiceway.management.tenant import EmbeddedTenant
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import Transport
    from sluiceway.rehearsal.observing import ObservedStep
    from sluiceway.rehearsal.world import TenantCall
    from sluiceway.storage.base import DocumentStore
    from sluiceway.storage.durable import Claim, ExecutionStore, LogWrite, NewMessage

__all__ = ["MakeApi", "Rehearsed", "Stage", "open_stage"]

MakeApi = "Callable[[Application], Callable[[Any, Any, Any], Awaitable[None]]]"

_MOST_WAKES: Final = 1000
_FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a flow: its record (masked), and what was seen of it (not masked).

    Attributes:
        record: the execution record with ``debug``, as ``sluiceway run --json`` prints it.
        steps: what was seen of each step that was run, in order; what broke before it ran (wrong
            params, an expression) is not among them.
        messages: what was queued: ``{step, channel, to, subject, html, text, from}``.
        requests: the HTTP requests that were made: ``{method, url, headers, body}``.
        tenant_calls: the calls of the Management API.
        vars: the vars at the end.
    """

    record: JsonObject
    steps: tuple[ObservedStep, ...]
    messages: tuple[JsonObject, ...]
    requests: tuple[JsonObject, ...]
    tenant_calls: tuple[TenantCall, ...]
    vars: JsonObject

    @property
    def status(self) -> str:
        """How it ended, like ``COMPLETED``."""
        return str(self.record["status"])

    @property
    def debug(self) -> JsonObject:
        """The record's ``debug``."""
        debug = self.record.get("debug")
        return debug if isinstance(debug, dict) else {}

    @property
    def recorded_steps(self) -> list[JsonObject]:
        """The steps as the record shows them, failed ones too."""
        steps = self.debug.get("steps")
        return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []

    @property
    def path(self) -> list[str]:
        """The ids of the steps that were run, in order."""
        return [str(step["id"]) for step in self.recorded_steps]

    @property
    def output(self) -> JsonValue:
        """What the flow returned."""
        return self.debug.get("output")

    @property
    def error(self) -> JsonObject | None:
        """Why it failed: ``{code, message, step, …}``."""
        error = self.debug.get("error")
        return error if isinstance(error, dict) else None

    def step(self, id_: str) -> ObservedStep | None:
        """Return what was seen of a step."""
        return next((step for step in self.steps if step.id == id_), None)


class Stage(msgspec.Struct):
    """Runs flows one after the other; ``reset`` clears the tenant between tests."""

    application: Application
    clock: StandingClock
    tenant: EmbeddedTenant
    transport: Transport
    chance: _Chance
    documents: NotedDocuments
    runs: int = 0

    @property
    def environment(self) -> Environment:
        """The embedded tenant's surroundings, for its rules (``management``)."""
        return self.tenant.environment

    @property
    def actions(self) -> ActionLookup:
        """The actions there are."""
        return self.application.actions

    async def reset(self, *, at: datetime = DEFAULT_TIME, seed: int = 0) -> None:
        """Clear the tenant, the one-time codes and the messages, and set clock and chance."""
        self.clock.set(at)
        self.chance.seed(seed)
        if self.documents.written:
            await self._clear_tenant()
        await self.application.store.codes.prune(expired_before=_FAR, limit=10_000)

    async def _clear_tenant(self) -> None:
        written = self.documents.written
        if written == {USERS}:
            await self.documents.clear(USERS)
        else:
            await reset_tenant(self.environment)
        written.clear()

    async def run(
        self,
        flow: Flow,
        input_: ExecutionInput | None = None,
        *,
        mocks: Mocks | None = None,
        setups: Mapping[str, JsonObject] | None = None,
        providers: Mapping[str, bool] | None = None,
        outputs: JsonObject | None = None,
        wrap: Callable[[ActionLookup, Mocks], ObservedActions] = ObservedActions,
    ) -> Rehearsed:
        """Run *flow* to its end; delays pass at once. Nothing leaves.

        Args:
            flow: the flow.
            input_: what its expressions read.
            mocks: what stands for steps and exchanges.
            setups: vault connections by name: ``{app_id, setup}``; others are made up.
            providers: whether there is a provider, by channel; all by default.
            outputs: of earlier steps that *flow*, a part of another, leaves out.
            wrap: makes the catalogue of the run.
        """
        used = mocks or Mocks()
        observed = wrap(self.application.actions, used)
        world, calls = rehearsal_world(
            self.application,
            self.tenant,
            self.transport,
            clock=self.clock,
            mocks=used,
            flow=flow,
            setups=setups or {},
            providers=providers or {},
        )
        engine = replace(
            self.application.engine,
            store=cast("ExecutionStore", _SleepingStore(self.application.store.executions)),
            actions=observed,
            now=self.clock.read,
        )
        given = input_ or ExecutionInput()
        id_ = await self._carry_out(engine, world, flow, given, outputs or {})
        record = await Executions(engine, Live()).get(id_, debug=True)
        stored = [step.vars for step in observed.steps if step.vars]
        final: JsonObject = dict(given.vars)
        for values in stored:
            final |= values
        return Rehearsed(
            record=record,
            steps=tuple(observed.steps),
            messages=tuple(await self._messages(id_)),
            requests=tuple(request.as_json() for request in used.requests),
            tenant_calls=tuple(calls),
            vars=final,
        )

    async def _carry_out(
        self,
        engine: Engine,
        world: World,
        flow: Flow,
        input_: ExecutionInput,
        outputs: JsonObject,
    ) -> str:
        store, sealer = engine.store, engine.sealer
        # Runs with one seed share everything but their ids: they stand in one store.
        self.runs += 1
        id_ = encode_id("afe", self.runs)
        document = encode(flow.as_json())
        digest = digest_of(document)
        payload = Payload(input=input_, seed=self.chance.next_seed(), outputs=outputs)
        await store.create(
            NewExecution(
                id=id_,
                flow_id=flow.id,
                flow_name=flow.name,
                flow_version=flow.version,
                flow_digest=digest,
                trace_id=f"{self.runs:032x}",
                created_at=self.clock.now,
                payload=seal_payload(sealer, payload, execution_id=id_),
                snapshot=seal_snapshot(sealer, document, digest),
            )
        )
        plan = Plan.of(flow, engine.actions)
        for number in range(_MOST_WAKES):
            claims = await store.claim(
                f"rehearsal-{id_}-{number}",
                limit=1,
                lease=engine.settings.lease,
                now=self.clock.now,
            )
            if not claims:
                break
            journal = Journal.read(claims[0].log, sealer, execution_id=id_)
            run = Run(
                engine, world, Live(), claim=claims[0], plan=plan, payload=payload, journal=journal
            )
            await run.execute()
            row = await store.get(id_)
            if row is None or row.status.is_terminal:
                return id_
            if row.ready_at is not None:
                self.clock.set(max(row.ready_at, self.clock.now))
        raise ActionError(f"expected the flow to end, it went on after {_MOST_WAKES} waits")

    async def _messages(self, id_: str) -> list[JsonObject]:
        rows = await self.application.store.outbox.list(OutboxFilter(execution_id=id_), limit=1000)
        shown: list[JsonObject] = []
        for row in reversed(rows):
            content = open_content(row, self.application.keyring)
            message: JsonObject = {"step": row.step_id, "channel": str(row.channel)}
            message |= content.as_json()
            if isinstance(content, EmailContent):
                message["text"] = html_to_text(content.html)
            shown.append(message)
        return shown


class _SleepingStore:
    """An execution store in which delays are measured by the stage's clock alone.

    A store lets a delay pass by its own clock where the wall clock is behind: here it stands, and
    may stand in the past.
    """

    def __init__(self, inner: ExecutionStore) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def sleep(
        self,
        claim: Claim,
        write: LogWrite,
        *,
        wake_at: datetime,
        at: datetime,
        messages: Sequence[NewMessage] = (),
    ) -> None:
        """See ``ExecutionStore``."""
        noted = max(at, utc_now())
        await self._inner.sleep(claim, write, wake_at=wake_at, at=noted, messages=messages)


class _Chance:
    """Random bits that a seed repeats; ids of the tenant's objects come from here too."""

    def __init__(self) -> None:
        self._random = random.Random(0)  # noqa: S311 - to be repeated is the purpose
        self._seed = self._runs = 0

    def seed(self, seed: int) -> None:
        """Begin anew."""
        self._random = random.Random(seed)  # noqa: S311 - as above
        self._seed, self._runs = seed, 0

    def next_seed(self) -> str:
        """Return what a run's uuids, codes and random numbers come from.

        It depends on nothing but the seed and how many runs there were: snapshots last.
        """
        self._runs += 1
        return hashlib.sha256(f"{self._seed}:{self._runs}".encode()).hexdigest()[:32]

    def bits(self, count: int) -> int:
        """Return that many random bits as a number."""
        return self._random.getrandbits(count)


@asynccontextmanager
async def open_stage(
    *, make_api: Callable[[Application], Callable[[Any, Any, Any], Awaitable[None]]]
) -> AsyncGenerator[Stage]:
    """Open a stage; it takes a moment, so use one for many runs.

    Args:
        make_api: makes the application that serves the embedded tenant; an argument, because the
            edges are above this module.
    """
    settings = load_settings(
        environment={
            "SLUICEWAY_CLIENT_ID": "rehearsal",
            "SLUICEWAY_CLIENT_SECRET": secrets.token_urlsafe(32),
        },
        folder=Path("/nowhere"),
        flags={"database_url": "sqlite://"},
    )
    clock, chance = StandingClock(), _Chance()
    async with open_application(settings, make_api=make_api) as application:
        documents = NotedDocuments(application.store.documents)
        environment = replace(
            application.tenant.environment,
            documents=cast("DocumentStore", documents),
            now=clock.read,
            random_bits=chance.bits,
        )
        client = application.client
        tenant = await open_tenant(
            environment, client_id=client.client_id, client_secret=client.secret
        )
        app = make_api(replace(application, tenant=tenant))
        # The signing key is made on first use: now, so that every run meets the same chance.
        await tenant.tokens.issue(client.client_id, [], environment.audience)
        documents.written.clear()
        yield Stage(application, clock, tenant, AsgiTransport(app), chance, documents)
