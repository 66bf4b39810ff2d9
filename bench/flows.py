"""A real flow against a tenant over https, and a batch at the tenant's limit.

The flow: get the user, test the status, update the user, queue an email. The bare script makes the
same two calls with aiohttp and keeps nothing.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.rows import Row
from sluiceway.cli._each import RunHere
from sluiceway.cli._remote import open_api
from sluiceway.cli._session import open_here, run_async
from sluiceway.engine.service import StartRequest
from sluiceway.models.batch_rows import BatchRow
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from sluiceway.bootstrap import Application

STUB = Path(__file__).with_name("_tenant_stub.py")
EXECUTIONS = 600
IN_FLIGHT = 50
TURNS = 4
ROWS, RATE, BURST = 1500, 50, 50
NODE_RED = 376 / 1354
"""Node-RED's share of a bare script with three calls, measured on another day (engine.md)."""


def _call(action: str, **params: Any) -> dict[str, Any]:
    shared = {"connection_id": "bench", "user_id": "auth0|{{ fields.n }}"}
    return {"type": "AUTH0", "action": action, "params": {**shared, **params}}


def real_flow() -> Flow:
    email = {"to": "ada@example.com", "subject": "Hello {{ name }}", "body": "<p>Hi</p>"}
    then = [
        {"id": "update", **_call("UPDATE_USER", changes={"user_metadata": {"greeted": True}})},
        {
            "id": "mail",
            "type": "AUTH0",
            "action": "SEND_EMAIL",
            "params": {**email, "custom_vars": {"name": "{{ actions.get.body.name }}"}},
        },
    ]
    test = {"operator": "EQ", "operands": ["{{ actions.get.status }}", 200]}
    branch = {"if": test, "then": then, "else": []}
    actions = [
        {"id": "get", **_call("GET_USER")},
        {"id": "if", "type": "FLOW", "action": "BOOLEAN_CONDITION", "params": branch},
    ]
    return Flow.from_json({"name": "Real", "actions": actions})


@contextmanager
def stub(folder: Path, *limit: float) -> Iterator[tuple[str, str]]:
    """Run the stub; yield its domain and the authority that signed its certificate."""
    with subprocess.Popen(
        [sys.executable, str(STUB), str(folder), *map(str, limit)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port, authority = process.stdout.readline().split()
        yield f"localhost:{port}", authority
        process.kill()


@asynccontextmanager
async def application(folder: Path, domain: str, authority: str) -> AsyncGenerator[Application]:
    settings = load_settings(
        environment={
            "SLUICEWAY_DATABASE_URL": f"sqlite:///{folder}/s.db",
            "SLUICEWAY_CA_FILE": authority,
            "SLUICEWAY_ALLOW_HOSTS": "localhost",
        },
        folder=folder,
    )
    setup = {"type": "OAUTH_APP", "domain": domain, "client_id": "c", "client_secret": "s"}
    async with open_api(settings) as api:
        await api.call(
            "POST",
            "/api/v2/flows/vault/connections",
            {"name": "bench", "app_id": "AUTH0", "setup": setup},
        )
    async with open_here(settings) as opened:
        yield opened


async def ours(opened: Application, executions: int) -> float:
    """Return real flows a second."""
    flow = real_flow()
    worker = opened.new_worker(concurrency=IN_FLIGHT)
    working = asyncio.create_task(worker.run())
    service = opened.executions
    before = (await service.count_by_status())[ExecutionStatus.COMPLETED]
    began = time.perf_counter()
    for start in range(0, executions, IN_FLIGHT):
        requests = [
            StartRequest(input=ExecutionInput(fields={"n": start + n})) for n in range(IN_FLIGHT)
        ]
        await service.start_many(flow, requests)
    while True:
        counts = await service.count_by_status()
        assert not counts[ExecutionStatus.FAILED]
        if counts[ExecutionStatus.COMPLETED] >= before + executions:
            break
        await asyncio.sleep(0.01)
    took = time.perf_counter() - began
    worker.stop()
    await working
    return executions / took


async def bare(domain: str, authority: str, executions: int) -> float:
    """Return flows a second of a script that keeps nothing."""
    context = ssl.create_default_context(cafile=authority)
    gate = asyncio.Semaphore(IN_FLIGHT)
    headers = {"authorization": "Bearer bench"}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=IN_FLIGHT), headers=headers
    ) as session:

        async def one(number: int) -> None:
            async with gate:
                url = f"https://{domain}/api/v2/users/auth0%7C{number}"
                async with session.get(url) as answer:
                    user = await answer.json()
                    status = answer.status
                if status == 200:
                    body = {"user_metadata": {"greeted": True}}
                    async with session.patch(url, json=body) as answer:
                        await answer.json()
                    f"Hello {user['name']}".encode()

        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(executions)))
        return executions / (time.perf_counter() - began)


async def _compare(folder: Path) -> Row:
    rates, bares = [], []
    with stub(folder) as (domain, authority):
        async with application(folder, domain, authority) as opened:
            await ours(opened, IN_FLIGHT)
            for _ in range(TURNS):
                bares.append(await bare(domain, authority, EXECUTIONS))
                rates.append(await ours(opened, EXECUTIONS))
    # The best turn of each: a neighbour on the machine can only make things slower.
    ratio = max(rates) / max(bares)
    return Row(
        what="real flow over https, against a bare aiohttp script",
        measured=f"{max(rates):,.0f}/s against {max(bares):,.0f}/s: {ratio:.2f} times",
        target=f"at least 0.6 times, and ahead of Node-RED ({NODE_RED:.2f} times)",
        is_met=ratio >= 0.6,
        note="two calls to one local stub; durable, masked, sealed, with the email in the outbox",
    )


async def _batch(folder: Path) -> Row:
    flow = Flow.from_json({"name": "One", "actions": [{"id": "get", **_call("GET_USER")}]})

    async def rows() -> AsyncIterator[BatchRow]:
        for number in range(1, ROWS + 1):
            yield BatchRow(number=number, input=ExecutionInput(fields={"n": number}))

    with stub(folder, RATE, BURST) as (domain, authority):
        async with application(folder, domain, authority) as opened:
            runner = RunHere(opened, flow, IN_FLIGHT)
            began = time.perf_counter()
            failed = 0
            async for report in runner.run(rows(), "bench"):
                output: Any = report["output"]
                failed += report["status"] != "COMPLETED" or (output or {}).get("status") == 429
            took = time.perf_counter() - began
            counts = await _counts(domain, authority)
    ideal = (ROWS - BURST) / RATE
    return Row(
        what=f"batch of {ROWS:,} users at a limit of {RATE}/s",
        measured=f"{took:.1f} s, {took / ideal:.3f} times the ideal; {failed} failed, "
        f"{counts['refused']} calls refused with 429 on the way",
        target="at most 1.05 times, none failed",
        is_met=took / ideal <= 1.05 and not failed,
        note="the target's 10,000 users would take 199 s; the pace is found once, at the start",
    )


async def _counts(domain: str, authority: str) -> dict[str, int]:
    context = ssl.create_default_context(cafile=authority)
    url = f"https://{domain}/counts"
    async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
        counts: dict[str, int] = json.loads(await answer.text())
        return counts


def run() -> list[Row]:
    """Measure both."""
    rows: list[Row] = []
    for measure in (_compare, _batch):
        with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
            rows.append(run_async(measure(Path(folder)), is_lasting=True))
    return rows
