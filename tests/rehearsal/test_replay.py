"""Recorded executions against the same flow, and against edited ones."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluiceway.errors import DefinitionError
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.flow import Flow
from sluiceway.rehearsal.mocks import HttpMock, Mocks, StepMock
from sluiceway.rehearsal.recordings import parse_recording
from sluiceway.rehearsal.replay import Replay, replay_execution
from sluiceway.rehearsal.stage import Rehearsed, Stage
from sluiceway.rehearsal.users import add_user
from sluiceway.testing.session import new_stage

FLOW: list[dict[str, Any]] = [
    {
        "id": "get",
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "ac_1", "user_id": "{{context.user.user_id}}"},
    },
    {
        "id": "store",
        "type": "FLOW",
        "action": "STORE_VARS",
        "params": {
            "vars": {
                "id": "{{functions.uuid()}}",
                "at": "{{functions.toTimestamp()}}",
                "password": "{{fields.password}}",
            }
        },
    },
    {
        "id": "call",
        "type": "HTTP",
        "action": "SEND_REQUEST",
        "params": {
            "method": "POST",
            "url": "https://api.example.com/v1/{{vars.id}}",
            "payload": {"at": "{{vars.at}}", "plan": "{{actions.get.body.user_metadata.plan}}"},
        },
    },
    {
        "id": "is_new",
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {
            "if": {
                "operator": "AND",
                "operands": [
                    {"operator": "EQ", "operands": ["{{actions.call.status}}", "201"]},
                    {"operator": "NEQ", "operands": ["{{vars.id}}", "x"]},
                ],
            },
            "then": [
                {
                    "id": "update",
                    "type": "AUTH0",
                    "action": "UPDATE_USER",
                    "params": {
                        "connection_id": "ac_1",
                        "user_id": "{{context.user.user_id}}",
                        "changes": {"app_metadata": {"crm": "{{actions.call.body.id}}"}},
                    },
                }
            ],
            "else": [
                {
                    "id": "tell",
                    "type": "FLOW",
                    "action": "ERROR_MESSAGE",
                    "params": {"message": "Not now."},
                }
            ],
        },
    },
]
USER = {"user_id": "auth0|ada", "email": "ada@example.com", "user_metadata": {"plan": "free"}}


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[..., Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def stage(run: Callable[..., Any]) -> Iterator[Stage]:
    opened = new_stage()
    yield run(opened.__aenter__())
    run(opened.__aexit__(None, None, None))


@pytest.fixture
def record(stage: Stage, run: Callable[..., Any]) -> dict[str, Any]:
    async def make() -> Rehearsed:
        await stage.reset(seed=3)
        await add_user(stage, dict(USER))
        crm = HttpMock(url="https://api.example.com/*", status=201, answer={"id": "c-1"})
        return await stage.run(
            Flow.from_json(FLOW),
            ExecutionInput(context={"user": dict(USER)}, fields={"password": "Sup3rSecret!"}),
            mocks=Mocks(http=[crm]),
        )

    made = run(make())
    assert made.path == ["get", "store", "call", "is_new", "update"]
    assert "Sup3rSecret" not in json.dumps(made.record)
    return json.loads(json.dumps(made.record))


@pytest.fixture
def replay(stage: Stage, run: Callable[..., Any], record: dict[str, Any]) -> Callable[..., Replay]:
    def replay_now(
        flow: list[dict[str, Any]], *, mocks: Mocks | None = None, of: Any = None
    ) -> Replay:
        recording = parse_recording(of or record)
        return run(replay_execution(stage, recording, Flow.from_json(flow), mocks=mocks))

    return replay_now


def edited() -> list[dict[str, Any]]:
    return copy.deepcopy(FLOW)


def by_id(replay: Replay) -> dict[str, Any]:
    return {step.id: step for step in replay.steps}


def test_the_same_flow_gives_the_same(replay: Callable[..., Replay]) -> None:
    found = replay(FLOW)

    assert not found.differs
    assert {step.source for step in found.steps} == {"record"}
    assert found.run.requests == ()


def test_another_name_of_the_connection_is_no_difference(replay: Callable[..., Replay]) -> None:
    renamed = json.loads(json.dumps(FLOW).replace("ac_1", "M2M"))
    assert not replay(renamed).differs

    renamed[0]["params"]["connection_id"] = "Other"
    assert by_id(replay(renamed))["update"].params[0].at == "/connection_id"


def test_a_changed_param_runs_the_step_anew(replay: Callable[..., Replay]) -> None:
    flow = edited()
    flow[3]["params"]["then"][0]["params"]["changes"]["app_metadata"]["crm"] = "{{vars.at}}"

    found = replay(flow)

    step = by_id(found)["update"]
    assert (step.source, step.error) == ("tenant", None)
    assert [one.at for one in step.params] == ["/changes/app_metadata/crm"]
    assert [one.at for one in step.output] == ["/body/app_metadata/crm"]
    assert not found.path_differs


def test_an_unmocked_call_is_never_made(replay: Callable[..., Replay]) -> None:
    flow = edited()
    flow[2]["params"]["payload"]["more"] = 1

    found = replay(flow)

    step = by_id(found)["call"]
    assert step.error["code"] == "ERR_TARGET_FORBIDDEN"
    assert found.run.status == "FAILED"
    assert found.status_differs
    assert [step.id for step in found.steps if step.source == "gone"] == ["is_new", "update"]


@pytest.mark.parametrize(
    "mocks",
    [
        lambda: Mocks({"call": [StepMock(output={"status": 500})]}),
        lambda: Mocks(http=[HttpMock(url="https://api.example.com/*", status=500)]),
    ],
    ids=["the step", "the exchange"],
)
def test_mocks_stand_for_what_runs_anew(
    replay: Callable[..., Replay], mocks: Callable[[], Mocks]
) -> None:
    flow = edited()
    flow[2]["params"]["payload"]["more"] = 1

    found = replay(flow, mocks=mocks())

    assert found.run.path == ["get", "store", "call", "is_new", "tell"]
    assert by_id(found)["is_new"].params[0].as_json() == {
        "at": "/if/operands/0/operands/0",
        "before": 201,
        "after": 500,
    }
    assert [one.at for one in found.output] == [""]


def test_a_condition_that_asks_otherwise_is_asked_anew(replay: Callable[..., Replay]) -> None:
    flow = edited()
    flow[3]["params"]["if"]["operands"][0]["operands"][1] = "200"

    found = replay(flow)

    assert found.run.path[-1] == "tell"
    assert by_id(found)["is_new"].source == "flow"


def test_steps_that_came_and_went_are_told(replay: Callable[..., Replay]) -> None:
    flow = [{"id": "noop", "type": "FLOW", "action": "DO_NOTHING"}, *edited()]
    flow[4]["params"]["then"] = []

    found = by_id(replay(flow))

    assert found["noop"].is_new
    assert found["update"].source == "gone"


def test_another_action_under_the_same_id_is_a_difference(replay: Callable[..., Replay]) -> None:
    flow = edited()
    flow[0] |= {"type": "FLOW", "action": "STORE_VARS", "params": {"vars": {}}}

    assert by_id(replay(flow))["get"].params[0].as_json() == {
        "at": "/action",
        "before": "AUTH0/GET_USER",
        "after": "FLOW/STORE_VARS",
    }


def test_wrong_params_in_the_edited_flow_are_told(replay: Callable[..., Replay]) -> None:
    flow = edited()
    flow[0]["params"]["user_id"] = "{{context.user.gone}}"

    step = by_id(replay(flow))["get"]

    assert step.error["code"] == "ERR_INVALID_ACTION_PARAMS"


def test_a_user_made_anew_keeps_its_id(stage: Stage, run: Callable[..., Any]) -> None:
    flow = [
        {
            "id": "create",
            "type": "AUTH0",
            "action": "CREATE_USER",
            "params": {
                "connection_id": "c",
                "payload": {
                    "connection": "Username-Password-Authentication",
                    "email": "{{fields.email}}",
                    "password": "{{fields.password}}",
                },
            },
        },
        {
            "id": "get",
            "type": "AUTH0",
            "action": "GET_USER",
            "params": {"connection_id": "c", "user_id": "{{actions.create.body.user_id}}"},
        },
    ]

    async def both() -> Replay:
        await stage.reset()
        fields: Any = {"email": "ada@example.com", "password": "Sup3rSecret!"}
        made = await stage.run(Flow.from_json(flow), ExecutionInput(fields=fields))
        changed = copy.deepcopy(flow)
        changed[0]["params"]["payload"]["given_name"] = "Ada"
        changed[1]["params"]["user_id"] += " "
        recording = parse_recording(json.loads(json.dumps(made.record)))
        return await replay_execution(stage, recording, Flow.from_json(changed))

    found = by_id(run(both()))

    assert [one.at for one in found["create"].output] == ["/body/given_name"]
    assert found["create"].error is None


def auth0_like(record: dict[str, Any], layout: str) -> dict[str, Any]:
    """The same execution as other layouts of ``debug`` would have it."""
    debug = record["debug"]
    rows = [
        {key: step[key] for key in ("id", "input", "output", "error") if step[key] is not None}
        for step in debug["steps"]
    ]
    first = {"id": "execution", "input": debug["input"]}
    other: Any = {
        "a list with the execution first": [first, *rows],
        "actions by id": {"input": debug["input"], "actions": {row["id"]: row for row in rows}},
        "rows under entries": {"entries": [first, *rows]},
        "bare ids": {"input": debug["input"], **{row["id"]: row for row in rows}},
    }[layout]
    kept = {k: record[k] for k in ("id", "trace_id", "created_at", "updated_at", "started_at")}
    return {**kept, "status": "COMPLETED", "debug": other}


@pytest.mark.parametrize(
    "layout",
    ["a list with the execution first", "actions by id", "rows under entries", "bare ids"],
)
def test_auth0_s_debug_is_read_as_far_as_it_goes(
    replay: Callable[..., Replay], record: dict[str, Any], layout: str
) -> None:
    found = replay(FLOW, of=auth0_like(record, layout))

    assert [step.id for step in found.recording.steps] == found.run.path
    assert not found.path_differs
    assert all(step.source == "record" for step in found.steps)


@pytest.mark.parametrize(
    ("document", "said"),
    [({"id": "afe_1"}, "record of an execution"), ({"status": "COMPLETED"}, "without")],
)
def test_what_is_no_record_is_refused(document: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        parse_recording(document)


VALUES = st.sampled_from(
    [
        "{{fields.a}}",
        "{{fields.secret}}",
        "{{functions.uuid()}}",
        "{{functions.random(1, 1000)}}",
        "at {{functions.now()}}",
        "{{vars.x ?? 'none'}}",
        "{{functions.mask(fields.b)}}",
        "{{actions.s0.status ?? 0}}",
        7,
        None,
        [1, {"a": "{{fields.b}}"}],
    ]
)


@st.composite
def random_flows(draw: st.DrawFn) -> list[dict[str, Any]]:
    number = 0

    def steps(depth: int) -> list[dict[str, Any]]:
        nonlocal number
        made: list[dict[str, Any]] = []
        for _ in range(draw(st.integers(0, 3))):
            id_, number = f"s{number}", number + 1
            kind = draw(st.sampled_from(["store", "call", "user", "wait", "if", "mail"]))
            value = draw(VALUES)
            if kind == "store":
                made.append(step(id_, "FLOW/STORE_VARS", vars={"x": value, "y": 1}))
            elif kind == "call":
                url = "https://api.example.com/{{fields.b}}"
                made.append(
                    step(id_, "HTTP/SEND_REQUEST", method="POST", url=url, payload={"v": value})
                    | {"allow_failure": draw(st.booleans())}
                )
            elif kind == "user":
                made.append(
                    step(id_, "AUTH0/UPDATE_USER", connection_id="c", user_id="auth0|ada",
                         changes={"user_metadata": {"v": value}})
                )  # fmt: skip
            elif kind == "wait":
                made.append(step(id_, "FLOW/DELAY_FLOW", number=1, units="HOURS"))
            elif kind == "mail":
                made.append(
                    step(id_, "AUTH0/SEND_EMAIL", to="a@b.example", subject="Hi",
                         body="{{ custom_vars.v }}", custom_vars={"v": value})
                )  # fmt: skip
            elif depth < 2:
                condition = {"operator": "EQ", "operands": [value, "{{fields.a}}"]}
                made.append(
                    step(id_, "FLOW/BOOLEAN_CONDITION", **{
                        "if": condition, "then": steps(depth + 1), "else": steps(depth + 1)})
                )  # fmt: skip
        return made

    return steps(0)


def step(id_: str, name: str, **params: Any) -> dict[str, Any]:
    type_, _, action = name.partition("/")
    return {"id": id_, "type": type_, "action": action, "params": params}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    random_flows(),
    st.fixed_dictionaries({"a": st.sampled_from([1, 7, "x"]), "b": st.just("longer text")}),
    st.tuples(st.integers(0, 5), st.sampled_from([200, 201, 404, 500])),
)
def test_a_replay_against_its_own_flow_shows_no_difference(
    stage: Stage,
    run: Callable[..., Any],
    flow: list[dict[str, Any]],
    fields: dict[str, Any],
    chance: tuple[int, int],
) -> None:
    seed, status = chance

    async def both() -> Replay:
        await stage.reset(seed=seed)
        await add_user(stage, dict(USER))
        given: Any = {**fields, "secret": "5ecret-value"}
        made = await stage.run(
            Flow.from_json(flow),
            ExecutionInput(context={"user": dict(USER)}, fields=given, vars={"token": "5ecret"}),
            mocks=Mocks(http=[HttpMock(url="*", status=status, answer={"token": "abcdefgh"})]),
        )
        recording = parse_recording(json.loads(json.dumps(made.record)))
        return await replay_execution(stage, recording, Flow.from_json(flow))

    found = run(both())

    assert not found.differs, json.dumps(found.as_json(), indent=1)
