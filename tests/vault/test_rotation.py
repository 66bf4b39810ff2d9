"""Rotation: every secret under the new key, nothing that runs disturbed, whatever interrupts it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.engine.base import Engine, World
from sluiceway.engine.live import Live
from sluiceway.engine.sealed_rows import identity_of
from sluiceway.engine.service import Executions
from sluiceway.engine.worker import Worker
from sluiceway.errors import StorageError
from sluiceway.models.execution import ExecutionInput, ExecutionStatus
from sluiceway.models.flow import Flow
from sluiceway.models.masking import Masker
from sluiceway.models.timestamps import utc_now
from sluiceway.storage.base import Document, SealedValue
from sluiceway.storage.open import open_store
from sluiceway.vault.cipher import key_version_of
from sluiceway.vault.connections import KIND, StoredConnections
from sluiceway.vault.data_keys import DataKeys, KeyState, watch_keys
from sluiceway.vault.keyring import Keyring
from sluiceway.vault.master_key import LocalKey
from sluiceway.vault.rotation import Rotation, RotationReport, sweep_keys, verify

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

MASTER = LocalKey(bytes(range(32)))
SETUP = {"type": "BEARER", "token": "canary-s3cret-token"}


class Clock:
    """A clock that a test can set forward."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.offset


class Vault:
    """One process's view of a database: its keyring, its connections, its rotations."""

    def __init__(self, store: Store, keys: DataKeys, ring: Keyring) -> None:
        self.store, self.keys, self.ring = store, keys, ring
        self.connections = StoredConnections(store.documents, ring)

    @classmethod
    async def open(cls, store: Store, clock: Clock | None = None) -> Vault:
        keys = DataKeys(store.documents, MASTER, clock or utc_now)
        return cls(store, keys, await keys.load())

    def rotation(self, **more: Any) -> Rotation:
        return Rotation(
            keys=self.keys,
            keyring=self.ring,
            sealed=self.store.sealed,
            identity_of=identity_of,
            **more,
        )

    async def fill(self, count: int) -> None:
        now = utc_now()
        await asyncio.gather(
            *(
                self.store.documents.insert(
                    Document(
                        kind=KIND,
                        id=f"ac_{number}",
                        body={"name": f"c{number}", "app_id": "HTTP", "fingerprint": "f"},
                        created_at=now,
                        updated_at=now,
                        secret=self.ring.seal(b'{"type":"BEARER"}', identity=f"{KIND}/ac_{number}"),
                    )
                )
                for number in range(count)
            )
        )

    async def versions(self) -> set[int]:
        report = await verify(self.keys, self.ring, self.store.sealed, identity_of=identity_of)
        assert report.broken == []
        return set(report.by_version)


class Call(Params):
    connection_id: str


class Actions:
    """One action, that opens its connection and fails where it cannot."""

    def __init__(self) -> None:
        self.spec = ActionSpec(
            type_="TEST",
            action="OPEN",
            title="Open",
            summary="",
            params=Call,
            run=self.run,
            output={},
            effect=Effect.REPEATABLE,
            source="tests",
            example={},
        )

    async def run(self, params: Call, context: Any) -> StepOutcome:
        found = await context.open_connection(params.connection_id, "HTTP")
        assert found.setup == {"type": "BEARER"}
        return StepOutcome(output={"ready": found.ready})

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        del type_, action
        return self.spec


def flow_of(number: int) -> Flow:
    step = {"type": "TEST", "action": "OPEN", "params": {"connection_id": f"ac_{number}"}}
    return Flow.from_json(
        {
            "name": f"f{number}",
            "actions": [{"id": "one", **step}, {"id": "two", **step}],
        }
    )


async def run_under_load(
    vault: Vault, until: asyncio.Event, *, connections: int = 10_000
) -> list[str]:
    """Run flows over random connections until the event; return the status of each."""
    nothing: Any = None
    engine = Engine(
        store=vault.store.executions, actions=Actions(), sealer=vault.ring, new_masker=Masker
    )
    world = World(
        tenant=nothing,
        send=nothing,
        connections=vault.connections,
        require_provider=nothing,
        codes=nothing,
    )
    live = Live()
    executions, worker = Executions(engine, live), Worker(engine, world, live, concurrency=10)
    working = asyncio.create_task(worker.run())
    ids: list[str] = []
    number = 0
    while not until.is_set():
        flows = [flow_of((number + i) * 37 % connections) for i in range(10)]
        number += 10
        ids += await asyncio.gather(
            *(executions.start(flow, ExecutionInput(fields={})) for flow in flows)
        )
        await asyncio.sleep(0.02)
    for id_ in ids:
        assert await executions.wait(id_, timeout_s=30)
    worker.stop()
    await working
    records: list[Any] = [await executions.get(id_) for id_ in ids]
    return [record["status"] for record in records]


