"""A workbench for one action: real params, context, vault, codes and HTTP; services stand in."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import jsonschema_rs
import pytest
from aiohttp import web

from sluiceway.actions.base import ActionSpec, StepOutcome, TenantSettings
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.engine.base import World
from sluiceway.engine.context import StepContext
from sluiceway.engine.params import convert_params
from sluiceway.errors import ProviderNotEnabled
from sluiceway.expressions.params import resolve_params
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.message import Channel
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.outbound.client import HttpClient
from sluiceway.outbound.retry import RetryPolicy
from sluiceway.outbound.sending import RetryingSender
from sluiceway.storage import open_store
from sluiceway.tenants.base import TenantRequest, TenantResponse
from sluiceway.tenants.connection_tokens import ConnectionTokens
from sluiceway.tenants.tokens import Tokens
from sluiceway.vault.connections import StoredConnections
from tests.conftest import keyring

INSTALLED = InstalledActions()


@dataclass
class Received:
    """One request as a service got it."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Handler = Callable[[Received], web.Response]


class Services:
    """One local server that answers for every host; a test says what each of them answers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.handlers: dict[str, Handler] = {}
        self.port = 0
        self._ready = threading.Event()
        self._stop: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def answer(self, host: str, *answers: Any) -> None:
        """Let *host* give these answers, the last one again and again."""
        left = list(answers)

        def handle(_: Received) -> web.Response:
            found = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(found, tuple):
                status, body = found
                return web.json_response(body, status=status)
            return found() if callable(found) else web.json_response(found)

        self.handlers[host] = handle

    @property
    def last(self) -> Received:
        return self.received[-1]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        url = urlsplit(request.raw_path)
        got = Received(
            method=request.method,
            host=request.headers.get("x-stands-in-for", request.host),
            path=url.path,
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.received.append(got)
        handler = self.handlers.get(got.host) or self.handlers.get("*")
        return handler(got) if handler else web.json_response({"echo": got.path})


class StandInTransport:
    """Sends what goes to the world to the local services, through the real client."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._client = HttpClient(allow_hosts=["127.0.0.1"])

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        parts = urlsplit(request.url)
        url = urlunsplit(("http", f"127.0.0.1:{self._services.port}", *parts[2:]))
        return await self._client.send(
            OutboundRequest(
                method=request.method,
                url=url,
                headers={**request.headers, "x-stands-in-for": parts.netloc},
                body=request.body,
                timeout_s=request.timeout_s,
                max_response_bytes=request.max_response_bytes,
            )
        )

    async def close(self) -> None:
        await self._client.close()


@dataclass
class FakeTenant:
    """Notes what is asked of the tenant, and gives the next answer."""

    answers: list[TenantResponse | Exception] = field(default_factory=list)
    calls: list[tuple[str, TenantRequest]] = field(default_factory=list)

    async def call(self, connection: str, request: TenantRequest) -> TenantResponse:
        self.calls.append((connection, request))
        found = (
            self.answers.pop(0) if self.answers else TenantResponse(status=200, headers={}, body={})
        )
        if isinstance(found, Exception):
            raise found
        return found


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.moment = utc_now()

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


class Workbench:
    """Runs actions as the engine does: resolve, check, call."""

    def __init__(
        self, services: Services, runner: asyncio.Runner, transport: StandInTransport
    ) -> None:
        self.services = services
        self.store = open_store("sqlite://")
        self.connections = StoredConnections(self.store.documents, keyring())
        self.clock = Clock()
        self.tenant = FakeTenant()
        self.enabled: set[Channel] = set(Channel)
        self.mail_hosts: dict[str, tuple[str, ...] | Exception] = {}
        self.masked: list[Any] = []
        self.transport = transport
        self._runner = runner

        async def no_sleep(_: float) -> None:
            return None

        chance = random.Random(0)  # noqa: S311 - jitter
        tokens = Tokens(
            self.transport,
            cache=self.store.shared,
            sealer=keyring(),
            chance=chance,
            sleep=no_sleep,
        )
        self.world = World(
            tenant=self.tenant,
            send=RetryingSender(self.transport, RetryPolicy(), chance, sleep=no_sleep),
            connections=self.connections,
            require_provider=self._require_provider,
            codes=self.store.codes,
            tenant_settings=TenantSettings(friendly_name="Acme"),
            access_token=ConnectionTokens(tokens),
            find_mail_hosts=self._find_mail_hosts,
        )

    def wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def connect(self, app_id: str, setup: dict[str, Any] | None, name: str = "conn") -> str:
        made = self.wait_for(self.connections.create(name=name, app_id=app_id, setup=setup))
        id_: str = made.id
        return id_

    def context(self, step_id: str = "step", execution: str = "afe_1", **roots: Any) -> StepContext:
        actions = roots.pop("actions", {})
        return StepContext(
            self.world,
            execution_id=execution,
            step_id=step_id,
            seed=execution,
            now=self.clock(),
            attempt_began_at=self.clock(),
            input_=ExecutionInput(**roots),
            actions=actions,
            masked=self.masked.append,
        )

    async def outcome_async(
        self, name: str, params: dict[str, Any], context: StepContext | None = None
    ) -> StepOutcome:
        context = context or self.context()
        context.written = params
        spec = spec_of(name)
        skip = (*spec.liquid_params, *spec.lazy_params, *spec.branch_params)
        resolved: Any = resolve_params(params, context.scope, skip=skip)
        outcome: StepOutcome = await spec.run(convert_params(spec, resolved), context)
        jsonschema_rs.validate(spec.output, outcome.output)
        return outcome

    def outcome(
        self, name: str, params: dict[str, Any], context: StepContext | None = None
    ) -> StepOutcome:
        outcome: StepOutcome = self.wait_for(self.outcome_async(name, params, context))
        return outcome

    def run(self, name: str, params: dict[str, Any], context: StepContext | None = None) -> Any:
        """Return the action's output."""
        return self.outcome(name, params, context).output

    async def _require_provider(self, channel: Channel) -> Any:
        if channel not in self.enabled:
            raise ProviderNotEnabled(f"no provider for {channel}")
        return {"name": "capture", "default_from": None}

    async def _find_mail_hosts(self, domain: str) -> tuple[str, ...]:
        found = self.mail_hosts.get(domain, ())
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        self.wait_for(self.store.close())


def spec_of(name: str) -> ActionSpec[Any]:
    spec = INSTALLED.find(*name.split("/"))
    assert spec is not None, name
    return spec


@pytest.fixture(scope="session")
def _shared_services() -> Iterator[Services]:
    with Services() as services:
        yield services


@pytest.fixture
def services(_shared_services: Services) -> Services:
    _shared_services.received.clear()
    _shared_services.handlers.clear()
    return _shared_services


@pytest.fixture(scope="session")
def _way_out(_shared_services: Services) -> Iterator[tuple[asyncio.Runner, StandInTransport]]:
    """One loop and one client for all: a client reads every authority of the machine."""
    with asyncio.Runner() as runner:
        transport = StandInTransport(_shared_services)
        yield runner, transport
        runner.run(transport.close())


@pytest.fixture
def bench(
    services: Services, _way_out: tuple[asyncio.Runner, StandInTransport]
) -> Iterator[Workbench]:
    made = Workbench(services, *_way_out)
    yield made
    made.close()
