"""Outbox, one-time codes, rate limits, values that expire, the audit log; on every adapter."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from sluiceway.errors import StorageError
from sluiceway.models.delivery import DeliveryReport, DeliveryStatus
from sluiceway.models.one_time_code import OneTimeCode
from sluiceway.models.timestamps import utc_now
from sluiceway.storage.base import AuditEntry
from sluiceway.storage.durable import LeaseLost, NewMessage, OutboxFilter, OutboxStatus

LEASE = timedelta(seconds=60)


def _message(at: Any, number: int, queue: str = "email") -> NewMessage:
    return NewMessage(
        id=f"msg_{number}",
        idempotency_key=f"k{number}",
        execution_id=f"afe_{number}",
        step_id="mail",
        queue=queue,
        channel=queue,
        created_at=at(number / 1000 - 1),
        shown={"to": f"user{number}@x.example", "subject": "100%"},
        sealed=b"\x00content",
    )


async def _claim(store: Any, at: Any, seconds: float = 0, **more: Any) -> list[Any]:
    values: dict[str, Any] = {"limit": 10, "lease": LEASE, "now": at(seconds), **more}
    rows: list[Any] = await store.outbox.claim("email", "a", **values)
    return rows


def test_messages_are_claimed_once_and_by_queue(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(3):
            assert await store.outbox.enqueue(_message(at, number))
        assert not await store.outbox.enqueue(_message(at, 0))
        await store.outbox.enqueue(_message(at, 9, "sms"))
        assert [row.id for row in await _claim(store, at, limit=2)] == ["msg_0", "msg_1"]
        assert [row.id for row in await _claim(store, at)] == ["msg_2"]
        assert await _claim(store, at) == []
        assert await store.outbox.next_ready_at("email") == at(60)
        again = await _claim(store, at, 61)
        assert [row.claim_number for row in again] == [2, 2, 2]
        await store.outbox.heartbeat(again, lease=LEASE, now=at(100))
        assert await _claim(store, at, 150) == []
        assert again[0].sealed == b"\x00content"

    with_store(scenario)


def test_a_message_is_sent_or_tried_again_or_dead(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.outbox.enqueue(_message(at, 1))
        (row,) = await _claim(store, at)
        await store.outbox.mark_failed(row, at=at(1), error={"code": "E"}, retry_at=at(10))
        with pytest.raises(LeaseLost):
            await store.outbox.mark_sent(row, at=at(2), receipt=None)
        assert await _claim(store, at, 9) == []
        (row,) = await _claim(store, at, 10)
        await store.outbox.postpone(row, until=at(20), at=at(11))
        (row,) = await _claim(store, at, 20)
        assert row.attempts == 1
        await store.outbox.mark_failed(row, at=at(21), error={"code": "F"}, retry_at=None)
        dead = await store.outbox.get("msg_1")
        assert (dead.status, dead.attempts) == (OutboxStatus.DEAD, 2)
        assert [attempt["error"] for attempt in dead.history] == [{"code": "E"}, {"code": "F"}]
        assert await store.outbox.retry("msg_1", at=at(30))
        assert not await store.outbox.retry("msg_1", at=at(30))
        (row,) = await _claim(store, at, 31)
        await store.outbox.mark_sent(row, at=at(32), receipt="<1@x>")
        sent = await store.outbox.get("msg_1")
        assert (sent.status, sent.receipt) == (OutboxStatus.SENT, "<1@x>")
        assert not await store.outbox.discard("msg_1", at=at(40))

    with_store(scenario)


def test_messages_are_listed_discarded_and_pruned(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(4):
            await store.outbox.enqueue(_message(at, number))
        assert await store.outbox.discard("msg_1", at=at(5))

        async def ids(**wanted: Any) -> list[str]:
            return [row.id[-1] for row in await store.outbox.list(OutboxFilter(**wanted))]

        assert await ids() == list("3210")
        assert await ids(statuses=(OutboxStatus.DISCARDED,)) == ["1"]
        assert await ids(execution_id="afe_2") == ["2"]
        assert await ids(text="USER3@") == ["3"]
        assert await ids(queue="sms") == []
        page = await store.outbox.list(OutboxFilter(), limit=1)
        after = await store.outbox.list(OutboxFilter(), before_seq=page[0].seq, limit=1)
        assert after[0].id == "msg_2"
        counts = await store.outbox.count_by_status()
        assert (counts[OutboxStatus.QUEUED], counts[OutboxStatus.DISCARDED]) == (3, 1)
        assert await store.outbox.prune(ended_before=at(6)) == 1
        assert await store.outbox.get("msg_1") is None

    with_store(scenario)


def _report(at: Any, id_: str, status: DeliveryStatus) -> DeliveryReport:
    return DeliveryReport(id=id_, status=status, event=str(status), at=at(5), detail="250 ok")


def test_reports_are_kept_once_and_the_furthest_counts(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(2):
            await store.outbox.enqueue(_message(at, number))
        (row, _) = await _claim(store, at)
        # A report may overtake the note that the provider took the message.
        assert await store.outbox.note_report("msg_0", _report(at, "e1", DeliveryStatus.DELIVERED))
        await store.outbox.mark_sent(row, at=at(1), receipt="sendgrid:r1")
        assert not await store.outbox.note_report(
            "msg_0", _report(at, "e1", DeliveryStatus.COMPLAINED)
        )
        assert await store.outbox.note_report("msg_0", _report(at, "e2", DeliveryStatus.QUEUED))
        assert not await store.outbox.note_report("none", _report(at, "e3", DeliveryStatus.SENT))

        kept = await store.outbox.get("msg_0")
        assert (kept.status, kept.delivery) == (OutboxStatus.SENT, "delivered")
        assert [report["id"] for report in kept.reports] == ["e1", "e2"]
        assert kept.reports[0] == {
            "id": "e1",
            "status": "delivered",
            "event": "delivered",
            "at": "2026-03-01T09:30:05.000Z",
            "detail": "250 ok",
        }
        assert (await store.outbox.find_by_receipt("sendgrid:r1")).id == "msg_0"
        assert await store.outbox.find_by_receipt("sendgrid:r2") is None
        for wanted, found in (("delivered", ["msg_0"]), ("bounced", [])):
            rows = await store.outbox.list(OutboxFilter(deliveries=(wanted,)))
            assert [row.id for row in rows] == found

    with_store(scenario)


def test_a_code_is_kept_by_reference(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        code = OneTimeCode(salt=b"s", digest=b"\x00d", expires_at=at(60))
        await store.codes.put("a@x", code)
        assert await store.codes.get("a@x") == code
        newer = OneTimeCode(salt=b"t", digest=b"e", expires_at=at(90), attempts=2)
        await store.codes.put("a@x", newer)
        assert await store.codes.get("a@x") == newer
        assert await store.codes.prune(expired_before=at(90)) == 0
        assert await store.codes.prune(expired_before=at(91)) == 1
        await store.codes.put("", code)
        await store.codes.delete("")
        assert await store.codes.get("") is None

    with_store(scenario)


def test_of_many_who_swap_a_code_one_succeeds(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        code = OneTimeCode(salt=b"s", digest=b"d", expires_at=at(60))
        assert not await store.codes.swap("a@x", code, code)
        await store.codes.put("a@x", code)
        await store.codes.put("b@x", code)
        tried = [replace(code, attempts=1, digest=b"%d" % number) for number in range(5)]
        done = await asyncio.gather(*(store.codes.swap("a@x", code, new) for new in tried))
        assert done.count(True) == 1
        assert await store.codes.get("a@x") == tried[done.index(True)]
        assert await store.codes.get("b@x") == code

    with_store(scenario)


def test_a_bucket_hands_tokens_out_at_its_rate(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        async def take(seconds: float, **more: Any) -> float:
            values = {"rate": 2.0, "burst": 2.0, **more}
            wait: float = await store.buckets.take("t", now=at(seconds), **values)
            return wait

        assert [await take(0) for _ in range(5)] == [0, 0, 0.5, 1, 1.5]
        assert await take(10) == 0
        assert await take(9) == 0  # the clock stepped back: neither drained nor frozen
        assert await take(9) == 0.5
        await store.buckets.learn("t", now=at(100), blocked_until=at(103))
        assert await take(100) == 3
        await store.buckets.learn("t", now=at(200), rate=10.0, burst=1.0, remaining=0)
        assert await take(200) == pytest.approx(0.1)
        assert await store.buckets.take("free", now=at(), rate=None, burst=1) == 0

    with_store(scenario)


def test_shared_values_expire(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.shared.put("k", b"\x00v", expires_at=at(60))
        await store.shared.put("for ever", b"v")
        assert await store.shared.get("k", now=at(59)) == b"\x00v"
        assert await store.shared.get("k", now=at(60)) is None
        assert await store.shared.get("for ever", now=at(9999)) == b"v"
        assert await store.shared.prune(expired_before=at(61)) == 1
        await store.shared.delete("for ever")
        assert await store.shared.get("for ever", now=at()) is None

    with_store(scenario)


def test_the_audit_log_is_listed_newest_first(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(3):
            await store.audit.append(
                AuditEntry(
                    at=at(number),
                    actor="cli",
                    action="vault.update",
                    target=f"ac_{number}",
                    details={"n": number},
                )
            )
        entries = await store.audit.list(limit=2)
        assert [entry.target for entry in entries] == ["ac_2", "ac_1"]
        rest = await store.audit.list(before_seq=entries[-1].seq)
        assert [(e.target, e.details) for e in rest] == [("ac_0", {"n": 0})]
        assert len(await store.audit.list(target="ac_1")) == 1
        assert await store.audit.prune(before=at(1)) == 1

    with_store(scenario)


def test_the_audit_log_can_be_added_to_but_not_altered(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        now = utc_now()
        entry = AuditEntry(at=now, actor="a", action="b", target="c")
        await store.audit.append(entry)
        with pytest.raises(Exception, match="append-only"):
            await store.audit.prune(before=now + timedelta(seconds=1))
        await _refuse(store, "UPDATE audit_log SET actor = 'x'")
        await _refuse(store, "DELETE FROM audit_log")
        assert [one.actor for one in await store.audit.list()] == ["a"]

    with_store(scenario)


async def _refuse(store: Any, sql: str) -> None:
    """Try *sql* as somebody would who can write the database."""
    if store.url.startswith("sqlite"):
        with pytest.raises(StorageError, match="append-only"):
            await store._database.write(lambda c: c.execute(sql))
        return
    with pytest.raises(Exception, match="append-only"):
        await store._database.write((sql.replace("audit_log", "sluiceway.audit_log"), ()))
