"""Messages a second into the outbox, and out to a local SMTP server.

    python -m bench outbox

What goes out is compared with bare aiosmtplib: as many pooled connections, the same bytes for every
mail, nothing looked up, written, sealed or noted. The server is a process of its own that does as
little as it may. Each figure is the median of rounds that take turns.

SQLite has one writing process, so its two workers share one; PostgreSQL's are processes.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosmtplib

from bench.rows import Row
from sluiceway.engine.delivery import Deliveries, OutboxSettings
from sluiceway.engine.messages import new_messages
from sluiceway.engine.outbox import OutboxWorker
from sluiceway.models.message import Channel, EmailContent, QueuedMessage
from sluiceway.models.timestamps import utc_now
from sluiceway.providers.base import ConfiguredProvider
from sluiceway.providers.choice import Providers
from sluiceway.providers.mime import build_mime
from sluiceway.providers.resolve import Posting, resolve_email
from sluiceway.providers.sender import Sender, open_smtp_sender
from sluiceway.storage import open_store
from sluiceway.storage.durable import OutboxStatus
from sluiceway.vault.keyring import Keyring

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = 1500
ROUNDS = 3
CONNECTIONS = 20
TARGET = 0.5
SENDER = "no-reply@shop.example"
CONTENT = EmailContent(
    to="ada@x.example",
    subject="Your code",
    html="<p>Hello Ada,</p><p>your code is <b>123456</b>. It is good for five minutes.</p>",
)
_WHY_MISSED = (
    "PostgreSQL runs on the same cores: claims, completions and their commits cost it more than the"
    " mail costs the worker"
)
SINK = Path(__file__).with_name("_smtp_sink.py")


class Directory:
    """One SMTP provider."""

    def __init__(self, port: int) -> None:
        credentials: Any = {"smtp_host": "127.0.0.1", "smtp_port": port}
        self._configured = ConfiguredProvider(
            name="smtp", credentials=credentials, default_from=SENDER
        )

    async def email(self) -> ConfiguredProvider | None:
        return self._configured

    async def phone(self) -> ConfiguredProvider | None:
        return None


@contextmanager
def smtp_sink() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, str(SINK)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate()


def keyring() -> Keyring:
    return Keyring({1: bytes(32)})


async def bare(port: int) -> float:
    """Return mails a second of aiosmtplib by itself."""
    now = utc_now()
    posting = Posting(id="msg_1", idempotency_key="k", created_at=now, at=now)
    data = build_mime(resolve_email(CONTENT, posting, default_from=SENDER))
    left = MESSAGES

    async def connection() -> None:
        nonlocal left
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await client.connect()
        while left > 0:
            left -= 1
            await client.sendmail(SENDER, [CONTENT.to], data)
        await client.quit()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return MESSAGES / (time.perf_counter() - began)


async def fill(store: Any, run: str) -> float:
    """Return messages a second into the outbox, each in a write of its caller's."""
    sealer = keyring()
    gate = asyncio.Semaphore(50)

    async def one(number: int) -> None:
        async with gate:
            (row,) = new_messages(
                (QueuedMessage(channel=Channel.EMAIL, content=CONTENT),),
                execution_id=f"afe_{run}_{number}",
                step_id="mail",
                at=utc_now(),
                sealer=sealer,
                shown=lambda value: value,
            )
            await store.outbox.enqueue(row)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(MESSAGES)))
    return MESSAGES / (time.perf_counter() - began)


def new_worker(store: Any, port: int) -> tuple[OutboxWorker, Sender]:
    nothing: Any = None
    sender = Sender(nothing, open_smtp_sender)
    deliveries = Deliveries(
        providers=Providers(Directory(port)),
        sender=sender,
        sealer=keyring(),
        buckets=store.buckets,
        now=utc_now,
        chance=random.Random(1),
        settings=OutboxSettings(concurrency=CONNECTIONS),
    )
    return OutboxWorker(store.outbox, deliveries, queues=("email",)), sender


async def all_sent(store: Any, before: int) -> None:
    while (await store.outbox.count_by_status())[OutboxStatus.SENT] < before + MESSAGES:  # noqa: ASYNC110 - seen from outside
        await asyncio.sleep(0.05)


