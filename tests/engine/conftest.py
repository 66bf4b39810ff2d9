"""A laboratory for the engine: a store of each kind, actions that tell what they did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import force_setattr, replace

from sluiceway.actions.base import ActionContext, ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.catalogue import InstalledActions
from sluiceway.engine.base import Engine, EngineSettings, World
from sluiceway.engine.live import Live
from sluiceway.engine.service import Executions
from sluiceway.engine.worker import Worker
from sluiceway.errors import AnswerLost, StorageError, TargetUnreachable
from sluiceway.models.execution import ExecutionInput
from sluiceway.models.flow import Flow
from sluiceway.models.masking import Masker
from sluiceway.models.message import Channel, EmailContent, QueuedMessage
from sluiceway.models.timestamps import utc_now
from sluiceway.storage import open_store
from tests.stores import open_for_test

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

ADAPTERS = [
    "sqlite file",
    "sqlite memory",
    pytest.param("postgres", marks=pytest.mark.postgres),
]


class Seal:
    """A seal that tells whose row it is for, and hides nothing."""

    def seal(self, plaintext: bytes, *, identity: str) -> bytes:
        return identity.encode() + b"|" + plaintext[::-1]

    def open(self, sealed: bytes, *, identity: str) -> bytes:
        owner, _, body = sealed.partition(b"|")
        assert owner == identity.encode()
        return body[::-1]


class Free(Params):
    value: Any = None
    secret: str = ""
    wait: float = 0
    body: str = ""
    fail: int = 0
    lost: bool = False


@dataclass
class Actions:
    """The actions of the tests beside the real FLOW family; *calls* lists what was carried out."""

    calls: list[str] = field(default_factory=list)
    began: dict[str, datetime] = field(default_factory=dict)
    reconciled: StepOutcome | None = None
    installed: InstalledActions = field(default_factory=InstalledActions)
    gate: asyncio.Event | None = None
    hooks: dict[str, Callable[[ActionContext], Awaitable[None]]] = field(default_factory=dict)

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        if type_ == "FLOW":
            return self.installed.find(type_, action)
        if type_ != "TEST":
            return None
        kinds = {
            "PURE": Effect.PURE,
            "REPEAT": Effect.REPEATABLE,
            "ONCE": Effect.ONCE,
            "CREATE": Effect.ONCE,
            "MAIL": Effect.REPEATABLE,
        }
        effect = kinds.get(action)
        return None if effect is None else self._spec(action, effect)

    def _spec(self, action: str, effect: Effect) -> ActionSpec[Any]:
        return ActionSpec(
            type_="TEST",
            action=action,
            title=action,
            summary="",
            params=Free,
            run=self.run_mail if action == "MAIL" else self.run,
            output={},
            effect=effect,
            source="tests",
            example={},
            liquid_params=("body",),
            secret_params=("/secret",),
            secret_outputs=("/code",),
            reconcile=self.reconcile if action == "CREATE" else None,
        )

    async def run(self, params: Free, context: ActionContext) -> StepOutcome:
        self.calls.append(context.step_id)
        self.began[context.step_id] = context.attempt_began_at
        if context.step_id in self.hooks:
            await self.hooks[context.step_id](context)
        if params.wait:
            await asyncio.sleep(params.wait)
        if params.fail and self.calls.count(context.step_id) <= params.fail:
            raise (AnswerLost if params.lost else TargetUnreachable)("nobody there")
        return StepOutcome(output={"got": params.value, "code": params.secret}, status_code=200)

    async def run_mail(self, params: Free, context: ActionContext) -> StepOutcome:
        self.calls.append(context.step_id)
        content = EmailContent(to=str(params.value), subject="Hi", html=params.body)
        return StepOutcome(
            output={"success": True},
            messages=(QueuedMessage(channel=Channel.EMAIL, content=content),),
        )

    async def reconcile(self, _params: Free, context: ActionContext) -> StepOutcome | None:
        self.calls.append(f"{context.step_id}?")
        self.began[f"{context.step_id}?"] = context.attempt_began_at
        return self.reconciled


class Clock:
    """A wall clock that tests can set; otherwise it goes with the machine's."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return utc_now() + self.offset


