"""The fixtures that come with the package."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sluiceway.errors import NotFound
from sluiceway.testing import StepMock, http

ROOT = Path(__file__).parents[2]
GET: dict[str, Any] = {
    "id": "get",
    "type": "AUTH0",
    "action": "GET_USER",
    "params": {"connection_id": "M2M", "user_id": "{{context.user.user_id}}"},
}
TELL: dict[str, Any] = {
    "id": "tell",
    "type": "AUTH0",
    "action": "SEND_SMS",
    "params": {"to": "+4930123456", "message": "Hi {{ custom_vars.n }}",
               "custom_vars": {"n": "{{actions.get.body.name}}"}},
}  # fmt: skip
CALL: dict[str, Any] = {
    "id": "call",
    "type": "HTTP",
    "action": "SEND_REQUEST",
    "params": {"url": "https://api.example.com/v1/{{fields.what}}"},
}


def test_a_flow_runs_against_the_tenant(run_flow: Any, tenant: Any, outbox: Any) -> None:
    user = tenant.create_user(user_id="auth0|ada", email="ada@example.com", name="Ada")

    run = run_flow([GET, TELL], context={"user": user})

    assert run.status == "COMPLETED"
    assert run.path == ["get", "tell"]
    assert [message["text"] for message in outbox] == ["Hi Ada"]
    assert outbox[0]["channel"] == "sms"
    assert outbox[0:1] == [outbox[0]]


@pytest.mark.parametrize("number", [1, 2])
def test_every_test_meets_a_clean_tenant(tenant: Any, outbox: Any, number: int) -> None:
    assert tenant.find_user("ada@example.com") is None
    assert len(outbox) == 0
    tenant.create_user(email="ada@example.com")
    with pytest.raises(NotFound):
        tenant.get_user("bob@example.com")


def test_exchanges_and_steps_are_mocked(run_flow: Any) -> None:
    exchange = http("https://api.example.com/*", answer={"a": 1}, headers={"X-Y": "z"})

    run = run_flow([CALL], fields={"what": "x"}, http=[exchange])
    assert run.step("call").output["body"] == {"a": 1}
    assert run.step("call").output["headers"]["x-y"] == "z"
    assert run.requests[0]["url"] == "https://api.example.com/v1/x"

    failing = StepMock(error={"code": "ERR_X", "message": "no"})
    assert run_flow([CALL], mocks={"call": failing}).error["code"] == "ERR_X"
    assert run_flow([CALL], mocks={"call": {"status": 201}}).step("call").status_code == 201


def test_an_expression_may_choose_the_connection(run_flow: Any) -> None:
    step = {**CALL, "params": {"url": "https://a.example/", "connection_id": "{{vars.c}}"}}

    run = run_flow([step], vars={"c": "CRM"}, http=[http("*")])

    assert run.status == "COMPLETED"
    assert run.requests[0]["headers"]["authorization"] == "Bearer rehearsal-token"


def test_a_step_that_runs_twice_takes_its_mocks_in_order(run_flow: Any) -> None:
    first, then = StepMock(output=1), StepMock(output=2)
    again = {**CALL, "id": "again"}

    run = run_flow([CALL, again], mocks={"call": [first, then], "again": [then, first]},
                   fields={"what": "x"})  # fmt: skip

    assert [step.output for step in run.steps] == [1, 2]


def test_the_clock_stands_and_moves(run_flow: Any, clock: Any) -> None:
    step = {
        "id": "s",
        "type": "FLOW",
        "action": "STORE_VARS",
        "params": {"vars": {"at": "{{functions.toTimestamp()}}"}},
    }
    clock.set("2026-03-01T00:00:00Z")
    first = run_flow([step]).vars["at"]
    clock.advance(90)

    assert run_flow([step]).vars["at"] - first == 90
    with pytest.raises(ValueError, match="time zone"):
        clock.set("2026-03-01T00:00:00")


def test_the_management_api_can_be_called(tenant: Any) -> None:
    status, made = tenant.call("POST", "/api/v2/roles", {"name": "editor"})

    assert (status, made["name"]) == (200, "editor")
    assert tenant.call("GET", "/api/v2/roles")[1][0]["name"] == "editor"


def test_a_code_that_was_sent_is_known(run_flow: Any, tenant: Any) -> None:
    tenant.send_code("ada", "012345")
    verify = {"id": "v", "type": "OTP", "action": "VERIFY_CODE",
              "params": {"reference": "ada", "code": "{{fields.code}}"}}  # fmt: skip

    assert run_flow([verify], fields={"code": 12345}).step("v").output["valid"] is True


def test_a_provider_can_be_missing(run_flow: Any) -> None:
    run = run_flow([TELL], mocks={}, providers={"sms": False})

    assert run.error["code"] == "ERR_PROVIDER_NOT_ENABLED"


def test_fixtures_work_inside_a_running_loop(run_flow: Any) -> None:
    async def test() -> str:
        return run_flow([CALL], mocks={"call": {"status": 404}}).status

    assert asyncio.run(test()) == "COMPLETED"


def test_pytest_starts_without_loading_the_engine() -> None:
    program = (
        "import sys, sluiceway.testing.plugin as p; "
        "print([m for m in sys.modules if m.startswith('sluiceway.') and 'testing' not in m])"
    )

    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                         check=True).stdout  # fmt: skip

    assert out.strip() == "[]"


def test_the_example_repository_passes(tmp_path: Path) -> None:
    folder = ROOT / "examples" / "ci"
    program = [sys.executable, "-m", "sluiceway"]

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    report = tmp_path / "flows.xml"
    assert "No problems in 2 flows" in run(*program, "check", "flows", "--strict")
    tested = run(*program, "test", "--ci", "--min-coverage", "100", "--junit", str(report))
    assert "7 passed" in tested
    assert report.read_text(encoding="utf-8").count("<testcase") == 7
    assert "2 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    schema = run(*program, "test", "--schema")
    assert (folder / "flow-tests.schema.json").read_text(encoding="utf-8") == schema


def test_the_example_s_workflow_calls_commands_that_exist() -> None:
    import yaml  # noqa: PLC0415

    from sluiceway.cli.main import PROGRAM  # noqa: PLC0415

    text = (ROOT / "examples/ci/.github/workflows/flows.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["flows"]["steps"]
    lines = "\n".join(step.get("run", "") for step in steps).splitlines()
    called = [line.split() for line in lines if line.startswith("sluiceway ")]

    assert {words[1] for words in called} == {"check", "test", "diff"}
    for words in called:
        command = PROGRAM.get_command(None, words[1])  # type: ignore[arg-type]
        known = {option for param in command.params for option in param.opts}  # type: ignore[union-attr]
        assert {word for word in words if word.startswith("--")} <= known
