"""Vault connections: secrets in their own row only, changes at once, deletion with care."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from sluiceway.errors import Conflict, NotFound, VaultError
from sluiceway.storage.open import open_store
from sluiceway.vault.base import VaultConnection
from sluiceway.vault.connections import APP_IDS, KIND, StoredConnections
from sluiceway.vault.keyring import Keyring

RING = Keyring({1: bytes(range(32))})
SETUP = {"type": "BEARER", "token": "canary-s3cret-token"}


def connections_of(store: Any, **more: Any) -> StoredConnections:
    return StoredConnections(store.documents, more.pop("sealer", RING), **more)


@pytest.mark.parametrize("app_id", APP_IDS)
def test_every_app_is_kept(with_store: Any, app_id: str) -> None:
    async def scenario(store: Any) -> None:
        vault = connections_of(store)
        made = await vault.create(name="One", app_id=app_id, setup=SETUP)
        for found in (await vault.get(made.id), await vault.find(made.id), await vault.find("One")):
            assert found == made
            assert found.setup == SETUP
            assert found.app_id == app_id
        assert "s3cret" not in repr(made)

    with_store(scenario)


def test_there_are_twenty_one_apps() -> None:
    assert len(set(APP_IDS)) == 21


def test_an_empty_connection_is_not_ready_until_it_is_set_up(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = connections_of(store)
        empty = await vault.create(name="Empty", app_id="HTTP")
        assert (empty.ready, empty.setup) == (False, None)
        filled = await vault.update(empty.id, setup=SETUP)
        assert (filled.ready, filled.setup) == (True, SETUP)
        named = await vault.update(empty.id, name="Full")
        assert (named.name, named.setup) == ("Full", SETUP)
        assert len({empty.fingerprint, filled.fingerprint, named.fingerprint}) == 3
        assert await vault.find("Empty") is None

    with_store(scenario)


def test_the_list_opens_nothing(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = connections_of(store)
        for number in range(3):
            await vault.create(name=f"c{number}", app_id="HTTP", setup=SETUP)
        page = await vault.list(offset=1, limit=5)
        assert [(one.name, one.ready, one.setup) for one in page] == [
            ("c1", True, None),
            ("c2", True, None),
        ]
        assert await vault.count() == 3

    with_store(scenario)


def test_a_change_counts_at_once_for_everybody(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        writer, reader = connections_of(store), connections_of(store)
        made = await writer.create(name="One", app_id="HTTP", setup=SETUP)
        assert await reader.find("One") == made
        changed = await writer.update(made.id, setup={"type": "BEARER", "token": "other"})
        found = await reader.find("One")
        assert found == changed
        assert found.fingerprint != made.fingerprint
        await writer.delete(made.id)
        assert await reader.find("One") is None

    with_store(scenario)


def test_secrets_that_were_swapped_between_rows_are_refused(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = connections_of(store)
        one = await vault.create(name="one", app_id="HTTP", setup=SETUP)
        two = await vault.create(name="two", app_id="HTTP", setup={"type": "BEARER", "token": "2"})
        rows = await store.documents.get_many(KIND, [one.id, two.id])
        for row, other in zip(rows, reversed(rows), strict=True):
            await store.documents.replace(
                replace(row, version=row.version + 1, secret=other.secret)
            )
        for id_ in (one.id, two.id):
            with pytest.raises(VaultError, match="changed or moved"):
                await vault.get(id_)
        assert len(await vault.list()) == 2

    with_store(scenario)


def test_another_tenants_row_is_refused_even_under_the_same_id(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        ours = connections_of(store)
        made = await ours.create(name="one", app_id="HTTP", setup=SETUP)
        theirs = Keyring({1: bytes(32)}).seal(b'{"type":"BEARER"}', identity=f"{KIND}/{made.id}")
        row = await store.documents.get(KIND, made.id)
        await store.documents.replace(replace(row, version=row.version + 1, secret=theirs))
        with pytest.raises(VaultError, match="cannot be opened"):
            await ours.find("one")

    with_store(scenario)


def test_what_flows_use_is_not_deleted_unless_forced(with_store: Any) -> None:
    uses = [["Welcome"], ["a", "b", "c", "d", "e", "f"]]

    async def find_uses(_: VaultConnection) -> list[str]:
        return uses[0]

    async def scenario(store: Any) -> None:
        vault = connections_of(store, find_uses=find_uses)
        made = await vault.create(name="one", app_id="HTTP")
        with pytest.raises(Conflict, match=r"used by 1 flow: Welcome\."):
            await vault.delete(made.id)
        uses.pop(0)
        with pytest.raises(Conflict, match=r"used by 6 flows: a, b, c, d, e\.") as caught:
            await vault.delete(made.id)
        assert "force" in caught.value.hint
        await vault.delete(made.id, force=True)
        with pytest.raises(NotFound):
            await vault.get(made.id)
        with pytest.raises(NotFound):
            await vault.delete(made.id)

    with_store(scenario)


def test_the_built_in_connection_gives_way_to_a_stored_one(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        at = (await connections_of(store).create(name="x", app_id="HTTP")).created_at
        local = VaultConnection(
            id="local",
            app_id="AUTH0",
            name="local",
            ready=True,
            fingerprint="f",
            created_at=at,
            updated_at=at,
            setup={"domain": "d"},
        )
        vault = connections_of(store, built_in=(local,))
        assert await vault.find("local") is local
        stored = await vault.create(name="local", app_id="HTTP")
        assert await vault.find("local") == stored
        assert await vault.find("nothing") is None

    with_store(scenario)


def test_changes_at_the_same_time_all_count(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        vault = connections_of(store)
        made = await vault.create(name="one", app_id="HTTP")
        await asyncio.gather(
            *(vault.update(made.id, name=f"n{number}") for number in range(20)),
            vault.update(made.id, setup=SETUP),
        )
        assert (await vault.get(made.id)).setup == SETUP
        row = await store.documents.get(KIND, made.id)
        assert row.version == 22

    with_store(scenario)


@pytest.mark.postgres
def test_a_change_counts_at_once_in_another_process(new_database: Callable[[], str]) -> None:
    async def scenario() -> None:
        url = new_database()
        ours, theirs = open_store(url), open_store(url)
        writer, reader = connections_of(ours), connections_of(theirs)
        made = await writer.create(name="One", app_id="HTTP", setup=SETUP)
        for number in range(20):
            changed = await writer.update(made.id, setup={"type": "BEARER", "token": f"{number}"})
            assert await reader.find("One") == changed
        await writer.delete(made.id)
        assert await reader.find("One") is None
        await ours.close()
        await theirs.close()

    asyncio.run(scenario())


def test_what_is_kept_is_given_up_with_the_first_change(with_store: Any) -> None:
    reads = 0

    async def scenario(store: Any) -> None:
        nonlocal reads
        real = store.documents.get

        async def get(*given: Any) -> Any:
            nonlocal reads
            reads += 1
            return await real(*given)

        store.documents.get = get
        vault = connections_of(store)
        made = await vault.create(name="One", app_id="HTTP", setup=SETUP)
        for _ in range(50):
            assert await vault.find(made.id) == made
        assert reads == 1
        changed = await vault.update(made.id, name="Two")
        assert await vault.find(made.id) == changed
        assert await vault.find("One") is None
        for number in range(300):
            assert await vault.find(f"nobody {number}") is None
        assert await vault.find(made.id) == changed

    with_store(scenario)
