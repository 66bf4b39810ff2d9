"""Data keys: made once, wrapped by one master key, refused with another in plain words."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluiceway.errors import StorageError, VaultError
from sluiceway.storage.base import Document
from sluiceway.vault.base import KeyWrapperSpec
from sluiceway.vault.data_keys import KIND, DataKeys, KeyState, watch_keys
from sluiceway.vault.key_wrappers import open_key_wrapper
from sluiceway.vault.keyring import Keyring
from sluiceway.vault.master_key import LocalKey, encode_master_key

MASTER, OTHER = LocalKey(bytes(range(32)), "vault.key"), LocalKey(bytes(32), "other.key")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROW = "vault_connection/ac_1"


def keys_of(store: Any, wrapper: Any = MASTER) -> DataKeys:
    return DataKeys(store.documents, wrapper, lambda: NOW)


def test_the_first_key_is_made_once_and_found_again(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        sealed = (await keys_of(store).load()).seal(b"secret", identity=ROW)
        assert (await keys_of(store).load()).open(sealed, identity=ROW) == b"secret"
        (row,) = await store.documents.list(KIND)
        assert b"secret" not in row.secret
        assert len(row.secret) == 5 + 12 + 32 + 16

    with_store(scenario)


def test_another_master_key_is_refused_and_the_message_says_what_to_set(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        await keys_of(store).load()
        with pytest.raises(VaultError) as caught:
            await keys_of(store, OTHER).load()
        assert caught.value.message == (
            "the vault key does not open this database: it was made with another"
        )
        assert caught.value.at == "other.key"
        assert "SLUICEWAY_VAULT_KEY" in caught.value.hint

    with_store(scenario)


def test_a_wrapped_key_in_another_keys_row_is_refused(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        keys = keys_of(store)
        await keys.load()
        await keys.add(2, KeyState.ANNOUNCED)
        first, second = await store.documents.list(KIND)
        for row, secret in ((first, second.secret), (second, first.secret)):
            await store.documents.replace(
                Document(
                    kind=KIND,
                    id=row.id,
                    body=row.body,
                    created_at=NOW,
                    updated_at=NOW,
                    version=row.version + 1,
                    secret=secret,
                )
            )
        with pytest.raises(VaultError, match="does not open"):
            await keys.load()

    with_store(scenario)


def test_an_announced_key_opens_but_does_not_seal(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        keys = keys_of(store)
        ring = await keys.load()
        await keys.add(2, KeyState.ANNOUNCED)
        ring.take_in(await keys.load())
        assert (ring.active, ring.versions) == (1, {1, 2})
        await keys.set_state(2, KeyState.ACTIVE)
        await keys.set_state(2, KeyState.ACTIVE)
        await keys.set_state(3, KeyState.ACTIVE)
        await keys.set_state(1, KeyState.RETIRED)
        old = ring.seal(b"x", identity=ROW)
        await keys.delete(1)
        ring.take_in(await keys.load())
        assert ring.active == 2
        assert ring.open(old, identity=ROW) == b"x"
        with pytest.raises(VaultError, match="data key 1, which is not here"):
            (await keys.load()).open(old, identity=ROW)

    with_store(scenario)


def test_either_master_key_opens_while_one_takes_the_place_of_the_other(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        old, new = keys_of(store), keys_of(store, OTHER)
        sealed = (await old.load()).seal(b"secret", identity=ROW)
        await old.add(2, KeyState.ANNOUNCED)
        assert await old.offer(OTHER) == 2
        assert await old.offer(OTHER) == 2
        for keys in (old, new):
            assert (await keys.load()).open(sealed, identity=ROW) == b"secret"
        assert await old.accept_offer() == 0
        await old.set_state(2, KeyState.ACTIVE)
        assert await new.accept_offer() == 2
        assert await new.accept_offer() == 0
        assert (await new.load()).active == 2
        with pytest.raises(VaultError, match="does not open"):
            await old.load()

    with_store(scenario)


def test_a_database_of_the_first_version_has_one_active_key(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        wrapped = await MASTER.wrap(bytes(32), identity=f"{KIND}/1")
        row = Document(kind=KIND, id="1", body={}, created_at=NOW, updated_at=NOW, secret=wrapped)
        await store.documents.insert(row)
        assert (await keys_of(store).load()).active == 1
        (key,) = await keys_of(store).overview()
        assert (key.state, key.created_at) == (KeyState.ACTIVE, NOW)

    with_store(scenario)


def test_a_keyring_without_keys_is_refused() -> None:
    with pytest.raises(VaultError, match="at least one"):
        Keyring({})
    with pytest.raises(VaultError, match="data key 2"):
        Keyring({1: bytes(32)}, active=2)
    assert "\\x00" not in repr(Keyring({1: bytes(32)}))
    assert "\\x00" not in repr(MASTER)


class Service:
    """A key service of somebody else's: keeps the wrapping key, tells who asked for what."""

    def __init__(self, key_name: str) -> None:
        self.place = f"key service, key {key_name}"
        self._inner = LocalKey(key_name.encode().ljust(32, b"."))
        self.asked: list[str] = []

    async def wrap(self, key: bytes, *, identity: str) -> bytes:
        self.asked.append(f"wrap {identity}")
        return b"service:" + await self._inner.wrap(key, identity=identity)

    async def unwrap(self, wrapped: bytes, *, identity: str) -> bytes:
        self.asked.append(f"unwrap {identity}")
        if not wrapped.startswith(b"service:"):
            raise VaultError("the key service did not wrap this")
        return await self._inner.unwrap(wrapped.removeprefix(b"service:"), identity=identity)


