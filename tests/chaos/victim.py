"""A process that runs executions until it is killed: by itself at a write point, or from outside.

    python victim.py URL LOG EXECUTIONS POINT COUNT LEASE_S

Each effect appends one line to LOG as a tenant would see it: when the request arrives. POINT is
where the process kills itself the COUNT-th time it gets there; ``none`` runs to the end, and
``disk full`` has the system refuse to let files grow, now and then. At SIGUSR1 the wall clock
steps back by an hour. Prints a JSON line at the end: what was stuck.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from sluiceway.actions.base import ActionContext, ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.engine.base import Engine, EngineSettings, World
from sluiceway.engine.live import Live
from sluiceway.engine.service import Executions, StartRequest
from sluiceway.engine.worker import Worker
from sluiceway.errors import StorageError
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.masking import Masker
from sluiceway.models.message import Channel, EmailContent, QueuedMessage
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.base import BEFORE_SENDING
from sluiceway.storage import open_store
from sluiceway.storage.durable import ExecutionFilter
from sluiceway.vault.keyring import Keyring

WRITES = ("create_many", "claim", "append", "sleep", "finish", "heartbeat")
POINTS = (
    *(f"{moment} {write}" for write in WRITES[:-1] for moment in ("before", "after")),
    *(
        f"{moment} {step}"
        for step in ("first", "create", "mail", "post")
        for moment in ("in", "sent", "done")
    ),
)


class Killer:
    """Kills the process the *count*-th time it gets to *point*."""

    def __init__(self, point: str, count: int) -> None:
        self.point, self._left = point, count

    def at(self, point: str) -> None:
        if point == self.point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class DyingStore:
    """An execution store that may not survive its own writes."""

    def __init__(self, store: Any, killer: Killer) -> None:
        self._store, self._killer = store, killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in WRITES:
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._killer.at(f"before {name}")
            # The commit is on disk when this returns, and nobody has heard of it yet.
            result = await method(*args, **kwargs)
            self._killer.at(f"after {name}")
            return result

        return call


class Free(Params):
    value: Any = None


class Actions:
    """Steps whose effect is a line in the log."""

    def __init__(self, log: Path, killer: Killer) -> None:
        self._log = log
        self._file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._killer = killer
        self._installed = InstalledActions()
        self._specs = {name: self._spec(name) for name in ("REPEAT", "CREATE", "MAIL", "POST")}

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        if type_ == "FLOW":
            return self._installed.find(type_, action)
        return self._specs.get(action)

    def _spec(self, action: str) -> ActionSpec[Any]:
        return ActionSpec(
            type_="TEST",
            action=action,
            title=action,
            summary="",
            params=Free,
            run=self._run,
            output={},
            effect=Effect.ONCE if action in {"CREATE", "POST"} else Effect.REPEATABLE,
            source="tests",
            example={},
            reconcile=self._reconcile if action == "CREATE" else None,
        )

    async def _run(self, params: Free, context: ActionContext) -> StepOutcome:
        await asyncio.sleep(0.001)
        self._killer.at(f"in {context.step_id}")
        line = f"{context.execution_id} {context.step_id} {params.value}\n"
        before = BEFORE_SENDING.get()
        if before is not None:
            before()
        os.write(self._file, line.encode())
        self._killer.at(f"sent {context.step_id}")
        await asyncio.sleep(0.001)
        self._killer.at(f"done {context.step_id}")
        messages = ()
        if context.step_id == "mail":
            content = EmailContent(to="a@x.example", subject="s", html="h")
            messages = (QueuedMessage(channel=Channel.EMAIL, content=content),)
        return StepOutcome(output={"status": 200}, messages=messages)

    async def _reconcile(self, _params: Free, context: ActionContext) -> StepOutcome | None:
        made = f"{context.execution_id} {context.step_id} " in self._log.read_text()
        return StepOutcome(output={"status": 201}) if made else None


def flow() -> Flow:
    """Return a flow with every kind of step; *post* cannot be looked up afterwards."""
    read = "{{ actions.create.status }}"
    test = {"type": "TEST", "params": {"value": "{{ vars.id }}"}}
    actions: list[Any] = [
        {
            "id": "vars",
            "type": "FLOW",
            "action": "STORE_VARS",
            "params": {"vars": {"id": "{{ functions.uuid() }}"}},
        },
        {"id": "first", "action": "REPEAT", **test},
        {"id": "create", "action": "CREATE", **test},
        {
            "id": "if",
            "type": "FLOW",
            "action": "BOOLEAN_CONDITION",
            "params": {
                "if": {"operator": "EXISTS", "operands": [read]},
                "then": [{"id": "mail", "action": "MAIL", **test}],
                "else": [{"id": "wrong", "action": "REPEAT", **test}],
            },
        },
        {
            "id": "wait",
            "type": "FLOW",
            "action": "DELAY_FLOW",
            "params": {"number": 1, "units": "SECONDS"},
        },
        {"id": "last", "action": "REPEAT", **test},
        {"id": "post", "action": "POST", **test},
        {"id": "end", "type": "FLOW", "action": "DO_NOTHING", "params": {}},
    ]
    return replace(Flow.from_json({"name": "Chaos", "actions": actions}), id="af_c")


class SteppingClock:
    """A wall clock that steps back by an hour when it is told to."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def step_back(self) -> None:
        self._offset -= timedelta(hours=1)

    def now(self) -> datetime:
        return utc_now() + self._offset


