"""What becomes of a message in the outbox."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from sluiceway.engine.delivery import OutboxSettings
from sluiceway.errors import ProviderRejected, ProviderUnavailable, StorageError, VaultError
from sluiceway.models.message import Channel
from sluiceway.providers.base import ConfiguredProvider
from sluiceway.storage.durable import OutboxStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.models.message import QueuedMessage

DOWN = ProviderUnavailable("the service answered 503", details={"status": 503})
BUSY = ProviderUnavailable("the service answered 429", details={"retry_after_s": 90.0})
REFUSED = ProviderRejected("SendGrid refused the message with status 400: bad address")


def test_a_message_is_sent_once_and_keeps_the_receipt(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()

            assert await lab.worker().deliver_due() == 1
            assert await lab.worker().deliver_due() == 0

            row = await lab.row(id_)
            assert row.status is OutboxStatus.SENT
            assert row.receipt == "sendgrid:r1"
            (name, message) = lab.service.taken[0]
            assert name == "sendgrid"
            assert message.sender.email == "no-reply@shop.example"
            assert message.message_id == f"<{id_}@shop.example>"
            assert message.idempotency_key == "afe_0:send"

    asyncio.run(scenario())


def test_a_text_message_goes_to_the_phone_provider(
    laboratory: Callable[[], Any], new_text_message: Callable[..., QueuedMessage]
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            await lab.queue(new_text_message(to="+1 (202) 555-0123"))

            await lab.worker().deliver_due()

            assert [(n, m.channel, m.to) for n, m in lab.service.taken] == [
                ("twilio", Channel.SMS, "+12025550123")
            ]

    asyncio.run(scenario())


def test_what_may_pass_is_tried_again_with_growing_pauses(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.answers = [DOWN] * 6
            pauses: list[float] = []
            while (await lab.row(id_)).status is not OutboxStatus.SENT:
                await lab.worker().deliver_due()
                row = await lab.row(id_)
                if row.ready_at is not None:
                    pauses.append((row.ready_at - lab.moment).total_seconds())
                    assert await lab.worker().deliver_due() == 0
                    lab.moment = row.ready_at

            assert [2**n * 2 <= p <= 2**n * 4 for n, p in enumerate(pauses)] == [True] * 6
            assert len(lab.service.taken) == 1
            history = (await lab.row(id_)).history
            assert [entry["ok"] for entry in history] == [False] * 6 + [True]
            assert history[0]["error"]["message"] == "the service answered 503"
            assert history[0]["error"]["provider"] == "sendgrid"

    asyncio.run(scenario())


def test_a_service_that_says_when_is_left_alone_until_then(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            first, *_ = await lab.queue_emails(3)
            lab.settings = replace(lab.settings, concurrency=1)
            lab.service.answers = [BUSY]
            worker = lab.worker()

            await worker.deliver_due()

            row = await lab.row(first)
            assert row.ready_at is not None
            assert row.ready_at - lab.moment >= timedelta(seconds=90)
            lab.pass_time(seconds=10)
            before = lab.service.tries
            extra = await lab.queue_emails_of("afe_late")
            await worker.deliver_due()
            assert lab.service.tries == before
            assert (await lab.row(extra)).attempts == 0

            lab.pass_time(seconds=200)
            await worker.deliver_due()
            assert {row.status for row in await lab.rows()} == {OutboxStatus.SENT}

    asyncio.run(scenario())


def test_a_refusal_is_a_dead_letter_with_the_services_words(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.answers = [REFUSED]
            await lab.worker().deliver_due()

            row = await lab.row(id_)
            assert row.status is OutboxStatus.DEAD
            assert "bad address" in row.history[0]["error"]["message"]
            lab.pass_time(days=2)
            assert await lab.worker().deliver_due() == 0

            # An operator may want it sent all the same, old as it is by now.
            assert await lab.store.outbox.retry(id_, at=lab.moment)
            await lab.worker().deliver_due()
            assert (await lab.row(id_)).status is OutboxStatus.SENT

    asyncio.run(scenario())


def test_an_impossible_recipient_is_a_dead_letter(
    laboratory: Callable[[], Any],
    new_email: Callable[..., QueuedMessage],
    new_text_message: Callable[..., QueuedMessage],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            await lab.queue(new_email(to="ada@x.example, eve@y.example"))
            await lab.queue(new_email(to="ada@x.example\r\nBcc: eve@y.example"), execution="b")
            await lab.queue(new_text_message(to="123"), execution="c")

            await lab.worker().deliver_due()

            assert {row.status for row in await lab.rows()} == {OutboxStatus.DEAD}
            assert lab.service.tries == 0

    asyncio.run(scenario())


def test_a_message_that_waited_too_long_is_given_up(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.pass_time(hours=25)

            await lab.worker().deliver_due()

            row = await lab.row(id_)
            assert row.status is OutboxStatus.DEAD
            assert "within 24 hours" in row.history[0]["error"]["message"]
            assert lab.service.tries == 0

    asyncio.run(scenario())


def test_a_service_that_stays_down_loses_to_time_not_to_a_count(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.answers = [DOWN] * 1000
            began = lab.moment
            while (row := await lab.row(id_)).status is OutboxStatus.QUEUED:
                lab.moment = max(lab.moment, row.ready_at or lab.moment)
                await lab.worker().deliver_due()

            assert row.status is OutboxStatus.DEAD
            assert timedelta(hours=23) < lab.moment - began <= timedelta(hours=24)
            assert lab.service.tries < 100

    asyncio.run(scenario())


def test_nothing_leaves_the_machine_until_a_provider_is_set_up(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            lab.directory.given_email = None
            (id_,) = await lab.queue_emails()
            await lab.worker().deliver_due()

            assert (await lab.row(id_)).receipt == "capture:r1"
            assert lab.service.taken[0][1].sender.email == "no-reply@sluiceway.invalid"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "unusable",
    [
        ConfiguredProvider(name="sendgrid", enabled=False, credentials={"api_key": "x"}),
        ConfiguredProvider(name="sendgrid"),
        ConfiguredProvider(name="pigeon"),
    ],
    ids=["disabled", "without its key", "unknown"],
)
def test_messages_wait_for_a_provider_to_be_repaired_without_a_restart(
    laboratory: Callable[[], Any], unusable: ConfiguredProvider
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            good, lab.directory.given_email = lab.directory.given_email, unusable
            (id_,) = await lab.queue_emails()
            worker = lab.worker()
            await worker.deliver_due()
            row = await lab.row(id_)
            assert (row.status, lab.service.tries) == (OutboxStatus.QUEUED, 0)
            assert row.history[0]["error"]["message"].startswith("expected")

            lab.directory.given_email = good
            lab.pass_time(seconds=5)
            await worker.deliver_due()

            assert (await lab.row(id_)).status is OutboxStatus.SENT

    asyncio.run(scenario())


def test_a_phone_provider_without_voice_keeps_calls_waiting(
    laboratory: Callable[[], Any], new_text_message: Callable[..., QueuedMessage]
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue(replace(new_text_message(), channel=Channel.CALL))
            await lab.worker().deliver_due()

            row = await lab.row(id_)
            assert row.status is OutboxStatus.QUEUED
            assert "'voice'" in row.history[0]["error"]["message"]

    asyncio.run(scenario())


def test_a_switched_provider_takes_the_next_message(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            worker = lab.worker()
            await lab.queue_emails()
            await worker.deliver_due()
            lab.directory.given_email = replace(
                lab.directory.given_email, name="resend", credentials={"api_key": "re_x"}
            )
            await lab.queue_emails_of("afe_next")
            await worker.deliver_due()

            assert [name for name, _ in lab.service.taken] == ["sendgrid", "resend"]

    asyncio.run(scenario())


def test_a_providers_rate_is_kept(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            lab.directory.given_email = replace(
                lab.directory.given_email, name="resend", credentials={"api_key": "re_x"}
            )
            await lab.queue_emails(12)
            began = lab.moment
            await lab.worker().deliver_due()

            # Resend's rate is 2 a second, with 2 at once: 12 take at least 5 seconds.
            assert len(lab.service.taken) == 12
            assert (lab.moment - began).total_seconds() >= 5.0

    asyncio.run(scenario())


def test_a_defect_of_ours_is_a_dead_letter_and_hides_its_words(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.answers = [KeyError("a secret")]
            await lab.worker().deliver_due()

            row = await lab.row(id_)
            assert row.status is OutboxStatus.DEAD
            assert "KeyError" in row.history[0]["error"]["message"]
            assert "a secret" not in str(row.history)

    asyncio.run(scenario())


def test_a_key_that_does_not_open_the_content_loses_nothing(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            lab.service.answers = [VaultError("another key")]
            await lab.worker().deliver_due()
            assert (await lab.row(id_)).status is OutboxStatus.QUEUED

    asyncio.run(scenario())


def test_credentials_that_cannot_be_opened_keep_messages_waiting(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:

            async def sealed() -> None:
                raise VaultError("expected another key")

            opened, lab.directory.email = lab.directory.email, sealed
            (id_,) = await lab.queue_emails()
            worker = lab.worker()
            running = asyncio.create_task(worker.run())
            while not (row := await lab.row(id_)).attempts:
                await asyncio.sleep(0.01)
            assert row.status is OutboxStatus.QUEUED
            assert "another key" in row.history[0]["error"]["message"]

            lab.directory.email = opened
            lab.pass_time(seconds=10)
            worker.wake()
            while (await lab.row(id_)).status is not OutboxStatus.SENT:
                await asyncio.sleep(0.01)
            worker.stop()
            await running

    asyncio.run(scenario())


def test_a_service_that_hangs_is_given_up_and_tried_again(laboratory: Callable[[], Any]) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            lab.settings = OutboxSettings(timeout=timedelta(milliseconds=20))
            lab.service.delay_s = 5.0
            (id_,) = await lab.queue_emails()
            await lab.worker().deliver_due()

            row = await lab.row(id_)
            assert row.status is OutboxStatus.QUEUED
            assert "within 0.02 s" in row.history[0]["error"]["message"]

    asyncio.run(scenario())


class Flaky:
    """An outbox whose writes fail a few times."""

    def __init__(self, inner: Any, failures: int) -> None:
        self._inner, self._failures = inner, failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def mark_sent(self, *given: Any, **named: Any) -> None:
        if self._failures:
            self._failures -= 1
            raise StorageError("the disk is full")
        await self._inner.mark_sent(*given, **named)


def test_a_database_that_refuses_for_a_while_doubles_nothing(
    laboratory: Callable[[], Any],
) -> None:
    async def scenario() -> None:
        async with laboratory() as lab:
            (id_,) = await lab.queue_emails()
            await lab.worker(outbox=Flaky(lab.store.outbox, 3)).deliver_due()

            assert (await lab.row(id_)).status is OutboxStatus.SENT
            assert lab.service.tries == 1

    asyncio.run(scenario())
