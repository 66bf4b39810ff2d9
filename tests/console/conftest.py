"""A real server and Debian's Chromium; whatever goes wrong in the browser fails the test."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

CHROMIUM = os.environ.get("SLUICEWAY_CHROMIUM", "/usr/bin/chromium")
# What keeps Chromium from calling home: its connections would count as requests elsewhere.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SLUICEWAY = Path(sys.executable).parent / "sluiceway"
# Playwright's own node needs a library that a bare Debian lacks; that of PyPI brings its own.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(sys.executable).with_name("node")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/console/" in str(item.path) and item.path.name != "test_package.py":
            item.add_marker(pytest.mark.browser)
            if not Path(CHROMIUM).exists():
                item.add_marker(pytest.mark.skip(reason="needs Chromium: make test installs it"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": list(FLAGS)}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each test has a server of its own. The plugin's own fixture is deprecated code."""


@dataclass
class Server:
    """A running ``sluiceway dev`` or ``serve``, and its API for what a test sets up."""

    url: str
    client_id: str
    client_secret: str
    folder: Path
    token: str = ""

    def api(self, method: str, path: str, body: Any = None) -> Any:
        if not self.token:
            grant = {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
            }
            self.token = self._send("POST", "/oauth/token", grant, {})["access_token"]
        return self._send(method, path, body, {"authorization": f"Bearer {self.token}"})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **headers}
        request = Request(self.url + path, data=data, method=method, headers=sent)
        with urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def user_id(self, email: str) -> str:
        return self.api("GET", f"/api/v2/users-by-email?email={email}")[0]["user_id"]


class Running:
    """Start a server in a folder of its own; stop it at the end of the block."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder, self._arguments = folder, arguments

    def __enter__(self) -> Server:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "SLUICEWAY_CLIENT_ID": "test-client",
            "SLUICEWAY_CLIENT_SECRET": "test-secret-of-the-first-client",
            "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1,localhost",
            "NO_COLOR": "1",
        }
        self._log = (self._folder / "server.log").open("w+")
        self._process = subprocess.Popen(
            [str(SLUICEWAY), *(self._arguments or ("dev",)), "--port", "0"],
            cwd=self._folder,
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            text = (self._folder / "server.log").read_text()
            found = re.search(r"(https?://localhost:\d+)", text)
            if found:
                return Server(
                    url=found[1],
                    client_id="test-client",
                    client_secret="test-secret-of-the-first-client",
                    folder=self._folder,
                )
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        self.__exit__()
        raise AssertionError(f"the server did not start: {text}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._log.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Running(tmp_path, "dev") as running:
        yield running


@dataclass
class Watch:
    """What a browser must not do. ``allow`` takes what a test brings about on purpose."""

    home: str
    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        self.allowed.append(pattern)

    def attach(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self._request(request.url))
        context.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        context.on("response", lambda answer: self._answer(answer.status, answer.url))
        context.on(
            "console",
            lambda said: (
                self.faults.append(f"console {said.type}: {said.text} {said.location}")
                if said.type in {"error", "warning"}
                else None
            ),
        )
        context.on("weberror", lambda error: self.faults.append(f"page error: {error.error}"))

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws"} and f"{parts.scheme}://{parts.netloc}" != (
            self.home
        ):
            self.faults.append(f"request to another host: {url}")

    def _failed(self, url: str, reason: str | None) -> None:
        # The page gave up on what it does not need any more: a preview that was replaced.
        if reason != "net::ERR_ABORTED":
            self.faults.append(f"failed request: {url} {reason}")

    def _answer(self, status: int, url: str) -> None:
        if status >= 400:
            self.faults.append(f"answered {status}: {url}")

    def remaining(self) -> list[str]:
        return [
            fault
            for fault in self.faults
            if not any(re.search(pattern, fault) for pattern in self.allowed)
        ]


@pytest.fixture
def watch(server: Server) -> Watch:
    return Watch(home=server.url)


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1360, "height": 860}}


@pytest.fixture
def fresh(context: BrowserContext, watch: Watch) -> Iterator[Page]:
    """A browser that has never been here."""
    watch.attach(context)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    # Long, for machines with much else to do: a test that passes does not wait for it.
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    yield context.new_page()
    assert watch.remaining() == []


@pytest.fixture
def console(fresh: Page) -> Page:
    """A browser that has seen the tour."""
    # A sandboxed frame has no storage: the script runs there too.
    fresh.context.add_init_script("try { localStorage.setItem('sluiceway.toured', '1') } catch {}")
    return fresh


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core, from the console's development packages."""
    path = Path(__file__).parents[2] / "console/node_modules/axe-core/axe.min.js"
    if not path.exists():
        npm = shutil.which("npm", path=str(Path(sys.executable).parent))
        if npm is None:
            pytest.skip("needs node: make console")
        folder = path.parents[2]
        # Two workers of one run must not install into the same folder at once.
        with (folder / "node_modules.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                subprocess.run(
                    [npm, "ci", "--silent"],
                    cwd=folder,
                    check=True,
                    timeout=180,
                    env={**os.environ, "PATH": f"{Path(npm).parent}:{os.environ['PATH']}"},
                )
    return path.read_text(encoding="utf-8")