class Lab:
    """One database and everything over it; ``open`` again after ``close`` is a restart."""

    def __init__(
        self, url: str, settings: EngineSettings | None = None, *, follows: bool = True
    ) -> None:
        self.url = url
        self.follows = follows
        self.actions = Actions()
        self.clock = Clock()
        lease = timedelta(seconds=1 if url.startswith("postgresql") else 2)
        self.settings = settings or EngineSettings(lease=lease)
        self.store: Store
        self.executions: Executions
        self.worker: Worker
        self._working: asyncio.Task[None] | None = None

    def open(self) -> None:
        # Delays pass as the lab's clock says, unless the test is about the store's own.
        self.store = open_for_test(self.url) if self.follows else open_store(self.url)
        nothing: Any = None
        self.world = World(
            tenant=nothing,
            send=nothing,
            connections=nothing,
            require_provider=nothing,
            codes=self.store.codes,
        )
        self.engine = Engine(
            store=self.store.executions,
            actions=self.actions,
            sealer=Seal(),
            new_masker=Masker,
            settings=self.settings,
            now=self.clock.now,
        )
        self.live = Live()
        self.executions = Executions(self.engine, self.live)
        self.worker = Worker(self.engine, self.world, self.live, concurrency=20)

    def work(self) -> None:
        self._working = asyncio.create_task(self.worker.run())

    async def rest(self) -> None:
        if self._working is not None:
            self.worker.stop()
            await self._working
            self._working = None

    async def die(self) -> None:
        """Stop as kill -9 does, as far as the database can tell: nothing is given back."""
        assert self._working is not None
        force_setattr(self.engine, "store", _Dead(self.store.executions))
        self._working.cancel()
        await asyncio.wait([self._working])
        self._working = None
        force_setattr(self.engine, "store", self.store.executions)
        self.worker = Worker(self.engine, self.world, self.live, concurrency=20)

    async def close(self) -> None:
        await self.rest()
        await self.store.close()

    def flow(self, *actions: dict[str, Any]) -> Flow:
        return replace(
            Flow.from_json({"name": "Test", "actions": list(actions)}), id="af_1", version=3
        )

    async def run(self, *actions: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Run a flow to its end and return its debug record, with the status in it."""
        id_ = await self.executions.start(self.flow(*actions), ExecutionInput(fields=fields))
        return await self.end_of(id_)

    async def end_of(self, id_: str, timeout_s: float = 10) -> dict[str, Any]:
        assert await self.executions.wait(id_, timeout_s=timeout_s)
        record: Any = await self.executions.get(id_, debug=True)
        debug: dict[str, Any] = record["debug"]
        return {**debug, "id": id_, "status": record["status"]}


async def _refuse(*_: object, **__: object) -> None:
    raise StorageError("the process is dead")


class _Dead:
    """The store as a dead process has it: none of its writes arrive."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        if name in {"append", "sleep", "finish", "release", "claim", "heartbeat"}:
            return _refuse
        return getattr(self._store, name)


def step(id_: str, action: str, **params: Any) -> dict[str, Any]:
    extra = {key: params.pop(key) for key in ("allow_failure", "mask_output") if key in params}
    type_ = "TEST" if action in {"PURE", "REPEAT", "ONCE", "CREATE", "MAIL"} else "FLOW"
    return {"id": id_, "type": type_, "action": action, "params": params, **extra}


@pytest.fixture(name="step")
def step_fixture() -> Callable[..., dict[str, Any]]:
    return step


@pytest.fixture(params=ADAPTERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        return new_database()
    return f"sqlite:///{tmp_path}/test.db" if request.param == "sqlite file" else "sqlite://"


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/test.db"


@pytest.fixture
def lab() -> Callable[..., Any]:
    @asynccontextmanager
    async def make(
        url: str,
        settings: EngineSettings | None = None,
        *,
        works: bool = True,
        follows: bool = True,
    ) -> AsyncIterator[Lab]:
        made = Lab(url, settings, follows=follows)
        made.open()
        if works:
            made.work()
        try:
            yield made
        finally:
            await made.close()

    return make
