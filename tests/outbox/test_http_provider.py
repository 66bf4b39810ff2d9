"""A provider behind HTTP that is ill: nothing is lost, or doubled beyond what is promised."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from sluiceway.api.app import build_app
from sluiceway.api.services import Services
from sluiceway.bootstrap import open_application
from sluiceway.engine.messages import new_messages
from sluiceway.management import email_provider
from sluiceway.models.message import Channel, EmailContent, QueuedMessage
from sluiceway.models.timestamps import utc_now
from sluiceway.providers.signing import is_signed
from sluiceway.settings import load_settings
from sluiceway.storage.durable import OutboxFilter, OutboxStatus

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "made-up-webhook-secret"


@dataclass
class Hook:
    """A real HTTP server; *ills* happen one after the other, then all is well.

    ``hang up`` takes the message and closes without an answer; ``slow`` answers too late.
    """

    ills: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    unsigned: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = {
                    name.lower(): value
                    for name, _, value in (
                        line.partition(": ") for line in head.split("\r\n")[1:] if line
                    )
                }
                body = await reader.readexactly(int(headers["content-length"]))
                if not await self._answer(writer, headers, body):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(
        self, writer: asyncio.StreamWriter, headers: dict[str, str], body: bytes
    ) -> bool:
        ill = self.ills.pop(0) if self.ills else ""
        if not is_signed(headers, body, secret=SECRET, now=datetime.now(UTC)):
            self.unsigned += 1
        if ill == "500":
            await self._write(writer, "500 Internal Server Error")
            return True
        if ill == "429":
            await self._write(writer, "429 Too Many Requests", "retry-after: 1\r\n")
            return True
        self.taken.append({"key": headers["idempotency-key"], **json.loads(body)})
        if ill == "hang up":
            return False
        if ill == "slow":
            await asyncio.sleep(2)
        await self._write(writer, "200 OK")
        return True

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, status: str, more: str = "") -> None:
        body = b'{"id": "c1"}'
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode() + body
        )
        await writer.drain()


async def deliver(folder: Path, hook: Hook, count: int) -> list[Any]:
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = load_settings(
        environment={
            "SLUICEWAY_DATABASE_URL": f"sqlite:///{folder}/box.db",
            "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1",
        },
        folder=folder,
    )
    async with open_application(
        settings, make_api=lambda application: build_app(Services(tenant=application.tenant))
    ) as application:
        await email_provider.create_provider(
            application.tenant.environment,
            {
                "name": "custom",
                "credentials": {
                    "webhook_url": f"http://127.0.0.1:{port}/mail",
                    "webhook_secret": SECRET,
                },
                "default_from_address": "shop@x.example",
            },
        )
        outbox = application.store.outbox
        for number in range(count):
            content = EmailContent(to=f"user{number}@x.example", subject="s", html="<p>h</p>")
            (row,) = new_messages(
                (QueuedMessage(channel=Channel.EMAIL, content=content),),
                execution_id=f"afe_{number}",
                step_id="mail",
                at=utc_now(),
                sealer=application.keyring,
                shown=lambda value: value,
            )
            await outbox.enqueue(row)
        worker = application.new_outbox_worker()
        worker._deliveries = replace(
            worker._deliveries,
            settings=replace(
                worker._deliveries.settings,
                timeout=timedelta(seconds=1),
                first_retry=timedelta(milliseconds=100),
                longest_retry=timedelta(milliseconds=200),
                concurrency=5,
            ),
        )
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(30):
            while (await outbox.count_by_status())[OutboxStatus.SENT] < count:
                await asyncio.sleep(0.05)
        worker.stop()
        await running
        rows = await outbox.list(OutboxFilter(), limit=100)
        await application.sender.close()
    server.close()
    return rows


@pytest.mark.parametrize(
    ("ill", "may_repeat"),
    [("500", False), ("429", False), ("hang up", True), ("slow", True)],
)
def test_an_ill_provider_gets_each_message_under_one_key(
    tmp_path: Path, ill: str, *, may_repeat: bool
) -> None:
    hook = Hook(ills=[ill] * 7)

    rows = asyncio.run(deliver(tmp_path, hook, 12))

    assert {row.status for row in rows} == {OutboxStatus.SENT}
    assert hook.unsigned == 0
    keys = Counter(message["key"] for message in hook.taken)
    assert set(keys) == {f"afe_{number}:mail" for number in range(12)}
    if may_repeat:
        # Repeats are told by the key and the Message-ID: the receiver has each message once.
        assert sum(keys.values()) == 12 + 7
    else:
        assert sum(keys.values()) == 12
    ids = {(m["key"], m["notification"]["message_id"]) for m in hook.taken}
    assert len(ids) == 12
    assert all(m["notification"]["locale"] is None for m in hook.taken)
