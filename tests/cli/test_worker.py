"""``sluiceway worker``: real processes that share one PostgreSQL, and hand work over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sluiceway.cli.main import main

pytestmark = pytest.mark.postgres
SLOW = {
    "name": "Slow",
    "actions": [
        {
            "id": "wait",
            "type": "FLOW",
            "action": "DELAY_FLOW",
            "params": {"number": 1, "units": "SECONDS"},
        },
        {"id": "end", "type": "FLOW", "action": "RETURN_JSON", "params": {"payload": {"n": 1}}},
    ],
}


@pytest.fixture
def environment(new_database: Callable[[], str], tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "SLUICEWAY_DATABASE_URL": new_database(),
        "SLUICEWAY_VAULT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "SLUICEWAY_CLIENT_ID": "first",
        "SLUICEWAY_CLIENT_SECRET": "a-secret-for-tests-that-is-long-enough",
    }


@pytest.fixture
def start(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    with ExitStack() as stack:

        def begin(*arguments: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "sluiceway", *arguments],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield begin


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_workers_carry_out_what_a_server_without_one_takes_in(
    start: Callable[..., subprocess.Popen[str]], environment: dict[str, str], tmp_path: Path
) -> None:
    server = start("serve", "--port", "0", "--no-worker")
    url = _first_line(server).split()[-1]
    workers = [start("worker", "--concurrency", "4") for _ in range(2)]
    for worker in workers:
        line = _first_line(worker)
        assert line.startswith("Working on postgresql://")
        assert line.endswith(", 4 executions at a time.\n")
    token = _token(url, environment)
    ids = [_post(f"{url}/sluiceway/v1/executions", {"flow": SLOW}, token)["id"] for _ in range(12)]
    workers[0].send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    statuses = {""}
    while statuses != {"COMPLETED"} and time.monotonic() < deadline:
        listed = _get(f"{url}/sluiceway/v1/executions?take=50", token)["executions"]
        statuses = {one["status"] for one in listed if one["id"] in ids}
        time.sleep(0.1)
    assert statuses == {"COMPLETED"}
    workers[1].send_signal(signal.SIGTERM)
    assert workers[1].wait(10) == 0
    assert workers[1].stdout is not None
    assert workers[1].stdout.read().endswith("Stopped.\n")


def test_a_second_worker_of_a_file_is_told_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0", "--database", url],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        _first_line(server)
        assert main(["worker", "--database", url]) == 2
        assert "found SQLite, which the server at http://localhost:" in capsys.readouterr().err
        server.terminate()


def _token(url: str, environment: dict[str, str]) -> str:
    grant = {
        "grant_type": "client_credentials",
        "client_id": environment["SLUICEWAY_CLIENT_ID"],
        "client_secret": environment["SLUICEWAY_CLIENT_SECRET"],
        "audience": f"https://{url.partition('://')[2]}/api/v2/",
    }
    return str(_post(f"{url}/oauth/token", grant, "")["access_token"])


def _post(url: str, body: Any, token: str) -> Any:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def _get(url: str, token: str) -> Any:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)
