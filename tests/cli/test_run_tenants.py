"""`sluiceway run` against tenants over https: one that is well, and all the ways one can be ill."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from sluiceway.bootstrap import open_application
from sluiceway.cli._tls import ensure_certificate
from sluiceway.settings import load_settings
from tests.conftest import CLIENT_ID, CLIENT_SECRET, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOW = Path(__file__).parents[2] / "examples" / "flows" / "welcome.json"
TOKEN: dict[str, Any] = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600}
HTML = "<!doctype html><title>Bad gateway</title>"


@dataclass
class Place:
    """A folder with a database, and how the command is run there."""

    folder: Path
    authority: Path
    environment: dict[str, str] = field(default_factory=dict)

    def connect(self, domain: str, *, secret: str = CLIENT_SECRET) -> None:
        """Put the connection ``other`` to *domain* into the vault."""
        setup: dict[str, Any] = {
            "type": "OAUTH_APP",
            "domain": domain,
            "client_id": CLIENT_ID,
            "client_secret": secret,
            "audience": "",
        }

        async def create() -> None:
            settings = load_settings(environment=self.environment, folder=self.folder, flags={})
            async with open_application(settings, make_api=no_api) as application:
                await application.connections.create(name="other", app_id="AUTH0", setup=setup)

        asyncio.run(create())

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sluiceway", "run", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def get_user(self, user_id: str = "auth0|1") -> subprocess.CompletedProcess[str]:
        """Run a flow of one step against ``other``."""
        flow = {
            "name": "Get",
            "actions": [
                {
                    "id": "get_user",
                    "type": "AUTH0",
                    "action": "GET_USER",
                    "params": {"connection_id": "other", "user_id": "{{ fields.id }}"},
                }
            ],
        }
        (self.folder / "get.json").write_text(json.dumps(flow))
        return self.run("get.json", "--set", f"fields.id={user_id}", "--json")


async def _refuse(*_: Any) -> None:
    raise AssertionError("the embedded tenant is not called here")


def no_api(_: object) -> Any:
    return _refuse


@pytest.fixture
def place(tmp_path: Path) -> Place:
    files = ensure_certificate(tmp_path / "tls", ["127.0.0.1"])
    environment = {
        "PATH": "/usr/bin:/bin",
        "SLUICEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/sluiceway.db",
        "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1",
        "SLUICEWAY_CA_FILE": str(files.authority),
    }
    return Place(tmp_path, files.authority, environment)


@contextmanager
def tenant_that(place: Place, *answers: tuple[int, dict[str, str], str] | str) -> Iterator[str]:
    """Serve https: a token first, then *answers* in turn, the last for good; yield the domain."""

    class Handler(BaseHTTPRequestHandler):
        seen: ClassVar[list[str]] = []

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.path == "/oauth/token":
                self.send(200, {"content-type": "application/json"}, json.dumps(TOKEN))
                return
            self.seen.append(self.path)
            found = answers[min(len(self.seen), len(answers)) - 1]
            if found == "hang up":
                self.connection.shutdown(socket.SHUT_RDWR)
            elif found == "hang":
                threading.Event().wait(20)
            elif not isinstance(found, str):
                self.send(*found)

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server looks for

        def send(self, status: int, headers: dict[str, str], body: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with served(place, Handler) as domain:
        yield domain


@contextmanager
def served(place: Place, handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(place.folder / "tls" / "server.pem", place.folder / "tls" / "server.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def record_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in done.stderr
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def test_the_seven_actions_run_on_another_tenant_over_https(place: Place) -> None:
    tls = place.folder / "tls"
    options = {"ssl_certfile": str(tls / "server.pem"), "ssl_keyfile": str(tls / "server.key")}
    with running_server(place.folder, uvicorn=options) as other:
        assert other.url.startswith("https://")
        place.connect(other.domain)
        fields = FLOW.with_suffix(".fields.json")
        done = place.run(
            str(FLOW), "--fields", str(fields), "--connection", "local=other", "--json"
        )

    record = record_of(done)
    assert (done.returncode, done.stderr) == (0, "")
    steps = {step["id"]: step for step in record["debug"]["steps"]}
    assert {step["status"] for step in steps.values()} == {"COMPLETED"}
    codes = [s["status_code"] for s in steps.values() if s["type"] == "AUTH0" and s["status_code"]]
    assert codes == [201, 200, 200, 200]
    assert CLIENT_SECRET not in done.stdout


def test_a_wrong_secret_is_told_from_other_troubles(place: Place) -> None:
    tls = place.folder / "tls"
    options = {"ssl_certfile": str(tls / "server.pem"), "ssl_keyfile": str(tls / "server.key")}
    with running_server(place.folder, uvicorn=options) as other:
        place.connect(other.domain, secret="not-the-secret")
        done = place.get_user()

    record = record_of(done)
    assert (done.returncode, record["status"]) == (1, "FAILED")
    assert "client secret" in done.stderr
    assert "get.json#/actions/0" in done.stderr
    assert "hint:" in done.stderr
    assert "not-the-secret" not in done.stdout + done.stderr


def test_a_tenant_that_is_down(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place.connect(f"127.0.0.1:{port}")

    done = place.get_user()

    assert (done.returncode, record_of(done)["status"]) == (1, "FAILED")
    assert f"127.0.0.1:{port}" in done.stderr
    assert "hint:" in done.stderr


def test_a_tenant_that_answers_html(place: Place) -> None:
    html = (200, {"content-type": "text/html"}, HTML)
    with tenant_that(place, html) as domain:
        place.connect(domain)
        done = place.get_user()

    record = record_of(done)
    output = record["debug"]["steps"][0]["output"]
    assert (done.returncode, output["body"], output["success"]) == (0, HTML, True)


def test_a_tenant_that_fails_once_is_asked_again(place: Place) -> None:
    broken = (500, {"content-type": "text/html"}, HTML)
    well = (200, {"content-type": "application/json"}, '{"user_id":"auth0|1"}')
    with tenant_that(place, broken, "hang up", well) as domain:
        place.connect(domain)
        done = place.get_user()

    step = record_of(done)["debug"]["steps"][0]
    assert (done.returncode, step["status_code"]) == (0, 200)


def test_a_tenant_that_goes_on_failing_gives_its_answer(place: Place) -> None:
    with tenant_that(place, (500, {"content-type": "text/html"}, HTML)) as domain:
        place.connect(domain)
        done = place.get_user()

    output = record_of(done)["debug"]["steps"][0]["output"]
    assert (done.returncode, output["status"], output["success"]) == (0, 500, False)


def test_a_tenant_that_does_not_answer_in_time(place: Place) -> None:
    place.environment["SLUICEWAY_STEP_TIMEOUT"] = "2s"
    with tenant_that(place, "hang") as domain:
        place.connect(domain)
        done = place.get_user()

    assert (done.returncode, record_of(done)["status"]) == (1, "FAILED")
    assert "2 s" in done.stderr


@pytest.mark.parametrize(
    ("user_id", "path"),
    [
        ("auth0|1", "/api/v2/users/auth0%7C1"),
        ("auth0|a/b", "/api/v2/users/auth0%7Ca%2Fb"),
        ("a b?c#d", "/api/v2/users/a%20b%3Fc%23d"),
        ("žluť|😀", "/api/v2/users/%C5%BElu%C5%A5%7C%F0%9F%98%80"),
    ],
)
def test_ids_are_encoded_into_the_path(place: Place, user_id: str, path: str) -> None:
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.reply("{}")

        def do_POST(self) -> None:
            self.reply(json.dumps(TOKEN))

        def reply(self, text: str) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with served(place, Handler) as domain:
        place.connect(domain)
        done = place.get_user(user_id)

    assert (done.returncode, paths) == (0, [path])
