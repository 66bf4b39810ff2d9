"""What a step costs above its call: vault, token, guard, masks and journal beside bare aiohttp.

    python -m bench outbound

The service is a process of its own on the same machine and answers after 100 ms, as a tenant far
away does; 100 calls are in flight. The bare call is aiohttp with the same connections, the same
headers, its answer parsed. Rounds take turns, and medians are compared.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from msgspec.structs import replace

from bench.rows import Row
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.cli._session import run_async
from sluiceway.engine.base import Engine, World
from sluiceway.engine.live import Live
from sluiceway.engine.sealed_rows import identity_of
from sluiceway.engine.service import Executions
from sluiceway.engine.worker import Worker
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.masking import Masker
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.client import HttpClient
from sluiceway.outbound.retry import RetryPolicy
from sluiceway.outbound.sending import RetryingSender
from sluiceway.storage import open_store
from sluiceway.tenants.base import TenantRequest
from sluiceway.tenants.client import TenantClient
from sluiceway.tenants.limits import SharedLimits
from sluiceway.tenants.tokens import Tokens
from sluiceway.vault.connections import StoredConnections
from sluiceway.vault.data_keys import DataKeys
from sluiceway.vault.master_key import LocalKey
from sluiceway.vault.rotation import Rotation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sluiceway.outbound.base import OutboundRequest, OutboundResponse
    from sluiceway.storage.base import Store

IN_FLIGHT = 100
DELAY_MS = 100
STEPS = 10
ROUNDS = 3
TARGET = 1.20
AT_ONCE = 1000
SECRETS = 10_000
SERVICE = Path(__file__).with_name("_slow_service.py")
GET = TenantRequest(method="GET", pathname="/api/v2/users/auth0%7C1")


@contextmanager
def service(delay_ms: float) -> Iterator[int]:
    """Run the service; give its port."""
    command = [sys.executable, str(SERVICE), str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class Plain:
    """Sends what goes to a tenant by https to the service, which has no certificate."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        return await self._client.send(
            replace(request, url=request.url.replace("https://", "http://", 1))
        )


class Bench:
    """A worker's parts over one database, and the service to call."""

    def __init__(self, store: Store, keys: DataKeys, ring: Any, port: int) -> None:
        self.store, self.keys, self.ring, self.port = store, keys, ring, port
        self.http = HttpClient(allow_hosts=["127.0.0.1"])
        self.connections = StoredConnections(store.documents, ring)
        chance = random.Random(1)
        self.transport = Plain(self.http)
        self.tenants = TenantClient(
            connections=self.connections,
            transport=self.transport,
            tokens=Tokens(self.transport, cache=store.shared, sealer=ring, chance=chance),
            limits=SharedLimits(store.buckets),
            policy=RetryPolicy(),
            chance=chance,
        )
        nothing: Any = None
        self.world = World(
            tenant=self.tenants,
            send=RetryingSender(self.http, policy=RetryPolicy(), chance=chance),
            connections=self.connections,
            require_provider=nothing,
            codes=store.codes,
        )

    async def connect(self) -> None:
        await self.connections.create(
            name="api", app_id="HTTP", setup={"type": "BEARER", "token": "s" * 40}
        )
        await self.connections.create(
            name="tenant",
            app_id="AUTH0",
            setup={
                "type": "OAUTH_APP",
                "domain": f"127.0.0.1:{self.port}",
                "client_id": "c",
                "client_secret": "s" * 64,
            },
        )

    async def close(self) -> None:
        await self.http.close()
        await self.store.close()


async def bare(port: int, calls: int) -> float:
    """Return the milliseconds of a bare call, on the average."""
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call() -> None:
            url = f"http://127.0.0.1:{port}/api/v2/users/auth0%7C1"
            headers = {"authorization": f"Bearer {'t' * 900}", "accept": "application/json"}
            async with session.get(url, headers=headers) as answer:
                json.loads(await answer.read())

        await flood(call, IN_FLIGHT)
        return await flood(call, calls)


async def flood(call: Callable[[], Awaitable[object]], calls: int) -> float:
    """Make *calls* calls, as many in flight as may be; return the milliseconds of one."""
    left = calls

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return (time.perf_counter() - began) / calls * IN_FLIGHT * 1000


async def tenant_calls(bench: Bench, calls: int) -> float:
    """Return the milliseconds of a call through the tenants' client."""
    await flood(lambda: bench.tenants.call("tenant", GET), IN_FLIGHT)
    return await flood(lambda: bench.tenants.call("tenant", GET), calls)


def flow_of(bench: Bench, kind: str) -> Flow:
    url = f"http://127.0.0.1:{bench.port}/api/v2/users/auth0%7C1"
    kinds: dict[str, dict[str, Any]] = {
        "HTTP": {
            "type": "HTTP",
            "action": "SEND_REQUEST",
            "params": {"connection_id": "api", "url": url},
        },
        "AUTH0": {
            "type": "AUTH0",
            "action": "GET_USER",
            "params": {"connection_id": "tenant", "user_id": "{{ fields.user_id }}"},
        },
    }
    actions = [{"id": f"step_{number}", **kinds[kind]} for number in range(STEPS)]
    return Flow.from_json({"name": kind, "actions": actions})


