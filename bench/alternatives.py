"""The same two flows on Sluiceway and on what else one could take, against the same tenant.

    python -m bench alternatives

*Real* gets a user, compares, updates the user and sends an email; *no-op* does nothing. Each
candidate is a server of its own process, is asked by the same 50 clients to run the flow, and
answers when it has ended. Sluiceway keeps every step durably, n8n the data of every execution; the
bare script and Node-RED keep nothing. The tenant is a process of its own, over https.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil

from bench import _n8n, _node_red
from bench._plot import draw_bars
from bench.rows import Row
from sluiceway.cli._tls import ensure_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Path(__file__).parent.parent / "docs" / "alternatives.svg"
CLIENTS = 50
RUNS = {"no-op": 1_000, "real": 400}
PYTHON = sys.executable
CACHE = Path(__file__).resolve().parent.parent / ".tools" / "bench"
CLIENT = ("bench-client", secrets.token_urlsafe(32))
USER = "auth0|ada"
QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

NOOP = [{"id": "nothing", "type": "FLOW", "action": "DO_NOTHING", "params": {}}]
REAL = [
    {
        "id": "get",
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "bench", "user_id": USER},
    },
    {
        "id": "found",
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {
            "if": {
                "operator": "AND",
                "operands": [{"operator": "EQ", "operands": ["{{ actions.get.status }}", "200"]}],
            },
            "then": [
                {
                    "id": "update",
                    "type": "AUTH0",
                    "action": "UPDATE_USER",
                    "params": {
                        "connection_id": "bench",
                        "user_id": USER,
                        "changes": {"app_metadata": {"seen": "{{ actions.get.body.email }}"}},
                    },
                },
                {
                    "id": "mail",
                    "type": "AUTH0",
                    "action": "SEND_EMAIL",
                    "params": {
                        "from": {"email": "shop@example.com"},
                        "to": "{{ actions.get.body.email }}",
                        "subject": "Hello {{ custom_vars.name }}",
                        "body": "<p>Hello {{ custom_vars.name | escape }}</p>",
                        "custom_vars": {"name": "{{ actions.get.body.name }}"},
                    },
                },
            ],
        },
    },
]


@dataclass
class Candidate:
    """A server that runs the flows; *bodies* and *headers* are of the request that starts one."""

    name: str
    process: subprocess.Popen[bytes]
    url: str
    paths: dict[str, str]
    bodies: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cold_s: float = 0.0


@dataclass(frozen=True)
class Result:
    """What one candidate did with one flow."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    rss_mb: float


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def started(stack: ExitStack, command: list[str], **more: Any) -> subprocess.Popen[bytes]:
    """Start a process that ends with *stack*, and with it those that it started."""
    process = subprocess.Popen(command, **more, start_new_session=True)

    def stop() -> None:
        # All of them: the node of a package from PyPI is the child of a script.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)

    stack.callback(stop)
    return process


def wait_for(url: str, process: subprocess.Popen[bytes]) -> float:
    """Wait until *url* takes connections; return when."""
    host, _, port = url.removeprefix("http://").partition(":")
    while process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return time.perf_counter()
    raise RuntimeError(f"a server ended with {process.returncode}")


def bare(stack: ExitStack, tenant: str, authority: Path) -> Candidate:
    """Return the bare aiohttp script."""
    port, began = free_port(), time.perf_counter()
    command = [PYTHON, "-m", "bench._bare_flow", tenant, str(authority), str(port)]
    process = started(stack, command)
    url = f"http://127.0.0.1:{port}"
    cold = wait_for(url, process) - began
    return Candidate("bare aiohttp", process, url, {"real": "/real", "no-op": "/noop"}, cold_s=cold)


def find_node() -> Path | None:
    """Return the node that came with the bench, else the machine's."""
    found = shutil.which("node", path=f"{Path(PYTHON).parent}:{os.environ['PATH']}")
    return Path(found) if found else None