async def refuse_growth(database: Path) -> None:
    """Let no file grow for a while, now and then: what a full disk is to a database."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    chance = random.Random(os.getpid())  # noqa: S311 - when to be full
    names = (database, database.with_name(f"{database.name}-wal"))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    while True:
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        # The log of effects is smaller, and goes on.
        largest = max((path.stat().st_size for path in names if path.exists()), default=0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 1, most))
        try:
            await asyncio.sleep(chance.uniform(0.1, 0.6))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


async def patiently(call: Any, *args: Any, **kwargs: Any) -> Any:
    """Call the store as a client does that tries again."""
    while True:
        try:
            return await call(*args, **kwargs)
        except StorageError:
            await asyncio.sleep(0.05)


def open_patiently(url: str) -> Any:
    """Open the store as a supervisor does that starts a process again."""
    while True:
        try:
            return open_store(url)
        except StorageError:
            time.sleep(0.2)


async def count_stuck(store: Any, since: datetime) -> int:
    """Return how many run under a claim that was made before *since* and was not renewed."""
    matching = ExecutionFilter(statuses=(ExecutionStatus.RUNNING,))
    rows = await patiently(store.list, matching, limit=2000)
    return sum(row.updated_at < since and (row.ready_at or since) < since for row in rows)


async def main(url: str, log: str, executions: int, killer: Killer, lease_s: float) -> None:
    """Enqueue what is not there yet and work until all has ended."""
    began = utc_now()
    store = open_patiently(url)
    nothing: Any = None
    world = World(
        tenant=nothing,
        send=nothing,
        connections=nothing,
        require_provider=nothing,
        codes=store.codes,
    )
    dying: Any = DyingStore(store.executions, killer)
    clock = SteppingClock()
    engine = Engine(
        store=dying,
        actions=Actions(Path(log), killer),
        sealer=Keyring({1: bytes(32)}),
        new_masker=Masker,
        settings=EngineSettings(lease=timedelta(seconds=lease_s), max_takeovers=100),
        now=clock.now,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, clock.step_back)
    live = Live()
    service = Executions(engine, live)
    worker = Worker(engine, world, live, concurrency=50)
    working = asyncio.create_task(worker.run())
    print("up", flush=True)  # noqa: T201 - the parent waits for it
    filling: asyncio.Task[None] | None = None
    if killer.point == "disk full":
        filling = asyncio.create_task(refuse_growth(Path(url.removeprefix("sqlite:///"))))
    chaos = flow()
    for start in range(0, executions, 50):
        keys = range(start, min(start + 50, executions))
        requests = [StartRequest(input=ExecutionInput(), idempotency_key=f"k{k}") for k in keys]
        await patiently(service.start_many, chaos, requests)
    ended = {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED}
    stuck: int | None = None
    up_s = time.monotonic()
    while True:
        counts = await patiently(service.count_by_status)
        if sum(counts[status] for status in ended) == executions:
            break
        if stuck is None and time.monotonic() - up_s > lease_s + 5:
            stuck = await count_stuck(store.executions, began)
        await asyncio.sleep(0.02)
    if filling is not None:
        filling.cancel()
    worker.stop()
    await working
    await store.close()
    print(json.dumps({"stuck": stuck or 0}), flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    _, url, log, executions, point, count, lease_s = sys.argv
    asyncio.run(main(url, log, int(executions), Killer(point, int(count)), float(lease_s)))
