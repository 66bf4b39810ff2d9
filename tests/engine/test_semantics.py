"""What a flow means: order, branches, values, failures, endings; on every adapter."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sluiceway.engine.sealing import message_identity, open_json
from sluiceway.models.execution import ExecutionInput
from sluiceway.storage.durable import OutboxFilter


def test_steps_run_in_order_and_later_ones_read_earlier_outputs(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("one", "REPEAT", value="{{ fields.name }}"),
                step("two", "REPEAT", value="{{ actions.one.got }} again"),
                name="Ada",
            )
            assert record["status"] == "COMPLETED"
            assert it.actions.calls == ["one", "two"]
            assert [s["output"]["got"] for s in record["steps"]] == ["Ada", "Ada again"]
            assert record["flow"] == {"id": "af_1", "name": "Test", "version": 3}
            assert record["input"]["fields"] == {"name": "Ada"}
            assert record["error"] is None

    asyncio.run(scenario())


def test_the_record_has_auth0s_keys_and_no_others(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            id_ = (await it.run(step("one", "PURE")))["id"]
            record = await it.executions.get(id_)
            assert list(record) == [
                "id",
                "trace_id",
                "status",
                "created_at",
                "updated_at",
                "started_at",
                "ended_at",
            ]
            debugged = await it.executions.get(id_, debug=True)
            assert list(debugged["debug"]) == ["flow", "input", "steps", "output", "error"]
            assert list(debugged["debug"]["steps"][0]) == [
                "id",
                "alias",
                "type",
                "action",
                "status",
                "attempts",
                "input",
                "output",
                "error",
                "status_code",
                "started_at",
                "ended_at",
            ]

    asyncio.run(scenario())


@pytest.mark.parametrize(("status", "expected"), [("200", "yes"), ("404", "no")])
def test_a_condition_takes_one_branch_and_the_flow_goes_on_after_it(
    lab: Any, url: str, step: Any, status: str, expected: str
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("call", "REPEAT", value=int(status)),
                step(
                    "if",
                    "BOOLEAN_CONDITION",
                    **{
                        "if": {
                            "operator": "AND",
                            "operands": [
                                {"operator": "EQ", "operands": ["{{actions.call.got}}", "200"]}
                            ],
                        },
                        "then": [step("yes", "REPEAT")],
                        "else": [step("no", "REPEAT")],
                    },
                ),
                step("after", "REPEAT"),
            )
            assert it.actions.calls == ["call", expected, "after"]
            assert [s["id"] for s in record["steps"]] == ["call", "if", expected, "after"]

    asyncio.run(scenario())


def test_an_undefined_whole_value_is_null_and_then_breaks_the_schema(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(step("one", "REPEAT", secret="{{ fields.nothing }}"))
            assert record["status"] == "FAILED"
            assert it.actions.calls == []
            assert record["steps"][0]["error"] == {
                "code": "ERR_INVALID_ACTION_PARAMS",
                "message": "Calculated parameters do not satisfy the expected schema",
                "details": {
                    "invalidParams": [
                        {
                            "code": "ERR_WRONG_DATA_TYPE",
                            "message": "must be string",
                            "details": {"type": "string"},
                            "path": "/secret",
                        }
                    ]
                },
            }
            assert record["error"]["code"] == "ERR_INVALID_ACTION_PARAMS"
            assert record["error"]["step"] == "one"

    asyncio.run(scenario())


def test_an_allowed_failure_is_an_output_and_the_flow_goes_on(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("one", "REPEAT", fail=9, allow_failure=True),
                step("two", "REPEAT", value="{{ actions.one }}"),
            )
            assert record["status"] == "COMPLETED"
            assert record["steps"][0]["status"] == "FAILED"
            assert record["steps"][1]["output"]["got"] == {
                "success": False,
                "error": {"code": "ERR_TARGET_UNREACHABLE", "message": "nobody there"},
            }

    asyncio.run(scenario())


def test_a_failure_that_is_not_allowed_ends_the_execution_failed(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(step("one", "REPEAT", fail=9), step("two", "REPEAT"))
            assert record["status"] == "FAILED"
            assert it.actions.calls == ["one"]
            assert record["error"]["code"] == "ERR_TARGET_UNREACHABLE"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "ending",
    [
        ("ERROR_MESSAGE", {"message": "No"}, None),
        ("RETURN_JSON", {"payload": {"a": 1}}, {"a": 1}),
    ],
)
def test_an_ending_step_ends_the_flow_completed(
    lab: Any, url: str, step: Any, ending: tuple[str, dict[str, Any], Any]
) -> None:
    action, params, output = ending

    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(step("end", action, **params), step("never", "REPEAT"))
            assert record["status"] == "COMPLETED"
            assert it.actions.calls == []
            assert [s["id"] for s in record["steps"]] == ["end"]
            if output is not None:
                assert record["output"] == output

    asyncio.run(scenario())


def test_stored_variables_are_read_by_later_steps(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            await it.run(
                step("store", "STORE_VARS", vars={"a": "{{ fields.a }}"}),
                step("read", "REPEAT", value="{{ vars.a }}"),
                a=[1, {"b": None}],
            )
            record = await it.run(step("read", "PURE", value="{{ vars.a }}"))
            assert record["steps"][0]["output"]["got"] is None  # of another execution

    asyncio.run(scenario())


def test_an_unknown_action_fails_only_when_it_is_reached(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            unknown = {"id": "x", "type": "SLACK", "action": "POST_MESSAGE", "params": {}}
            record = await it.run(step("one", "REPEAT"), unknown)
            assert it.actions.calls == ["one"]
            assert record["steps"][1]["error"]["code"] == "ERR_ACTION_NOT_OFFERED"

    asyncio.run(scenario())


def test_an_action_that_breaks_fails_its_step_and_not_the_worker(
    lab: Any, url: str, step: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(_: object) -> None:
        raise ZeroDivisionError("s3" + "cret")

    async def scenario() -> None:
        async with lab(url) as it:
            it.actions.hooks["one"] = breaks
            record = await it.run(step("one", "REPEAT"))
            assert record["status"] == "FAILED"
            assert record["error"]["code"] == "ERR_ACTION"
            assert "s3cret" not in str(record)
            assert (await it.run(step("two", "REPEAT")))["status"] == "COMPLETED"

    asyncio.run(scenario())
    assert "ZeroDivisionError" in caplog.text
    assert "s3cret" not in caplog.text


def test_the_clock_is_read_once_and_chance_is_the_same_within_an_execution(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("a", "REPEAT", value="{{ functions.now() }}", wait=0.02),
                step("b", "REPEAT", value="{{ functions.now() }}"),
                step("c", "REPEAT", value="{{ functions.uuid() }}"),
                step("d", "REPEAT", value="{{ functions.uuid() }}"),
            )
            a, b, c, d = (s["output"]["got"] for s in record["steps"])
            assert a == b
            assert c != d
            assert c[14] == d[14] == "4"

    asyncio.run(scenario())


def test_a_message_is_queued_once_with_its_step(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("mail", "MAIL", value="a@x.example", body="<p>Hi {{ not.an.expression }}</p>"),
                step("two", "REPEAT"),
            )

            rows = await it.store.outbox.list(OutboxFilter())
            assert [row.idempotency_key for row in rows] == [f"{record['id']}:mail"]
            assert rows[0].shown["to"] == "a@x.example"
            content = open_json(
                it.engine.sealer, rows[0].sealed, identity=message_identity(rows[0].id)
            )
            assert isinstance(content, dict)
            assert content["html"] == "<p>Hi {{ not.an.expression }}</p>"

    asyncio.run(scenario())


def test_a_start_with_the_same_key_gives_the_first_execution(lab: Any, url: str, step: Any) -> None:

    async def scenario() -> None:
        async with lab(url) as it:
            flow = it.flow(step("one", "REPEAT"))
            first, second = await asyncio.gather(
                *(it.executions.start(flow, ExecutionInput(), idempotency_key="k") for _ in "12")
            )
            assert first == second
            await it.end_of(first)
            assert await it.executions.start(flow, ExecutionInput(), idempotency_key="k") == first
            assert it.actions.calls == ["one"]

    asyncio.run(scenario())