def node_red(stack: ExitStack, tenant: str, authority: Path, folder: Path) -> Candidate | str:
    """Return Node-RED, or why it is not measured."""
    node = find_node()
    if node is None:
        return "no node"
    where = CACHE / "node-red"
    problem = _node_red.install(where, str(node.with_name("npm")))
    if problem:
        return problem
    port = free_port()
    (folder / "flows.json").write_text(_node_red.flows(tenant))
    (folder / "settings.js").write_text(_node_red.settings(port, folder / "flows.json"))
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(authority)}
    began = time.perf_counter()
    script = where / "node_modules" / "node-red" / "red.js"
    command = [
        str(node),
        str(script),
        "--userDir",
        str(folder),
        "--settings",
        str(folder / "settings.js"),
    ]
    process = started(stack, command, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    cold = wait_for(url, process) - began
    return Candidate("Node-RED", process, url, {"real": "/real", "no-op": "/noop"}, cold_s=cold)


def n8n(
    stack: ExitStack, tenant: str, authority: Path, folder: Path, *, database: str
) -> Candidate | str:
    """Return n8n on *database*, or why it is not measured."""
    node = find_node()
    if node is None:
        return "no node"
    where = CACHE / "n8n"
    problem = _n8n.install(where, str(node.with_name("npm")))
    if problem:
        return problem
    port = free_port()
    environment = {**os.environ, **_n8n.environment(port, database, folder, authority)}
    command = [str(node), str(_n8n.script(where))]
    _n8n.import_workflows(command, environment, folder, tenant)
    began = time.perf_counter()
    process = started(stack, [*command, "start"], env=environment, **QUIET)
    candidate = Candidate("n8n, PostgreSQL", process, f"http://127.0.0.1:{port}", _n8n.PATHS)
    # Its port is open long before its workflows are there.
    candidate.cold_s = asyncio.run(_first_answer(candidate)) - began
    return candidate


async def _first_answer(candidate: Candidate) -> float:
    """Ask until the no-op flow answers; return when."""
    url = candidate.url + candidate.paths["no-op"]
    async with aiohttp.ClientSession() as session:
        while candidate.process.poll() is None:
            with suppress(aiohttp.ClientError):
                async with session.post(url, json={}) as answer:
                    # A server that is starting may answer everything with a page.
                    if (answer.status, answer.content_type) == (200, "application/json"):
                        return time.perf_counter()
            await asyncio.sleep(0.05)
    raise RuntimeError(f"{candidate.name} ended with {candidate.process.returncode}")


def sluiceway(
    stack: ExitStack, tenant: str, authority: Path, folder: Path, *, database: str, name: str
) -> Candidate:
    """Return Sluiceway's server with its worker, on *database*."""
    port = free_port()
    environment = {
        **os.environ,
        "SLUICEWAY_DATABASE_URL": database,
        "SLUICEWAY_VAULT_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "SLUICEWAY_CLIENT_ID": CLIENT[0],
        "SLUICEWAY_CLIENT_SECRET": CLIENT[1],
        "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1",
        "SLUICEWAY_CA_FILE": str(authority),
        "SLUICEWAY_DOMAIN": f"127.0.0.1:{port}",
    }
    program = str(Path(PYTHON).parent / "sluiceway")
    if not database.startswith("sqlite"):
        subprocess.run(
            [program, "database", "upgrade"], env=environment, check=True, capture_output=True
        )
    began = time.perf_counter()
    command = [program, "serve", "--port", str(port)]
    process = started(stack, command, env=environment, cwd=folder, **QUIET)
    url = f"http://127.0.0.1:{port}"
    cold = wait_for(url, process) - began
    made = Candidate(name, process, url, {}, cold_s=cold)
    asyncio.run(_set_up(made, tenant))
    return made


async def _set_up(made: Candidate, tenant: str) -> None:
    """Sign in, make the connection and the flows."""
    async with aiohttp.ClientSession(made.url) as session:
        grant = {
            "grant_type": "client_credentials",
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "audience": f"https://{made.url.removeprefix('http://')}/api/v2/",
        }
        async with session.post("/oauth/token", json=grant) as answer:
            made.headers = {"authorization": f"Bearer {(await answer.json())['access_token']}"}
        setup = {
            "type": "OAUTH_APP",
            "domain": tenant,
            "client_id": "bench",
            "client_secret": "bench-secret-of-the-tenant",
            "audience": f"https://{tenant}/api/v2/",
        }
        connection = {"name": "bench", "app_id": "AUTH0", "setup": setup}
        path = "/api/v2/flows/vault/connections"
        async with session.post(path, json=connection, headers=made.headers) as answer:
            assert answer.status == 201, await answer.text()
            name = (await answer.json())["id"]
        for flow, actions in (("real", REAL), ("no-op", NOOP)):
            body = json.loads(
                json.dumps({"name": flow, "actions": actions}).replace('"bench"', f'"{name}"')
            )
            async with session.post("/api/v2/flows", json=body, headers=made.headers) as answer:
                assert answer.status == 201, await answer.text()
                id_ = (await answer.json())["id"]
            made.paths[flow] = f"/sluiceway/v1/flows/{id_}/executions?wait=60"
            made.bodies[flow] = {}


async def _ask(candidate: Candidate, flow: str, runs: int) -> list[float]:
    """Let the clients ask for *runs* in all; return how long each took, in ms."""
    took: list[float] = []
    left = iter(range(runs))
    body = candidate.bodies.get(flow, {})

    async def client(session: aiohttp.ClientSession) -> None:
        for _ in left:
            began = time.perf_counter()
            async with session.post(
                candidate.paths[flow], json=body, headers=candidate.headers
            ) as answer:
                shown = await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"answered {answer.status}: {shown[:100]!r}")
            took.append((time.perf_counter() - began) * 1000)

    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(
        candidate.url, connector=connector, timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return took


def measure(candidate: Candidate, flow: str) -> Result:
    """Measure one flow, warmed up."""
    asyncio.run(_ask(candidate, flow, 100))
    family = [psutil.Process(candidate.process.pid)]
    family += family[0].children(recursive=True)
    before = sum(sum(process.cpu_times()[:2]) for process in family)
    began = time.perf_counter()
    took = asyncio.run(_ask(candidate, flow, RUNS[flow]))
    seconds = time.perf_counter() - began
    cpu = sum(sum(process.cpu_times()[:2]) for process in family) - before
    ranks = statistics.quantiles(took, n=100)
    return Result(
        per_s=len(took) / seconds,
        p50_ms=ranks[49],
        p99_ms=ranks[98],
        cpu_ms=cpu * 1000 / len(took),
        rss_mb=sum(process.memory_info().rss for process in family) / 1e6,
    )


@contextmanager
def local_tenant(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the tenant; yield its domain and its authority."""
    files = ensure_certificate(folder / "tls", ["127.0.0.1"])
    with ExitStack() as stack:
        process = started(
            stack,
            [PYTHON, "-m", "bench._local_tenant", str(files.certificate), str(files.key)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        yield f"127.0.0.1:{process.stdout.readline().decode().strip()}", files.authority


def run() -> list[Row]:
    """Measure every candidate that can be installed here, one after the other."""
    rows: list[Row] = []
    results: dict[tuple[str, str], Result] = {}
    with tempfile.TemporaryDirectory() as name, local_tenant(Path(name)) as (tenant, authority):
        folder = Path(name)
        for candidate in _candidates(folder, tenant, authority):
            if isinstance(candidate, Row):
                rows.append(candidate)
                continue
            for flow in RUNS:
                try:
                    found = results[candidate.name, flow] = measure(candidate, flow)
                except RuntimeError as error:
                    rows.append(_not_measured(f"{candidate.name}: {flow}", str(error)))
                else:
                    rows.append(_row(candidate, flow, found))
    rows += _ratios(results)
    PICTURE.write_text(_picture(results), encoding="utf-8")
    return rows


def _picture(results: dict[tuple[str, str], Result]) -> str:
    panels = [
        (title, [(name, found.per_s) for (name, flow), found in results.items() if flow == one])
        for one, title in (
            ("real", "The real flow, executions a second"),
            ("no-op", "A flow that does nothing, executions a second"),
        )
    ]
    return draw_bars(panels)


def _candidates(folder: Path, tenant: str, authority: Path) -> Iterator[Candidate | Row]:
    with ExitStack() as stack:
        yield bare(stack, tenant, authority)
    with ExitStack() as stack:
        (folder / "red").mkdir()
        found = node_red(stack, tenant, authority, folder / "red")
        yield found if isinstance(found, Candidate) else _not_measured("Node-RED", found)
    with ExitStack() as stack:
        (folder / "own").mkdir()
        url = f"sqlite:///{folder}/own/sluiceway.db"
        yield sluiceway(
            stack, tenant, authority, folder / "own", database=url, name="Sluiceway, SQLite"
        )
    yield from _on_postgres(folder, tenant, authority)


def _not_measured(what: str, why: str) -> Row:
    return Row(what=what, measured="not measured", note=why)


def _on_postgres(folder: Path, tenant: str, authority: Path) -> Iterator[Candidate | Row]:
    from tests.postgres_cluster import Cluster

    cluster = Cluster.make(fsync="on")
    if cluster is None:
        for what in ("Sluiceway, PostgreSQL", "n8n"):
            yield _not_measured(what, "no server installed")
        return
    cluster.start()
    try:
        with ExitStack() as stack:
            (folder / "pg").mkdir()
            url = cluster.new_database()
            yield sluiceway(
                stack, tenant, authority, folder / "pg", database=url, name="Sluiceway, PostgreSQL"
            )
        with ExitStack() as stack:
            (folder / "n8n").mkdir()
            url = cluster.new_database()
            found = n8n(stack, tenant, authority, folder / "n8n", database=url)
            yield found if isinstance(found, Candidate) else _not_measured("n8n", found)
    finally:
        cluster.stop()


def _row(candidate: Candidate, flow: str, found: Result) -> Row:
    return Row(
        what=f"{candidate.name}: {flow}",
        measured=f"{found.per_s:.0f}/s, p50 {found.p50_ms:.0f} ms, p99 {found.p99_ms:.0f} ms, "
        f"{found.cpu_ms:.1f} ms CPU each, {found.rss_mb:.0f} MB, ready in {candidate.cold_s:.1f} s",
    )


def _ratios(results: dict[tuple[str, str], Result]) -> Iterator[Row]:
    own, on_postgres = "Sluiceway, SQLite", "Sluiceway, PostgreSQL"
    pairs = [(own, "bare aiohttp"), (own, "Node-RED"), (on_postgres, "n8n, PostgreSQL")]
    for (ours, other), flow in itertools.product(pairs, RUNS):
        if (other, flow) not in results or (ours, flow) not in results:
            continue
        ratio = results[ours, flow].per_s / results[other, flow].per_s
        is_goal = other == "Node-RED" and flow == "real"
        yield Row(
            what=f"{ours} to {other}: {flow}",
            measured=f"{ratio:.2f}",
            target="over 1" if is_goal else "",
            is_met=ratio > 1 if is_goal else None,
        )
