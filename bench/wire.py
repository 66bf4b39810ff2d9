"""The API over the network against bare Starlette that does the same database work.

    python -m bench wire

Both sides run as processes of their own behind the same uvicorn, on the same kind of database, and
are asked by the same 100 clients, in turns. The bare side checks no token, no scope and no schema,
has no envelope and no audit rules of its own: it reads or writes the same rows and answers JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = Path(__file__).with_name("_bare_starlette.py")
CLIENTS = 100
LEAST_RATIO = 0.7
COLD_START_S = 1.5
SECONDS = 1.5
ROUNDS = 6
FLOW = {
    "name": "Greet a user",
    "actions": [
        {
            "id": f"step_{number}",
            "alias": f"Step {number}",
            "type": "FLOW",
            "action": "STORE_VARS",
            "allow_failure": False,
            "mask_output": False,
            "params": {"vars": {"greeting": "Hello {{fields.name}}", "number": number}},
        }
        for number in range(5)
    ],
}


@contextmanager
def _process(arguments: list[str], port: int, folder: str) -> Iterator[float]:
    """Run a server; give the seconds until it first answered."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICEWAY_")}
    environment["SLUICEWAY_CLIENT_ID"] = "bench"
    environment["SLUICEWAY_CLIENT_SECRET"] = "a-secret-for-the-bench"
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        yield _until_it_answers(port, began, process)
    finally:
        process.terminate()
        process.wait(20)


def _until_it_answers(port: int, began: float, process: subprocess.Popen[bytes]) -> float:
    while process.poll() is None and time.perf_counter() - began < 30:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.005)
    raise RuntimeError("the server did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _call(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _token(port: int) -> str:
    body = {
        "grant_type": "client_credentials",
        "client_id": "bench",
        "client_secret": "a-secret-for-the-bench",
        "audience": f"https://127.0.0.1:{port}/api/v2/",
    }
    return _call(port, "POST", "/oauth/token", body)["access_token"]


class _Client(asyncio.Protocol):
    """Sends one request after another, and notes how long each took."""

    def __init__(self, request: bytes, until: float, took: list[float]) -> None:
        self.request, self.until, self.took = request, until, took
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.began = time.perf_counter()
        if self.began >= self.until:
            self.transport.close()
            self.done.set_result(None)
            return
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError(head.decode())
        self.buffer = b""
        self.took.append(time.perf_counter() - self.began)
        self._send()


async def _load(port: int, request: bytes) -> tuple[float, float]:
    """Return requests a second, and the seconds within which 99 of 100 were answered."""
    loop, took = asyncio.get_running_loop(), []
    until = time.perf_counter() + SECONDS
    clients: list[_Client] = []
    for _ in range(CLIENTS):
        _, client = await loop.create_connection(
            lambda: _Client(request, until, took), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    took.sort()
    return len(took) / SECONDS, took[int(len(took) * 0.99)]


def _request(method: str, path: str, token: str, body: Any = None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"authorization: Bearer {token}",
        f"content-length: {len(data)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


_REQUESTS = (("GET", "/api/v2/flows/{flow}", None), ("POST", "/api/v2/flows", FLOW))


def measure() -> dict[str, float]:
    """Return every figure by its name; ``…_ratio`` is ours over the bare side's, by pairs."""
    figures: dict[str, list[float]] = {}
    ours, bare = _free_port(), _free_port()
    with tempfile.TemporaryDirectory() as folder:
        serve = ["-m", "sluiceway", "serve", "--port", str(ours)]
        with _process(serve, ours, folder) as first:
            pass
        with (
            _process(serve, ours, folder) as second,
            _process([str(BARE), folder, str(bare)], bare, folder),
        ):
            token = _token(ours)
            flows = {
                ours: _call(ours, "POST", "/api/v2/flows", FLOW, token)["id"],
                bare: _call(bare, "POST", "/api/v2/flows", FLOW)["id"],
            }
            for _ in range(ROUNDS):
                for method, path, body in _REQUESTS:
                    for name, port in (("ours", ours), ("bare", bare)):
                        whole = path.format(flow=flows[port])
                        rate, p99 = asyncio.run(_load(port, _request(method, whole, token, body)))
                        figures.setdefault(f"{method}_{name}", []).append(rate)
                        figures.setdefault(f"{method}_{name}_p99_ms", []).append(p99 * 1000)
                    pair = figures[f"{method}_ours"][-1] / figures[f"{method}_bare"][-1]
                    figures.setdefault(f"{method}_ratio", []).append(pair)
    result = {name: statistics.median(values) for name, values in figures.items()}
    return {**result, "first_start_s": first, "cold_start_s": second}


def run() -> list[Row]:
    """Measure, as the page wants it."""
    found = measure()
    rows: list[Row] = []
    for method, name in (("GET", "GET of a flow"), ("POST", "POST of a flow")):
        ratio, p99 = found[f"{method}_ratio"], found[f"{method}_ours_p99_ms"]
        ours, bare = found[f"{method}_ours"], found[f"{method}_bare"]
        rows += [
            Row(
                what=f"{name}, of bare Starlette's rate",
                measured=f"{ratio:.2f}",
                target="at least 0.7",
                is_met=ratio >= LEAST_RATIO,
                note=f"{ours:,.0f} requests a second against {bare:,.0f}.",
            ),
            Row(
                what=f"{name}, p99 with {CLIENTS} clients at once",
                measured=f"{p99:.0f} ms",
                note=f"Bare Starlette: {found[f'{method}_bare_p99_ms']:.0f} ms.",
            ),
        ]
    cold = found["cold_start_s"]
    rows.append(
        Row(
            what="`sluiceway serve` to its first answer",
            measured=f"{cold:.2f} s",
            target="under 1.5 s",
            is_met=cold < COLD_START_S,
            note=f"The very first start, which makes keys: {found['first_start_s']:.2f} s.",
        )
    )
    return rows
