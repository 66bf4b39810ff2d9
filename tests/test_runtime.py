"""Flows inside another program."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sluiceway
from sluiceway import AsyncRuntime, Runtime
from sluiceway.errors import ConnectionUnusable, DefinitionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

WELCOME = Path(__file__).parents[1] / "examples" / "flows" / "welcome.json"
FIELDS: dict[str, Any] = {
    **json.loads(WELCOME.with_suffix(".fields.json").read_text()),
    "email": "ada@example.com",
}


def _echo(text: str = "{{ fields.x }}") -> list[Any]:
    return [
        {"id": "end", "type": "FLOW", "action": "RETURN_JSON", "params": {"payload": {"x": text}}}
    ]


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime() as opened:
        yield opened


def test_a_file_runs_on_the_embedded_tenant(runtime: Runtime) -> None:
    run = runtime.run(WELCOME, fields=FIELDS, connections="local")

    assert run.succeeded
    assert run.error is None
    assert run.step("create_user").status_code == 201
    assert run.record["id"] == run.id
    with pytest.raises(KeyError):
        run.step("nowhere")


def test_what_was_sent_can_be_read(runtime: Runtime) -> None:
    runtime.run(WELCOME, fields=FIELDS, connections="local")

    messages = runtime.messages()

    by_channel: dict[Any, Any] = {message["channel"]: message["content"] for message in messages}
    assert set(by_channel) == {"email", "sms", "call"}
    assert by_channel["email"]["to"] == "ada@example.com"
    assert "Ada" in by_channel["email"]["html"]


def test_a_flow_may_be_given_as_data(runtime: Runtime) -> None:
    assert runtime.run(_echo(), fields={"x": 1}).output == {"x": 1}
    assert runtime.run({"name": "Echo", "actions": _echo()}, fields={"x": 2}).output == {"x": 2}
    assert runtime.run(_echo("{{ vars.y }}"), vars={"y": 3}).output == {"x": 3}
    assert runtime.run(_echo("{{ context.z }}"), context={"z": 4}).output == {"x": 4}


def test_a_failed_run_is_a_result_not_an_exception(runtime: Runtime) -> None:
    get: dict[str, Any] = {
        "id": "get",
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "local", "user_id": "{{ fields.none }}"},
    }

    run = runtime.run([get])

    assert not run.succeeded
    assert run.error is not None
    assert run.error["code"] == "ERR_INVALID_ACTION_PARAMS"


def test_wrong_flows_are_exceptions_with_a_place(runtime: Runtime) -> None:
    with pytest.raises(DefinitionError) as unknown:
        runtime.run([{"id": "a", "type": "AUTH0", "action": "GET_USR", "params": {}}])
    with pytest.raises(ConnectionUnusable) as missing:
        runtime.run(
            [
                {
                    "id": "a",
                    "type": "AUTH0",
                    "action": "GET_USER",
                    "params": {"connection_id": "ac_1", "user_id": "u"},
                }
            ]
        )

    assert unknown.value.at == "#/0/action"
    assert missing.value.hint == "Run it on the embedded tenant: connections={'ac_1': 'local'}"


def test_threads_may_share_a_runtime(runtime: Runtime) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda n: runtime.run(_echo(), fields={"x": n}), range(40)))

    assert [run.output for run in runs] == [{"x": n} for n in range(40)]


def test_the_same_on_an_event_loop() -> None:
    async def scenario() -> list[Any]:
        async with AsyncRuntime() as runtime:
            runs = await asyncio.gather(*(runtime.run(_echo(), fields={"x": n}) for n in range(20)))
        return [run.output for run in runs]

    assert asyncio.run(scenario()) == [{"x": n} for n in range(20)]


def test_a_database_keeps_what_ran(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    with Runtime(url) as first:
        first.run(WELCOME, fields=FIELDS, connections="local")
    with Runtime(url) as second:
        again = second.run(WELCOME, fields=FIELDS, connections="local")

    assert again.step("create_user").status_code == 409


def test_a_runtime_that_is_not_open_says_so() -> None:
    async def scenario() -> None:
        with pytest.raises(UsageError, match="expected the runtime to be open"):
            await AsyncRuntime().run(_echo())

    asyncio.run(scenario())


def test_the_package_imports_nothing_until_it_is_asked() -> None:
    code = "import sys, sluiceway; assert 'asyncio' not in sys.modules; sluiceway.Runtime"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Runtim'"):
        _ = sluiceway.__getattr__("Runtim")
