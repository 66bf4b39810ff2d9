"""``serve`` and ``dev`` as people use them: started, called, stopped; and commands beside them."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLUICEWAY = [sys.executable, "-m", "sluiceway"]


def environment(**settings: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("SLUICEWAY_")} | settings


def command(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SLUICEWAY, *arguments],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Served:
    """A server process, and what it printed."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder
        self.file = folder / ".sluiceway" / "server.json"
        self.process = subprocess.Popen(
            [*SLUICEWAY, *arguments],
            cwd=folder,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 30
        while not (self.file.exists() and self.file.read_text().endswith("}")):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.found: dict[str, Any] = json.loads(self.file.read_text())

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.found["url"] + path, timeout=10) as answer:
            return answer.read().decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path, "serve", "--port", "0")
    yield server
    server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_ends_a_server_that_leaves_nothing_behind(
    served: Served, number: signal.Signals
) -> None:
    assert stat.S_IMODE(served.file.stat().st_mode) == 0o600

    output = served.stop(number)

    assert served.process.returncode == 0
    assert output.rstrip().endswith("Stopped.")
    left = {path.name for path in served.file.parent.iterdir()}
    assert "server.json" not in left
    assert "sluiceway.db-wal" not in left, "the database was closed, its log merged"


def test_what_is_in_hand_is_finished_or_given_back_at_once(served: Served) -> None:
    flow = {
        "name": "Slow",
        "actions": [
            {
                "id": "wait",
                "type": "FLOW",
                "action": "DELAY_FLOW",
                "params": {"number": 1, "units": "HOURS"},
            }
        ],
    }
    path = served.folder / "slow.json"
    path.write_text(json.dumps(flow))
    started = subprocess.Popen(
        [*SLUICEWAY, "run", "slow.json"],
        cwd=served.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(2)
    began = time.monotonic()

    served.stop(signal.SIGINT)

    assert time.monotonic() - began < 12
    started.kill()
    started.wait()


def test_health_and_metrics_are_answered(served: Served) -> None:
    assert served.get("/healthz") == "ok\n"
    assert served.get("/readyz") == "ok\n"
    metrics = served.get("/metrics")
    assert 'sluiceway_executions{status="QUEUED"} 0' in metrics
    assert 'sluiceway_requests_total{method="GET",route="/readyz",status="200"} 1' in metrics


def test_dev_prints_where_everything_is(tmp_path: Path) -> None:
    server = Served(tmp_path, "dev", "--port", "0")

    url = server.found["url"]
    session = json.loads(server.get("/sluiceway/v1/session"))
    output = server.stop(signal.SIGINT)

    assert f"Console:         {url}/" in output
    assert f"Management API:  {url}/api/v2/" in output
    assert server.found["client_secret"] in output
    assert session["client_id"] == server.found["client_id"]


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = command(tmp_path, "serve", "--port", str(port))

    assert finished.returncode == 2
    assert finished.stderr.splitlines() == [
        f"error[ERR_USAGE]: cannot listen on 127.0.0.1 port {port}: address already in use",
        "  hint: Choose another with --port, or stop what uses it.",
    ]


def test_a_second_server_on_one_sqlite_database_is_refused(served: Served) -> None:
    finished = command(served.folder, "serve", "--port", "0")

    assert finished.returncode == 3
    assert f"held by process {served.process.pid}" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_wrong_vault_key_is_said_in_a_sentence(served: Served) -> None:
    served.stop()

    finished = command(
        served.folder,
        "serve",
        "--port",
        "0",
        SLUICEWAY_VAULT_KEY="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    )

    assert finished.returncode == 2
    assert "the vault key does not open this database" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_beyond_this_machine_people_are_told_of_https(tmp_path: Path) -> None:
    server = Served(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - the case

    output = server.stop()

    assert "reachable from other machines without https" in output


@pytest.mark.parametrize("where", ["beside a server", "alone"])
def test_clients_are_made_listed_and_revoked(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    if where == "beside a server":
        request.getfixturevalue("served")

    made = command(tmp_path, "clients", "create", "CI", "--scope", "read:flows", "--json")
    assert made.returncode == 0, made.stderr
    client = json.loads(made.stdout)
    listed = command(tmp_path, "clients", "list")
    assert listed.stdout.splitlines()[0].split() == ["CLIENT", "ID", "SCOPES", "NAME"]
    assert f"{client['client_id']}  read:flows  CI" in listed.stdout
    found = json.loads(command(tmp_path, "clients", "list", "--json").stdout)
    assert {one["name"] for one in found} == {"Sluiceway", "CI"}
    first = next(one["client_id"] for one in found if one["name"] == "Sluiceway")

    kept = command(tmp_path, "clients", "revoke", first)
    assert kept.returncode == 2
    assert "it is made anew at every start" in kept.stderr
    revoked = command(tmp_path, "clients", "revoke", client["client_id"])
    assert revoked.stdout == f"Revoked {client['client_id']} (CI).\n"
    again = command(tmp_path, "clients", "revoke", client["client_id"])
    assert again.returncode == 2


def test_a_scope_that_is_none_is_refused_with_one_that_is_near(tmp_path: Path) -> None:
    finished = command(tmp_path, "clients", "create", "CI", "--scope", "read:flws")

    assert finished.returncode == 2
    assert "Did you mean 'read:flows'?" in finished.stderr


@pytest.mark.parametrize("where", ["beside a server", "alone"])
def test_the_tenant_is_filled_imported_into_and_reset(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    if where == "beside a server":
        request.getfixturevalue("served")
    export = tmp_path / "users.ndjson.gz"
    lines = [
        {"user_id": "auth0|one", "email": "one@example.com", "name": "", "user_metadata": {"a": 1}},
        {"email": "two@example.com"},
        {"email": "nobody"},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    export.write_bytes(gzip.compress(codecs.BOM_UTF8 + text.encode()))

    samples = command(tmp_path, "tenant", "samples")
    assert samples.stdout.startswith("Added three users")
    assert "nothing was added" in command(tmp_path, "tenant", "samples").stdout
    imported = command(tmp_path, "tenant", "import", str(export))
    assert imported.returncode == 1
    assert imported.stdout == "2 created, 0 changed, 1 refused\n"
    assert imported.stderr.startswith("  nobody: ")
    again = command(tmp_path, "tenant", "import", str(export), "--upsert", "--json")
    assert {k: v for k, v in json.loads(again.stdout).items() if k != "refused"} == {
        "created": 0,
        "changed": 2,
    }
    asked = command(tmp_path, "tenant", "reset")
    assert asked.returncode != 0, "it asks first, and nobody answers"
    done = json.loads(command(tmp_path, "tenant", "reset", "--yes", "--json").stdout)
    assert done["deleted"] >= 8
