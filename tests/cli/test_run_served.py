"""`sluiceway run` while a server holds the database: nobody has to know."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOW: dict[str, Any] = {
    "name": "Look up",
    "actions": [
        {
            "id": "get_user",
            "type": "AUTH0",
            "action": "GET_USER",
            "params": {"connection_id": "ac_mine", "user_id": "{{ fields.id }}"},
        },
        {
            "id": "end",
            "type": "FLOW",
            "action": "RETURN_JSON",
            "params": {"payload": {"status": "{{ actions.get_user.status }}"}},
        },
    ],
}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    server = subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0"], cwd=tmp_path
    )
    announced = tmp_path / ".sluiceway" / "server.json"
    until = time.monotonic() + 30
    while not announced.exists() and time.monotonic() < until:
        time.sleep(0.05)
    yield tmp_path
    server.terminate()
    server.wait(30)


def test_flows_run_on_the_server(served: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = served / "flow.json"
    file.write_text(json.dumps(FLOW))

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["run", *arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    # A file, with the connection that the command chooses.
    status, out, error = run("flow.json", "--connection", "local", "--set", "fields.id=x", "--json")
    record = json.loads(out)
    assert (status, error, record["status"]) == (0, "", "COMPLETED")
    assert record["debug"]["output"] == {"status": 404}

    # The trace comes from the server's events.
    status, out, _ = run("flow.json", "--connection", "ac_mine=local", "--set", "fields.id=x")
    assert status == 0
    assert "COMPLETED  get_user  AUTH0/GET_USER  404" in out
    assert "COMPLETED  2 steps" in out

    # What cannot run is refused before it starts.
    status, out, error = run("flow.json")
    assert (status, out) == (2, "")
    assert "flow.json#/actions/0/params/connection_id" in error

    # A failed step has its place, too.
    status, _, error = run("flow.json", "--connection", "local")
    assert status == 1
    assert "the step 'get_user' failed" in error

    # A flow of the server's database, by name; its executions are listed under it.
    assert main(["import", "flow.json", "--connection", "ac_mine=local"]) == 0
    capsys.readouterr()
    status, out, _ = run("Look up", "--set", "fields.id=x", "--json")
    assert status == 0
    assert json.loads(out)["flow"]["name"] == "Look up"
    status, _, error = run("Lok up")
    assert status == 2
    assert "Did you mean 'Look up'?" in error
