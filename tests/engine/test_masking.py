"""Secrets: gone from every record and event, there for later steps, sealed where they are kept."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest

from sluiceway.errors import ActionError
from sluiceway.models.execution import ExecutionInput
from sluiceway.storage.durable import OutboxFilter

MASK = "███"
SECRET = "c0rrect-horse-battery"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"value": "{{ functions.mask(fields.x) }}"}, {"value": "{{ actions.one.got }}"}),
        ({"secret": "{{ fields.x }}"}, {"value": "{{ actions.one.code }}"}),
        ({"value": "{{ fields.x }}", "mask_output": True}, {"value": "{{ actions.one.got }}"}),
        ({"value": {"Authorization": "{{ fields.x }}"}}, {"value": "{{ fields.x }}"}),
    ],
    ids=["functions.mask", "a secret param and output", "mask_output", "an Authorization header"],
)
def test_a_secret_is_hidden_everywhere_and_later_steps_get_it(
    lab: Any, file_url: str, step: Any, first: dict[str, Any], second: dict[str, Any]
) -> None:
    seen: list[Any] = []

    async def scenario() -> None:
        async with lab(file_url) as it:

            async def look(context: Any) -> None:
                seen.append(context.resolve(second["value"]))

            it.actions.hooks["two"] = look
            flow = it.flow(
                step("zero", "REPEAT", value="{{ fields.x }}"),
                step("one", "REPEAT", **first),
                step("two", "REPEAT", **second),
                step("mail", "MAIL", value="{{ fields.x }}@x.example", body="{{ x }}"),
                step("late", "REPEAT", fail=1),
            )

            id_ = await it.executions.start(flow, ExecutionInput(fields={"x": SECRET}))
            events = [event async for event in it.executions.events(id_)]
            record = await it.end_of(id_)
            assert record["status"] == "FAILED"
            shown = [record, await it.executions.get(id_, debug=True)]
            shown += [row.shown for row in await it.store.outbox.list(OutboxFilter())]
            assert SECRET not in str(shown)
            assert MASK in str(record["steps"][2])
            if first.get("mask_output"):
                events = [e for e in events if e.get("step", {}).get("id") != "zero"]
            assert SECRET not in str(events)

    asyncio.run(scenario())
    assert seen == [SECRET]
    path = file_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        dump = "\n".join(
            str(row)
            for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - its own tables
        )
    connection.close()
    assert SECRET not in dump


def test_a_secret_that_is_learned_late_is_hidden_in_what_was_written_before(
    lab: Any, url: str, step: Any
) -> None:
    async def scenario() -> None:
        async with lab(url) as it:
            record = await it.run(
                step("one", "REPEAT", value="{{ fields.x }}"),
                step("two", "REPEAT", value=1),
                step("three", "REPEAT", value={"password": "{{ actions.one.got }}"}),
                x=SECRET,
            )
            assert record["steps"][0]["input"]["value"] == MASK
            assert record["steps"][0]["output"]["got"] == MASK
            assert record["input"]["fields"]["x"] == MASK
            assert SECRET not in str(record)

    asyncio.run(scenario())


def test_an_error_that_quotes_a_secret_is_masked(lab: Any, url: str, step: Any) -> None:

    async def scenario() -> None:
        async with lab(url) as it:

            async def refuse(_: Any) -> None:
                raise ActionError(f"no such code: {SECRET}")

            it.actions.hooks["one"] = refuse
            record = await it.run(step("one", "REPEAT", secret="{{ fields.x }}"), x=SECRET)
            assert record["error"]["message"] == f"no such code: {MASK}"
            page = await it.executions.list()
            assert SECRET not in str(page)

    asyncio.run(scenario())


def test_the_input_is_shown_masked_before_the_end(lab: Any, url: str, step: Any) -> None:
    async def scenario() -> None:
        async with lab(url, works=False) as it:
            flow = it.flow(step("one", "REPEAT", value="{{ functions.mask(fields.x) }}"))
            given = ExecutionInput(fields={"x": SECRET, "y": 1, "password": "pw"})
            id_ = await it.executions.start(flow, given)
            record = await it.executions.get(id_, debug=True)
            expected = {"x": MASK, "y": 1, "password": MASK}
            assert record["debug"]["input"]["fields"] == expected
            await it.executions.cancel(id_)
            record = await it.end_of(id_)
            assert record["input"]["fields"] == expected

    asyncio.run(scenario())


def test_a_secret_that_many_steps_carry_is_journalled_once_and_hidden_after_a_crash(
    lab: Any, url: str, step: Any
) -> None:
    """Two crashes: what the first step learned is known to the worker after next, too."""

    async def scenario() -> None:
        async with lab(url, works=False) as it:
            names = ["one", "two", "three", "four"]
            flow = it.flow(
                *(step(name, "REPEAT", secret="{{ fields.x }}", value="plain") for name in names),
                step("echo", "REPEAT", value="{{ actions.one.code }} {{ actions.four.code }}"),
            )
            it.work()
            reached = asyncio.Event()

            async def hang(_: Any) -> None:
                reached.set()
                await asyncio.Event().wait()

            it.actions.hooks |= {"three": hang, "echo": hang}
            id_ = await it.executions.start(flow, ExecutionInput(fields={"x": SECRET}))
            for name in ("three", "echo"):
                async with asyncio.timeout(10):
                    await reached.wait()
                reached.clear()
                await it.die()
                del it.actions.hooks[name]
                if name == "three":
                    it.work()
            log = await it.store.executions.log(id_)
            kept = [row.sealed for row in log if row.sealed and SECRET[::-1].encode() in row.sealed]
            # Each outcome holds the code that the step gave; only one lists it as a secret, too.
            assert sum(row.count(SECRET[::-1].encode()) for row in kept) == len(kept) + 1
            it.work()
            record = await it.end_of(id_)
            assert record["status"] == "COMPLETED"
            assert record["steps"][-1]["output"]["got"] == f"{MASK} {MASK}"
            assert SECRET not in str(record)

    asyncio.run(scenario())