def test_ten_thousand_connections_are_rotated_under_load_and_no_run_fails(tmp_path: Path) -> None:
    """Interrupted three times on the way; at the end nothing is left under the old key."""

    async def scenario() -> None:
        store = open_store(f"sqlite:///{tmp_path}/s.db")
        vault = await Vault.open(store)
        await vault.fill(10_000)
        done = asyncio.Event()
        load = asyncio.create_task(run_under_load(vault, done))
        await asyncio.sleep(0.3)
        for _ in range(3):
            await _interrupt(vault, 2_000)
            await asyncio.sleep(0.2)
        assert 0 < await _left(store) <= 4_000
        report = await vault.rotation().run()
        done.set()
        statuses = await load

        assert report.was_resumed
        assert (report.version, report.broken, report.retired) == (2, [], (1,))
        assert len(statuses) >= 50
        assert set(statuses) == {str(ExecutionStatus.COMPLETED)}
        assert await vault.versions() == {2}
        assert (await (await Vault.open(store)).connections.get("ac_9999")).ready
        await store.close()

    asyncio.run(scenario())


async def _interrupt(vault: Vault, at: int) -> None:
    """Begin a rotation and stop it dead once it has sealed *at* values anew."""

    def stop(report: RotationReport) -> None:
        if report.resealed >= at:
            task.cancel()

    task = asyncio.create_task(vault.rotation().run(progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _left(vault.store) > 0


async def _left(store: Store) -> int:
    """Return how many connections are still under the first key."""
    values: list[SealedValue] = []
    while page := await store.sealed.list(
        "document", after=values[-1] if values else None, limit=20_000
    ):
        values += page
    return sum(value.key[0] == KIND and key_version_of(value.value) == 1 for value in values)


def test_a_rotation_that_was_killed_goes_on_in_another_process(tmp_path: Path) -> None:
    """Kill -9 between any two of its writes; a new process finishes the same rotation."""
    url = f"sqlite:///{tmp_path}/s.db"

    async def prepare() -> None:
        store = open_store(url)
        await (await Vault.open(store)).fill(2_000)
        await store.close()

    async def finish() -> tuple[bool, set[int], list[KeyState]]:
        store = open_store(url)
        vault = await Vault.open(store)
        report = await vault.rotation().run()
        result = (
            report.was_resumed,
            await vault.versions(),
            [key.state for key in await vault.keys.overview()],
        )
        await store.close()
        return result

    asyncio.run(prepare())
    victim = Path(__file__).with_name("rotating_process.py")
    for writes in (1, 2, 4, 5):
        killed = subprocess.run(
            [sys.executable, str(victim), url, str(writes)], check=False, timeout=60
        )
        assert killed.returncode == -9
    assert asyncio.run(finish()) == (True, {2}, [KeyState.RETIRED, KeyState.ACTIVE])


@pytest.mark.postgres
def test_two_processes_on_postgresql_rotate_under_load(new_database: Callable[[], str]) -> None:
    """One runs flows with a keyring of its own and changes secrets, the other rotates."""

    async def scenario() -> None:
        url = new_database()
        ours, theirs = open_store(url), open_store(url)
        rotating, working = await Vault.open(ours), await Vault.open(theirs)
        await rotating.fill(2_000)
        watching = asyncio.create_task(
            watch_keys(working.keys, working.ring, every=timedelta(milliseconds=100))
        )
        done = asyncio.Event()
        load = asyncio.create_task(run_under_load(working, done, connections=2_000))
        changed: list[str] = []

        async def change() -> None:
            while not done.is_set():
                id_ = f"ac_{len(changed)}"
                await working.connections.update(id_, setup={"type": "BEARER"})
                changed.append(id_)

        changing = asyncio.create_task(change())
        await asyncio.sleep(0.3)
        report = await rotating.rotation(grace=timedelta(seconds=0.8)).run()
        done.set()
        await changing
        statuses = await load

        assert (report.version, report.broken, report.retired) == (2, [], (1,))
        assert len(statuses) >= 20
        assert set(statuses) == {str(ExecutionStatus.COMPLETED)}
        assert len(changed) > 20
        assert await rotating.versions() == {2}
        watching.cancel()
        await ours.close()
        await theirs.close()

    asyncio.run(scenario())


def test_every_kind_of_ciphertext_is_sealed_anew(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = await Vault.open(store)
        await vault.fill(10_000)
        done = asyncio.Event()
        load = asyncio.create_task(run_under_load(vault, done))
        await asyncio.sleep(0.1)
        done.set()
        await load
        token = vault.ring.seal(b"t", identity="token/ac_1/f")
        await store.shared.put("token/ac_1/f", token)
        await store.shared.put("session/x", b"\x01 no secret of the vault")
        before = await verify(vault.keys, vault.ring, store.sealed, identity_of=identity_of)
        assert {"document", "flow_snapshot", "execution", "shared_value"} <= set(before.by_place)

        report = await vault.rotation().run()

        assert await vault.versions() == {2}
        assert report.resealed == before.total
        assert report.by_place == before.by_place
        assert await store.shared.get("session/x", now=utc_now()) is not None
        again = await vault.rotation().run()
        assert (again.version, again.was_resumed, again.resealed) == (3, False, before.total)

    with_store(scenario)


def test_what_cannot_be_opened_is_named_and_its_key_stays(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = await Vault.open(store)
        await vault.fill(3)
        one, two = (await store.sealed.list("document", limit=2))[:2]
        damaged = one.value[:-1] + bytes([one.value[-1] ^ 1])
        assert await store.sealed.replace([(one, damaged)]) == 1
        assert await store.sealed.replace([(one, two.value)]) == 0

        report = await vault.rotation().run()

        assert report.broken == ["vault_connection/ac_0"]
        assert report.retired == ()
        found = await verify(vault.keys, vault.ring, store.sealed, identity_of=identity_of)
        assert (found.broken, found.by_version) == (["vault_connection/ac_0"], {2: 2})
        assert await store.documents.delete(KIND, "ac_0")
        finished = await vault.rotation().run()
        assert (finished.was_resumed, finished.version, finished.retired) == (True, 2, (1,))

    with_store(scenario)


def test_a_retired_key_is_kept_for_an_hour_and_as_long_as_it_is_used(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        clock = Clock()
        vault = await Vault.open(store, clock)
        await vault.fill(1)
        late = vault.ring.seal(b'{"type":"BEARER"}', identity=f"{KIND}/ac_0")
        assert (await vault.rotation().run()).deleted == ()
        clock.offset = timedelta(minutes=59)
        assert await vault.rotation().sweep() == ()
        (value,) = [v for v in await store.sealed.list("document") if v.key[0] == KIND]
        await store.sealed.replace([(value, late)])
        clock.offset = timedelta(minutes=61)
        assert await vault.rotation().sweep() == ()
        report = await vault.rotation().run()
        assert (report.version, report.resealed, report.deleted) == (3, 1, (1,))
        assert [key.version for key in await vault.keys.overview()] == [2, 3]

    with_store(scenario)


def test_old_keys_are_deleted_in_the_course_of_time(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        clock = Clock()
        vault = await Vault.open(store, clock)
        await vault.rotation().run()
        naps = 0

        async def nap(seconds: float) -> None:
            nonlocal naps
            naps += 1
            assert seconds == 3600
            if naps == 2:
                vault.keys.documents = Broken()  # type: ignore[assignment]
            if naps == 3:
                vault.keys.documents = store.documents
            if naps == 4:
                raise asyncio.CancelledError
            clock.offset += timedelta(seconds=seconds)

        class Broken:
            async def list(self, *_: Any, **__: Any) -> Any:
                raise StorageError("down")

        with pytest.raises(asyncio.CancelledError):
            await sweep_keys(vault.rotation(sleep=nap))
        assert [key.version for key in await vault.keys.overview()] == [2]

    with_store(scenario)


def test_other_processes_know_a_key_before_anything_is_sealed_with_it(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault, other = await Vault.open(store), await Vault.open(store)
        await vault.fill(5)
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            if not seconds:
                return
            waits.append(seconds)
            # What the other process does meanwhile: it reads the keys, and changes a secret.
            if len(waits) == 1:
                assert other.ring.active == 1
                other.ring.take_in(await other.keys.load())
                assert (other.ring.active, other.ring.versions) == (1, {1, 2})
                await other.connections.update("ac_1", setup=SETUP)
            else:
                assert (await other.connections.get("ac_2")).ready
                await other.connections.update("ac_3", setup=SETUP)
                other.ring.take_in(await other.keys.load())

        report = await vault.rotation(grace=timedelta(seconds=12), sleep=sleep).run()

        assert waits == [12, 12]
        assert report.resealed == 6
        assert await vault.versions() == {2}
        assert (await vault.connections.get("ac_3")).setup == SETUP

    with_store(scenario)


def test_a_rotation_of_two_who_began_together_is_one(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = await Vault.open(store)
        await vault.fill(500)
        reports = await asyncio.gather(vault.rotation().run(), vault.rotation().run())
        assert [report.version for report in reports] == [2, 2]
        assert [key.version for key in await vault.keys.overview()] == [1, 2]
        assert await vault.versions() == {2}

    with_store(scenario)


def test_sealing_ten_thousand_anew_takes_seconds(tmp_path: Path) -> None:
    async def scenario() -> float:
        store = open_store(f"sqlite:///{tmp_path}/s.db")
        vault = await Vault.open(store)
        await vault.fill(10_000)
        began = time.monotonic()
        report = await vault.rotation().run()
        took = time.monotonic() - began
        assert report.resealed == 10_000
        await store.close()
        return took

    assert asyncio.run(scenario()) < 20


def test_an_identity_for_a_place_that_nobody_knows_is_a_defect() -> None:
    with pytest.raises(ValueError, match="place that is known"):
        identity_of(SealedValue(place="elsewhere", key=("x",), value=b""))
