"""Commands use the API of whoever holds the database: a running server, or this process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluiceway import errors
from sluiceway.cli._remote import find_server, open_api
from sluiceway.settings import load_settings
from sluiceway.storage.sqlite.file_lock import holder_of

FLOW = {"name": "One", "actions": [{"id": "a", "type": "FLOW", "action": "DO_NOTHING"}]}


def _settings(folder: Path) -> Any:
    return load_settings(
        environment={"SLUICEWAY_DATABASE_URL": f"sqlite:///{folder}/s.db"}, folder=folder
    )


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    more = ["--tls"] if request.param == "https" else []
    with subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0", *more],
        cwd=tmp_path,
        env={**os.environ, "SLUICEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/s.db"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"Serving on {request.param}://")
        yield process
        process.terminate()


async def _use(settings: Any) -> bool:
    async with open_api(settings) as api:
        made = await api.call("POST", "/sluiceway/v1/executions", {"flow": FLOW})
        ended = await api.call(
            "GET", f"/sluiceway/v1/executions/{made['id']}", query={"hydrate": ["debug"]}
        )
        assert ended["debug"]["flow"]["name"] == "One"
        with pytest.raises(errors.NotFound, match="Execution not found"):
            await api.call("GET", "/sluiceway/v1/executions/afe_none")
        with pytest.raises(errors.InvalidRequest):
            await api.call("POST", "/sluiceway/v1/executions", {"flow": 1})
        if api.server is not None:
            path = f"/sluiceway/v1/executions/{made['id']}/events"
            events = [event["type"] async for event in api.events(path)]
            assert events[-1] == "execution_finished"
            with pytest.raises(errors.NotFound):
                await anext(api.events("/sluiceway/v1/executions/afe_none/events"))
        return api.server is not None


def test_a_running_server_is_called(server: subprocess.Popen[str], tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    assert asyncio.run(_use(settings))
    found = find_server(settings)
    assert found is not None
    assert found.client_secret not in repr(found)


def test_without_a_server_the_database_is_opened_here(tmp_path: Path) -> None:
    assert not asyncio.run(_use(_settings(tmp_path)))


@pytest.mark.parametrize("server", ["http"], indirect=True)
def test_a_server_that_was_killed_is_no_server(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    server.send_signal(signal.SIGKILL)
    server.wait()
    assert (tmp_path / "server.json").exists()
    assert find_server(_settings(tmp_path)) is None
    assert not asyncio.run(_use(_settings(tmp_path)))


def test_a_file_that_says_nothing_is_no_server(tmp_path: Path) -> None:
    for text in ("", "[]", json.dumps({"pid": os.getpid()})):
        (tmp_path / "server.json").write_text(text)
        assert find_server(_settings(tmp_path)) is None


def test_a_server_that_is_still_starting_is_waited_for(tmp_path: Path) -> None:
    environment = {**os.environ, "SLUICEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/s.db"}
    command = [sys.executable, "-m", "sluiceway", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        while holder_of(tmp_path / "s.db") != process.pid:
            assert process.poll() is None
            time.sleep(0.001)
        assert asyncio.run(_use(_settings(tmp_path)))
        process.terminate()


def test_another_command_that_holds_the_database_is_waited_for(tmp_path: Path) -> None:
    code = (
        "import sys, time; from sluiceway.storage import open_store;"
        f"open_store('sqlite:///{tmp_path}/s.db'); print('open', flush=True); time.sleep(0.5)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        assert not asyncio.run(_use(_settings(tmp_path)))
