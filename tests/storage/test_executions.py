"""ExecutionStore: leases, fences, journals, cancel, lists and pruning, on every adapter."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.errors import StorageError
from sluiceway.models.execution import ExecutionStatus as Status
from sluiceway.storage.durable import (
    CancelAnswer,
    ExecutionFilter,
    Finish,
    LeaseLost,
    LogRow,
    LogWrite,
    NewExecution,
    NewMessage,
    OutboxFilter,
)

LEASE = timedelta(seconds=60)
NO_LEASE = timedelta(0)


def _new(at: Any, id_: str, **more: Any) -> NewExecution:
    values: dict[str, Any] = {
        "flow_id": "af_1",
        "flow_name": "Sign up",
        "flow_version": 2,
        "flow_digest": "d1",
        "snapshot": b"flow",
        "trace_id": f"trace-{id_}",
        "created_at": at(int(id_) / 1000 if id_.isdecimal() else 0),
        "payload": b"sealed",
    }
    return NewExecution(id=id_, **{**values, **more})


def _finish(at: Any, status: Status = Status.COMPLETED, **more: Any) -> Finish:
    return Finish(status=status, at=at(9), final=b"{}", **more)


def _message(at: Any, key: str) -> NewMessage:
    return NewMessage(
        id=f"msg_{key}_{id(object())}",
        idempotency_key=key,
        execution_id="1",
        step_id="mail",
        queue="email",
        channel="email",
        created_at=at(),
        shown={"to": "a@x"},
        sealed=b"content",
    )


async def _claim(store: Any, at: Any, owner: str = "a", **more: Any) -> list[Any]:
    values = {"limit": 10, "lease": LEASE, "now": at(1), **more}
    claims: list[Any] = await store.executions.claim(owner, **values)
    return claims


def test_what_is_created_is_claimed_once_oldest_first(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for id_ in "123":
            assert (await store.executions.create(_new(at, id_))).is_new
        first = await _claim(store, at, limit=2)
        assert [claim.id for claim in first] == ["1", "2"]
        assert [claim.id for claim in await _claim(store, at, "b")] == ["3"]
        assert await _claim(store, at, "c") == []
        row = await store.executions.get("1")
        assert (row.status, row.started_at, row.claim_number) == (Status.RUNNING, at(1), 1)
        assert row.payload == b"sealed"
        assert await store.executions.snapshot("d1") == b"flow"

    with_store(scenario)


def test_an_idempotency_key_is_one_execution_of_its_flow(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        answers = await asyncio.gather(
            *(store.executions.create(_new(at, str(n), idempotency_key="k")) for n in range(5))
        )
        assert len({answer.id for answer in answers}) == 1
        assert sum(answer.is_new for answer in answers) == 1
        other = await store.executions.create(
            _new(at, "other", idempotency_key="k", flow_id="af_2")
        )
        assert other.is_new
        many = await store.executions.create_many(
            [_new(at, "x", idempotency_key="k2"), _new(at, "y", idempotency_key="k2")]
        )
        assert [(one.id, one.is_new) for one in many] == [("x", True), ("x", False)]

    with_store(scenario)


def test_nothing_is_claimed_before_its_time(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1", not_before=at(100)))
        assert await _claim(store, at) == []
        assert await store.executions.next_ready_at() == at(100)
        assert [claim.id for claim in await _claim(store, at, now=at(100))] == ["1"]

    with_store(scenario)


def test_a_lease_that_ran_out_is_taken_over_and_the_old_claim_is_fenced(
    with_store: Any, at: Any
) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (old,) = await _claim(store, at, "a", lease=NO_LEASE)
        await store.executions.append(old, LogWrite(position=0, entries=b"[]", sealed=b"s"))
        assert await _claim(store, at, "a", holding=["1"]) == []  # its own, still running
        (new,) = await _claim(store, at, "b", now=at(50))
        assert (new.number, new.takeovers, new.clock_at) == (2, 1, at(1))
        assert new.log == (LogRow(position=0, entries=b"[]", sealed=b"s"),)
        write = LogWrite(position=1, entries=b"[]")
        for stale in (
            store.executions.append(old, write, messages=[_message(at, "k")]),
            store.executions.sleep(old, write, wake_at=at(), at=at()),
            store.executions.finish(old, _finish(at), messages=[_message(at, "k")]),
        ):
            with pytest.raises(LeaseLost):
                await stale
        await store.executions.release(old)
        heard = await store.executions.heartbeat("a", [old], lease=LEASE)
        assert heard.lost == {"1"}
        assert await store.outbox.list(OutboxFilter()) == []
        await store.executions.finish(new, _finish(at))
        with pytest.raises(LeaseLost):
            await store.executions.finish(new, _finish(at, Status.FAILED))
        assert (await store.executions.get("1")).status is Status.COMPLETED
        assert len(await store.executions.log("1")) == 1

    with_store(scenario)


def test_a_heartbeat_keeps_a_lease_and_hears_of_a_cancel(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (claim,) = await _claim(store, at, lease=NO_LEASE)
        await store.executions.heartbeat("a", [claim], lease=LEASE)
        assert await _claim(store, at, "b") == []
        answer = await store.executions.cancel("1", finish=_finish(at, Status.CANCELLED))
        assert answer is CancelAnswer.REQUESTED
        heard = await store.executions.heartbeat("a", [claim], lease=LEASE)
        assert heard.to_cancel == {"1"}

    with_store(scenario)


def test_a_sleeping_execution_wakes_with_a_new_clock_reading(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (claim,) = await _claim(store, at)
        write = LogWrite(position=0, entries=b"[]")
        await store.executions.sleep(
            claim, write, wake_at=at(30), at=at(2), messages=[_message(at, "k")]
        )
        assert (await store.executions.get("1")).status is Status.DELAYED
        assert len(await store.outbox.list(OutboxFilter())) == 1
        assert await _claim(store, at, now=at(29)) == []
        (woken,) = await _claim(store, at, now=at(31))
        assert (woken.clock_at, woken.takeovers) == (at(31), 0)
        assert woken.execution.started_at == at(1)

    with_store(scenario)


def test_one_that_falls_asleep_before_it_hears_of_a_cancel_wakes_at_once(
    with_store: Any, at: Any
) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (claim,) = await _claim(store, at)
        answer = await store.executions.cancel("1", finish=_finish(at, Status.CANCELLED))
        assert answer is CancelAnswer.REQUESTED
        write = LogWrite(position=0, entries=b"[]")
        await store.executions.sleep(claim, write, wake_at=at(3000), at=at(2))
        (woken,) = await _claim(store, at, now=at(3))
        assert woken.execution.cancel_requested
        assert woken.log[-1].entries == b"[]"

    with_store(scenario)


def test_recover_frees_what_is_known_to_be_dead(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for id_ in "12":
            await store.executions.create(_new(at, id_))
        await _claim(store, at, "dead", limit=1)
        await _claim(store, at, "alive", limit=1)
        if store.url.startswith("sqlite"):
            # One process has the file, so that every other owner is dead.
            assert await store.executions.recover("alive") == 1
            assert [claim.id for claim in await _claim(store, at, "alive")] == ["1"]
            return
        assert await store.executions.recover("alive") == 0
        assert await _claim(store, at, "alive", holding=["2"]) == []
        (taken,) = await _claim(store, at, "alive", holding=["2"], now=at(62))
        assert (taken.id, taken.number) == ("1", 2)
        # Its own lease ran out, too, and was silently renewed.
        assert (await store.executions.get("2")).claim_number == 1

    with_store(scenario)


def test_a_message_is_kept_once_for_its_key(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (claim,) = await _claim(store, at)
        for position in (0, 1):
            await store.executions.append(
                claim, LogWrite(position=position, entries=b"[]"), messages=[_message(at, "k")]
            )
        await store.executions.finish(
            claim, _finish(at), messages=[_message(at, "k"), _message(at, "k:1")]
        )
        keys = [row.idempotency_key for row in await store.outbox.list(OutboxFilter())]
        assert keys == ["k:1", "k"]

    with_store(scenario)


def test_rows_can_be_put_anew_and_positions_are_written_once(with_store: Any, at: Any) -> None:

    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (claim,) = await _claim(store, at)
        await store.executions.append(claim, LogWrite(position=0, entries=b"[1]", sealed=b"s"))
        masked = LogRow(position=0, entries=b"[0]")
        await store.executions.append(
            claim, LogWrite(position=1, entries=b"[2]", rewritten=(masked,))
        )
        with pytest.raises(StorageError):
            await store.executions.append(claim, LogWrite(position=1, entries=b"[3]"))
        rows = await store.executions.log("1")
        assert [(row.entries, row.sealed) for row in rows] == [(b"[0]", b"s"), (b"[2]", None)]
        assert [row.position for row in await store.executions.log("1", after=0)] == [1]

    with_store(scenario)


def test_cancel_ends_what_nobody_runs_and_says_what_it_cannot(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        ending = _finish(at, Status.CANCELLED)
        assert await store.executions.cancel("1", finish=ending) is CancelAnswer.MISSING
        await store.executions.create(_new(at, "1"))
        assert await store.executions.cancel("1", finish=ending) is CancelAnswer.CANCELLED
        assert await store.executions.cancel("1", finish=ending) is CancelAnswer.ENDED
        assert await _claim(store, at) == []
        row = await store.executions.get("1")
        assert (row.status, row.ended_at) == (Status.CANCELLED, at(9))

    with_store(scenario)


def test_reopening_keeps_the_journal_and_needs_the_latest_claim(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.executions.create(_new(at, "1"))
        (claim,) = await _claim(store, at)
        await store.executions.append(claim, LogWrite(position=0, entries=b"[]"))
        await store.executions.finish(claim, _finish(at, Status.FAILED, error="E: x", resume=b"r"))
        row = await store.executions.get("1")
        assert (row.final, row.resume) == (b"{}", b"r")
        write = LogWrite(position=1, entries=b"[]", sealed=b"retry")
        reopen = store.executions.reopen
        assert not await reopen("1", claim_number=7, write=write, at=at(20))
        assert await reopen("1", claim_number=1, write=write, at=at(20))
        assert not await reopen("1", claim_number=1, write=write, at=at(20))
        (again,) = await _claim(store, at, now=at(21))
        assert (again.number, again.takeovers, len(again.log)) == (3, 0, 2)
        await store.executions.finish(again, _finish(at))
        assert not await reopen("1", claim_number=3, write=None, at=at(30))

    with_store(scenario)


def test_lists_filter_and_page(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(6):
            await store.executions.create(
                _new(
                    at,
                    f"afe_{number}",
                    created_at=at(number),
                    flow_id="af_1" if number % 2 else "af_2",
                    flow_name="100% sign_up" if number == 3 else "other",
                    batch_id="bat_1" if number > 3 else None,
                )
            )
        claims = await _claim(store, at, limit=2)
        await store.executions.finish(claims[0], _finish(at, Status.FAILED, error="ERR_X: Boom"))
        await store.executions.finish(claims[1], _finish(at))

        async def ids(**wanted: Any) -> list[str]:
            matching = ExecutionFilter(**wanted)
            rows = await store.executions.list(matching)
            assert await store.executions.count(matching) == len(rows)
            return [row.id.removeprefix("afe_") for row in rows]

        assert await ids() == list("543210")
        assert await ids(flow_id="af_1") == list("531")
        assert await ids(flow="af_2") == list("420")
        assert await ids(flow="100% sign_up") == ["3"]
        assert await ids(statuses=(Status.FAILED, Status.COMPLETED)) == list("10")
        assert await ids(created_from=at(2), created_before=at(4)) == list("32")
        assert await ids(text="% SIGN_") == ["3"]
        assert await ids(text="boom") == ["0"]
        assert await ids(text="AFE_4") == ["4"]
        assert await ids(batch_id="bat_1") == list("54")
        page = await store.executions.list(ExecutionFilter(), limit=2, offset=1)
        assert [row.id for row in page] == ["afe_4", "afe_3"]
        page = await store.executions.list(ExecutionFilter(), limit=2, before_seq=page[-1].seq)
        assert [row.id for row in page] == ["afe_2", "afe_1"]
        counts = await store.executions.count_by_status()
        assert counts == {
            Status.QUEUED: 4,
            Status.RUNNING: 0,
            Status.DELAYED: 0,
            Status.COMPLETED: 1,
            Status.FAILED: 1,
            Status.CANCELLED: 0,
        }

    with_store(scenario)


def test_batches_are_counted_the_one_started_last_first(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        assert await store.executions.batches() == []
        for number, batch in enumerate(["a", "b", "a", None, "c"]):
            await store.executions.create(
                _new(at, str(number), batch_id=batch, flow_name=f"n{number}", created_at=at(number))
            )
        (claim,) = await _claim(store, at, limit=1)
        await store.executions.finish(claim, _finish(at))
        found = await store.executions.batches()
        assert [(one.id, one.flow_name, one.started_at) for one in found] == [
            ("c", "n4", at(4)),
            ("a", "n2", at(0)),
            ("b", "n1", at(1)),
        ]
        assert {s: n for s, n in found[1].counts.items() if n} == {
            Status.COMPLETED: 1,
            Status.QUEUED: 1,
        }
        assert [one.id for one in await store.executions.batches(limit=1)] == ["c"]

    with_store(scenario)


def test_only_what_has_ended_is_deleted_or_pruned(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(5):
            await store.executions.create(_new(at, str(number), flow_digest=f"d{number % 2}"))
        claims = await _claim(store, at, limit=4)
        for claim in claims[:3]:
            await store.executions.append(claim, LogWrite(position=0, entries=b"[]"))
            await store.executions.finish(claim, _finish(at))
        assert not await store.executions.delete("3")
        assert not await store.executions.delete("4")
        assert await store.executions.delete("0")
        assert await store.executions.log("0") == []
        assert await store.executions.prune(ended_before=at(9)) == 0
        assert await store.executions.prune(ended_before=at(10), limit=1) == 1
        assert await store.executions.prune(ended_before=at(10)) == 1
        assert [row.id for row in await store.executions.list(ExecutionFilter())] == ["4", "3"]
        assert await store.executions.snapshot("d1") == b"flow"

    with_store(scenario)
