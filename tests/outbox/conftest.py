"""A laboratory for delivery: a real store, a service that tells what reached it, a clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.engine.delivery import Deliveries, OutboxSettings
from sluiceway.engine.messages import new_messages
from sluiceway.engine.outbox import OutboxWorker
from sluiceway.models.message import Channel, EmailContent, PhoneContent, QueuedMessage
from sluiceway.providers.base import ConfiguredProvider, Receipt
from sluiceway.providers.choice import Providers
from sluiceway.storage.durable import OutboxFilter
from tests.stores import open_for_test

if TYPE_CHECKING:
    from pathlib import Path

    from sluiceway.storage.base import Store
    from sluiceway.storage.durable import OutboxRow

SENDGRID = ConfiguredProvider(
    name="sendgrid",
    credentials={"api_key": "SG.made-up-key"},
    default_from="no-reply@shop.example",
)
TWILIO = ConfiguredProvider(
    name="twilio",
    credentials={"auth_token": "made-up-token"},
    settings={"sid": "ACmadeup", "default_from": "+12025550100", "delivery_methods": ["text"]},
    default_from="+12025550100",
)


class Seal:
    """A seal that tells whose row it is for, and hides nothing."""

    def seal(self, plaintext: bytes, *, identity: str) -> bytes:
        return identity.encode() + b"|" + plaintext

    def open(self, sealed: bytes, *, identity: str) -> bytes:
        owner, _, body = sealed.partition(b"|")
        assert owner == identity.encode()
        return body


@dataclass
class Directory:
    given_email: ConfiguredProvider | None = SENDGRID
    given_phone: ConfiguredProvider | None = TWILIO

    async def email(self) -> ConfiguredProvider | None:
        return self.given_email

    async def phone(self) -> ConfiguredProvider | None:
        return self.given_phone


@dataclass
class Service:
    """The delivery service: *answers* are raised or returned in turn, then everything is taken."""

    taken: list[tuple[str, Any]] = field(default_factory=list)
    answers: list[BaseException | None] = field(default_factory=list)
    tries: int = 0
    delay_s: float = 0.0
    broken_after: Callable[[], BaseException] | None = None

    async def _take(self, chosen: Any, message: Any) -> Receipt:
        self.tries += 1
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append((chosen.spec.name, message))
        if self.broken_after is not None:
            raise self.broken_after()
        return Receipt(f"r{len(self.taken)}")

    async def send_email(self, chosen: Any, message: Any) -> Receipt:
        return await self._take(chosen, message)

    async def send_phone(self, chosen: Any, message: Any) -> Receipt:
        return await self._take(chosen, message)

    @property
    def keys(self) -> list[str]:
        return [message.idempotency_key for _, message in self.taken]


@dataclass
class Lab:
    store: Store
    service: Service = field(default_factory=Service)
    directory: Directory = field(default_factory=Directory)
    settings: OutboxSettings = field(default_factory=OutboxSettings)
    moment: datetime = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **given: float) -> None:
        self.moment += timedelta(**given)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)

    def worker(self, *, outbox: Any = None) -> OutboxWorker:
        return OutboxWorker(outbox or self.store.outbox, self.deliveries())

    def deliveries(self) -> Deliveries:
        return Deliveries(
            providers=Providers(self.directory),
            sender=self.service,
            sealer=Seal(),
            buckets=self.store.buckets,
            now=self.now,
            chance=random.Random(7),  # noqa: S311 - jitter
            settings=self.settings,
            sleep=self.sleep,
        )

    async def queue(self, *queued: QueuedMessage, execution: str = "afe_1") -> list[str]:
        rows = new_messages(
            queued,
            execution_id=execution,
            step_id="send",
            at=self.moment,
            sealer=Seal(),
            shown=lambda value: value,
        )
        for row in rows:
            assert await self.store.outbox.enqueue(row)
        return [row.id for row in rows]

    async def queue_emails(self, count: int = 1) -> list[str]:
        ids: list[str] = []
        for index in range(count):
            ids += await self.queue(email(f"user{index}@x.example"), execution=f"afe_{index}")
        return ids

    async def queue_emails_of(self, execution: str) -> str:
        (id_,) = await self.queue(email(), execution=execution)
        return id_

    async def row(self, id_: str) -> OutboxRow:
        found = await self.store.outbox.get(id_)
        assert found is not None
        return found

    async def rows(self) -> list[OutboxRow]:
        return await self.store.outbox.list(OutboxFilter(), limit=10_000)


def email(to: str = "ada@x.example", **changes: Any) -> QueuedMessage:
    content = EmailContent(**{"to": to, "subject": "Hi", "html": "<p>Hi</p>", **changes})
    return QueuedMessage(channel=Channel.EMAIL, content=content)


def text_message(to: str = "+12025550123", **changes: Any) -> QueuedMessage:
    content = PhoneContent(**{"to": to, "text": "Hi", **changes})
    return QueuedMessage(channel=Channel.SMS, content=content)


@pytest.fixture(
    params=[
        "sqlite memory",
        "sqlite file",
        pytest.param("postgres", marks=pytest.mark.postgres),
    ]
)
def laboratory(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Open a laboratory over each adapter."""
    url = "sqlite://" if request.param == "sqlite memory" else f"sqlite:///{tmp_path}/box.db"
    if request.param == "postgres":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        url = new_database()

    @asynccontextmanager
    async def open_lab() -> AsyncIterator[Lab]:
        store = open_for_test(url)
        try:
            yield Lab(store)
        finally:
            await store.close()

    return open_lab


@pytest.fixture
def new_email() -> Callable[..., QueuedMessage]:
    return email


@pytest.fixture
def new_text_message() -> Callable[..., QueuedMessage]:
    return text_message