SPEC = KeyWrapperSpec(name="acme-kms", build=Service)


def test_an_outside_key_service_takes_the_master_keys_place(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        service = open_key_wrapper("acme-kms:prod/1", origin="SLUICEWAY_VAULT_KEY", specs=[SPEC])
        assert isinstance(service, Service)
        keys = keys_of(store, service)
        sealed = (await keys.load()).seal(b"secret", identity=ROW)
        for _ in range(100):
            assert (await keys.load()).open(sealed, identity=ROW) == b"secret"
        assert service.asked[:2] == ["wrap vault_key/1", "unwrap vault_key/1"]
        for wrapper in (MASTER, Service("prod/2")):
            with pytest.raises(VaultError, match="does not open this database"):
                await keys_of(store, wrapper).load()
        assert await keys.offer(MASTER) == 1
        assert (await keys_of(store).load()).open(sealed, identity=ROW) == b"secret"

    with_store(scenario)


def test_a_wrapper_that_is_not_installed_is_told() -> None:
    with pytest.raises(VaultError, match=r"installed \(acme-kms\), found 'aws'"):
        open_key_wrapper("aws:arn:x", origin="SLUICEWAY_VAULT_KEY", specs=[SPEC])
    with pytest.raises(VaultError, match="none is"):
        open_key_wrapper("aws:arn:x", origin="SLUICEWAY_VAULT_KEY")
    plain = open_key_wrapper(encode_master_key(bytes(32)), origin="x", specs=[SPEC])
    assert plain == LocalKey(bytes(32), "x")


def test_keys_that_another_process_rotates_are_taken_in(with_store: Any) -> None:
    async def scenario(store: Any) -> None:
        keys = keys_of(store)
        ring = await keys.load()
        watching = asyncio.create_task(watch_keys(keys, ring, every=timedelta(milliseconds=5)))
        await keys.add(2, KeyState.ACTIVE)
        while ring.active != 2:
            await asyncio.sleep(0.005)
        real, asked = keys.documents, 0

        class Broken:
            async def list(self, *_: Any, **__: Any) -> Any:
                nonlocal asked
                asked += 1
                raise StorageError("down")

        keys.documents = Broken()  # type: ignore[assignment]
        while asked < 2:
            await asyncio.sleep(0.005)
        keys.documents = real
        await keys.add(3, KeyState.ACTIVE)
        while ring.active != 3:
            await asyncio.sleep(0.005)
        watching.cancel()

    with_store(scenario)