async def steps(bench: Bench, kind: str, calls: int) -> float:
    """Return the milliseconds of a step of a flow that runs durably, journalled and recorded."""
    engine = Engine(
        store=bench.store.executions,
        actions=InstalledActions(),
        sealer=bench.ring,
        new_masker=Masker,
    )
    live = Live()
    executions = Executions(engine, live)
    worker = Worker(engine, bench.world, live, concurrency=IN_FLIGHT)
    working = asyncio.create_task(worker.run())
    flow, given = flow_of(bench, kind), ExecutionInput(fields={"user_id": "auth0|1"})
    try:
        warm = [await executions.start(flow, given) for _ in range(IN_FLIGHT)]
        for id_ in warm:
            await executions.wait(id_, timeout_s=60)
        began = time.perf_counter()
        ids = await asyncio.gather(*(executions.start(flow, given) for _ in range(calls // STEPS)))
        for id_ in ids:
            assert await executions.wait(id_, timeout_s=120)
        took = time.perf_counter() - began
        record: Any = await executions.get(ids[-1])
        assert record["status"] == ExecutionStatus.COMPLETED, record
    finally:
        worker.stop()
        await working
    return took / calls * IN_FLIGHT * 1000


async def compare(port: int, calls: int) -> dict[str, float]:
    """Return the milliseconds of each kind of call, medians of rounds that take turns."""
    found: dict[str, list[float]] = {"bare": [], "client": [], "HTTP": [], "AUTH0": []}
    with tempfile.TemporaryDirectory() as folder:
        bench = await open_bench(folder, port)
        await bench.connect()
        for _ in range(ROUNDS):
            found["bare"].append(await bare(port, calls))
            found["client"].append(await tenant_calls(bench, calls))
            found["HTTP"].append(await steps(bench, "HTTP", calls))
            found["AUTH0"].append(await steps(bench, "AUTH0", calls))
        await bench.close()
    return {name: statistics.median(values) for name, values in found.items()}


async def open_bench(folder: str, port: int) -> Bench:
    store = open_store(f"sqlite:///{folder}/bench.db")
    keys = DataKeys(store.documents, LocalKey(bytes(32)), utc_now)
    return Bench(store, keys, await keys.load(), port)


async def one_token(port: int) -> int:
    """Let 1,000 steps want a token at once; return how many were fetched."""
    with tempfile.TemporaryDirectory() as folder:
        bench = await open_bench(folder, port)
        await bench.connect()
        before = await count(bench)
        await asyncio.gather(*(bench.tenants.call("tenant", GET) for _ in range(AT_ONCE)))
        fetched = await count(bench) - before
        await bench.close()
    return fetched


async def count(bench: Bench) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{bench.port}/count") as answer,
    ):
        return int(await answer.read())


async def rotation_s() -> float:
    """Return the seconds that 10,000 secrets take to be sealed anew."""
    with tempfile.TemporaryDirectory() as folder:
        bench = await open_bench(folder, 0)
        setup: Any = {"type": "BEARER", "token": "t" * 40}
        for start in range(0, SECRETS, 500):
            await asyncio.gather(
                *(
                    bench.connections.create(name=f"c{start + i}", app_id="HTTP", setup=setup)
                    for i in range(500)
                )
            )
        rotation = Rotation(
            keys=bench.keys,
            keyring=bench.ring,
            sealed=bench.store.sealed,
            identity_of=identity_of,
        )
        began = time.perf_counter()
        report = await rotation.run()
        took = time.perf_counter() - began
        assert report.resealed == SECRETS
        await bench.close()
    return took


def run() -> list[Row]:
    """Measure."""
    with service(DELAY_MS) as port:
        far = run_async(compare(port, 3000), is_lasting=True)
        fetched = run_async(one_token(port), is_lasting=True)
    with service(0) as port:
        near = run_async(compare(port, 2000), is_lasting=True)
    names = {
        "client": "Management API call: token, limit, guard",
        "HTTP": "HTTP/SEND_REQUEST, a step of a flow",
        "AUTH0": "AUTH0/GET_USER, a step of a flow",
    }
    rows = [
        Row(
            what=f"{what}, beside a bare aiohttp call",
            measured=f"{far[name] / far['bare']:.2f} times ({far[name]:.0f} ms, "
            f"bare {far['bare']:.0f} ms)",
            target=f"at most {TARGET:.2f} times",
            is_met=far[name] <= TARGET * far["bare"],
            note=f"{IN_FLIGHT} in flight, answers after {DELAY_MS} ms",
        )
        for name, what in names.items()
    ]
    rows += [
        Row(
            what=f"{what}, processor time only",
            measured=f"{(near[name] - near['bare']) / IN_FLIGHT:.2f} ms above the call",
            note=f"answers at once; the bare call takes {near['bare'] / IN_FLIGHT:.2f} ms of the "
            "same core",
        )
        for name, what in names.items()
    ]
    rows.append(
        Row(
            what=f"{AT_ONCE:,} steps that want a token at once",
            measured=f"{fetched} fetched",
            target="1 fetched",
            is_met=fetched == 1,
        )
    )
    took = asyncio.run(rotation_s())
    rows.append(
        Row(
            what=f"{SECRETS:,} secrets sealed anew",
            measured=f"{took:.1f} s, {SECRETS / took:,.0f} a second",
        )
    )
    return rows