async def here(url: str, port: int, workers: int, run: str) -> tuple[float, float]:
    """Return messages a second in and out, with workers in this process."""
    store = open_store(url)
    try:
        into = await fill(store, run)
        made = [new_worker(store, port) for _ in range(workers)]
        began = time.perf_counter()
        tasks = [asyncio.create_task(worker.run()) for worker, _ in made]
        await all_sent(store, 0)
        out = MESSAGES / (time.perf_counter() - began)
        for worker, _ in made:
            worker.stop()
        await asyncio.gather(*tasks)
        for _, sender in made:
            await sender.close()
        return into, out
    finally:
        await store.close()


async def elsewhere(url: str, port: int, workers: int, run: str) -> tuple[float, float]:
    """Return messages a second in and out, with each worker in a process of its own."""
    store = open_store(url)
    command = [sys.executable, "-m", "bench.outbox", "worker", url, str(port)]
    processes = [
        subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(workers)
    ]
    try:
        into = await fill(store, run)
        before = (await store.outbox.count_by_status())[OutboxStatus.SENT]
        for process in processes:
            process.stdout.readline()
        began = time.perf_counter()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        await all_sent(store, before)
        return into, MESSAGES / (time.perf_counter() - began)
    finally:
        for process in processes:
            process.communicate()
        await store.close()


async def serve(url: str, port: int) -> None:
    """Be a worker process: open everything, say so, go on command, stop at the end of input."""
    store = open_store(url)
    worker, sender = new_worker(store, port)
    await store.outbox.count_by_status()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    task = asyncio.create_task(worker.run())
    await loop.run_in_executor(None, sys.stdin.read)
    worker.stop()
    await task
    await sender.close()
    await store.close()


def measure(port: int, folder: Path, new_database: Any) -> tuple[float, dict[str, Any]]:
    """Return bare mails a second, and what each arrangement gave, by name."""
    plain: list[float] = []
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(ROUNDS):
        plain.append(asyncio.run(bare(port)))
        for workers in (1, 2):
            url = f"sqlite:///{folder}/{number}-{workers}.db"
            pair = asyncio.run(here(url, port, workers, f"{number}"))
            found.setdefault(f"SQLite, {_workers(workers)}", []).append(pair)
            if new_database is not None:
                pair = asyncio.run(elsewhere(new_database(), port, workers, f"{number}"))
                found.setdefault(f"PostgreSQL, {_workers(workers)}", []).append(pair)
    return statistics.median(plain), {
        name: [statistics.median(column) for column in zip(*pairs, strict=True)]
        for name, pairs in found.items()
    }


def _workers(number: int) -> str:
    return "1 worker" if number == 1 else f"{number} workers"


def run() -> list[Row]:
    """Return the section's rows."""
    from tests.postgres_cluster import Cluster

    cluster = Cluster.make(fsync="on")
    try:
        if cluster is not None:
            cluster.start()
        with smtp_sink() as port, tempfile.TemporaryDirectory() as folder:
            new_database = cluster.new_database if cluster else None
            plain, found = measure(port, Path(folder), new_database)
    finally:
        if cluster is not None:
            with suppress(AssertionError):
                cluster.destroy()
    rows = [
        Row(
            what="bare aiosmtplib",
            measured=f"{plain:,.0f} mails/s",
            note=f"{CONNECTIONS} pooled connections, the same prepared bytes for every mail",
        )
    ]
    for name, (into, out) in found.items():
        if "1 worker" in name:
            rows.append(
                Row(what=f"into the outbox, {name.partition(',')[0]}", measured=f"{into:,.0f}/s")
            )
        ratio = out / plain
        rows.append(
            Row(
                what=f"out to SMTP, {name}",
                measured=f"{out:,.0f} mails/s, {ratio:.2f} of bare",
                target=f"{TARGET}",
                is_met=ratio >= TARGET,
                note=_WHY_MISSED if ratio < TARGET and name.startswith("PostgreSQL") else "",
            )
        )
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(serve(sys.argv[2], int(sys.argv[3])))
    else:
        for line in run():
            print(line.what, "|", line.measured)
