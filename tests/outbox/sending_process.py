"""A process that fills an outbox, or sends from it until it is killed: for test_crashes.py."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from sluiceway.engine.delivery import Deliveries, OutboxSettings
from sluiceway.engine.messages import new_messages
from sluiceway.engine.outbox import OutboxWorker
from sluiceway.models.message import Channel, EmailContent, QueuedMessage
from sluiceway.models.timestamps import utc_now
from sluiceway.providers.base import ConfiguredProvider, Receipt
from sluiceway.providers.choice import Providers
from sluiceway.storage import open_store
from sluiceway.storage.durable import OutboxStatus


class Plain:
    def seal(self, plaintext: bytes, *, identity: str) -> bytes:
        del identity
        return plaintext

    def open(self, sealed: bytes, *, identity: str) -> bytes:
        del identity
        return sealed


class Directory:
    async def email(self) -> ConfiguredProvider | None:
        return ConfiguredProvider(
            name="sendgrid", credentials={"api_key": "SG.made-up"}, default_from="a@b.example"
        )

    async def phone(self) -> ConfiguredProvider | None:
        return None


class Appending:
    """The service: what reached it is a line in a file."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def send_email(self, chosen: Any, message: Any) -> Receipt:
        del chosen
        await asyncio.sleep(0.02)
        os.write(self._handle, (json.dumps({"key": message.idempotency_key}) + "\n").encode())
        await asyncio.sleep(0.02)
        return Receipt("r")

    async def send_phone(self, chosen: Any, message: Any) -> Receipt:
        raise AssertionError("only emails are queued here")


async def main(url: str, sent: str, verb: str, number: int) -> None:
    store = open_store(url)
    try:
        if verb == "fill":
            for index in range(number):
                content = EmailContent(to="ada@x.example", subject="Hi", html="<p>Hi</p>")
                (row,) = new_messages(
                    (QueuedMessage(channel=Channel.EMAIL, content=content),),
                    execution_id=f"afe_{index}",
                    step_id="send",
                    at=utc_now(),
                    sealer=Plain(),
                    shown=lambda value: value,
                )
                await store.outbox.enqueue(row)
            return
        deliveries = Deliveries(
            providers=Providers(Directory()),
            sender=Appending(Path(sent)),
            sealer=Plain(),
            buckets=store.buckets,
            now=utc_now,
            chance=random.Random(),  # noqa: S311 - jitter
            settings=OutboxSettings(concurrency=5, lease=timedelta(milliseconds=300)),
        )
        worker = OutboxWorker(store.outbox, deliveries)
        running = asyncio.create_task(worker.run())
        while True:
            counts = await store.outbox.count_by_status()
            if number and not counts[OutboxStatus.QUEUED] + counts[OutboxStatus.SENDING]:
                break
            await asyncio.sleep(0.05)
        worker.stop()
        await running
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
