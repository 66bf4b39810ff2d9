"""DocumentStore: objects by kind and id, found by keys, changed by version."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from sluiceway.storage.base import Document, DuplicateKey, Key, StaleVersion


def _document(at: Any, id_: str, *keys: Key, version: int = 1, **body: Any) -> Document:
    return Document(
        kind="user",
        id=id_,
        body={"id": id_, **body},
        created_at=at(),
        updated_at=at(version),
        version=version,
        keys=keys,
        secret=b"\x00\xff",
    )


def test_what_is_inserted_is_found_again_whole(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        document = _document(at, "1", Key(name="email", value="Ä@x"), name="💡", n=[1.5, None])
        await store.documents.insert(document)
        assert await store.documents.get("user", "1") == document
        assert await store.documents.get("client", "1") is None
        assert await store.documents.find("user", "email", "Ä@x") == [document]
        assert await store.documents.find("user", "email", "ä@x") == []

    with_store(scenario)


def test_ids_and_unique_keys_are_held_by_one_document_of_a_kind(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        unique = Key(name="email", value="a@x", unique=True)
        shared = Key(name="phone", value="1")
        await store.documents.insert(_document(at, "1", unique, shared))
        with pytest.raises(DuplicateKey) as caught:
            await store.documents.insert(_document(at, "1"))
        assert caught.value.name == "id"
        with pytest.raises(DuplicateKey) as caught:
            await store.documents.insert(_document(at, "2", shared, unique))
        assert caught.value.name == "email"
        assert await store.documents.get("user", "2") is None
        assert len(await store.documents.find("user", "phone", "1")) == 1
        with pytest.raises(DuplicateKey):  # together or not at all
            await store.documents.insert(_document(at, "2"), _document(at, "3", unique))
        assert await store.documents.get("user", "2") is None
        await store.documents.insert(_document(at, "2", shared))
        with pytest.raises(DuplicateKey):
            await store.documents.replace(_document(at, "2", unique, version=2))
        assert (await store.documents.get("user", "2")).keys == (shared,)
        await store.documents.delete("user", "1")
        await store.documents.replace(_document(at, "2", unique, version=2))

    with_store(scenario)


def test_a_stale_version_changes_nothing(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.documents.insert(_document(at, "1", n=1))
        await store.documents.replace(_document(at, "1", version=2, n=2))
        with pytest.raises(StaleVersion):
            await store.documents.replace(_document(at, "1", version=2, n=3))
        with pytest.raises(StaleVersion):
            await store.documents.replace(_document(at, "none", version=2))
        assert (await store.documents.get("user", "1")).body["n"] == 2

    with_store(scenario)


def test_lists_page_in_the_order_of_insertion(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        for number in range(7):
            await store.documents.insert(_document(at, str(9 - number)))
        ids = [d.id for d in await store.documents.list("user", offset=2, limit=3)]
        assert ids == ["7", "6", "5"]
        newest = await store.documents.list("user", limit=2, newest_first=True)
        assert [d.id for d in newest] == ["3", "4"]
        assert await store.documents.count("user") == 7
        many = await store.documents.get_many("user", ["5", "none", "9"])
        assert [d.id for d in many] == ["5", "9"]
        assert await store.documents.delete("user", "5")
        assert not await store.documents.delete("user", "5")
        assert await store.documents.clear("user") == 6

    with_store(scenario)


def test_a_generation_ends_with_every_change_of_its_kind(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        documents = store.documents
        if documents.generation("thing") is None:
            return  # other processes write, too: nothing can be told
        seen = [documents.generation("thing")]

        def changed() -> bool:
            seen.append(documents.generation("thing"))
            return seen[-1] not in seen[:-1]

        other = documents.generation("other")
        one = Document(kind="thing", id="1", body={}, created_at=at(), updated_at=at())
        await documents.insert(one)
        assert changed()
        await documents.get("thing", "1")
        assert not changed()
        await documents.replace(replace(one, version=2))
        assert changed()
        with pytest.raises(StaleVersion):
            await documents.replace(replace(one, version=2))
        await documents.delete("thing", "1")
        assert changed()
        await documents.clear("thing")
        assert changed()
        assert documents.generation("other") == other

    with_store(scenario)


def test_a_change_whose_caller_was_cancelled_counts_once_it_is_made(
    with_store: Any, at: Any
) -> None:
    async def scenario(store: Any) -> None:
        documents = store.documents
        before = documents.generation("thing")
        if before is None:
            return
        one = Document(kind="thing", id="1", body={}, created_at=at(), updated_at=at())
        writing = asyncio.create_task(documents.insert(one))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        while await documents.get("thing", "1") is None:
            await asyncio.sleep(0.001)
        for _ in range(100):
            if documents.generation("thing") != before:
                return
            await asyncio.sleep(0.01)
        pytest.fail("the change was not counted")

    with_store(scenario)


def test_a_nul_in_an_id_or_a_key_is_no_error(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        assert await store.documents.get("user", "a\0b") is None
        assert await store.documents.find("user", "email", "\0") == []
        assert await store.documents.get_many("user", ["\0"]) == []
        await store.documents.insert(_document(at, "1", Key(name="email", value="a\0b"), n="\0"))
        (found,) = await store.documents.find("user", "email", "a\0b")
        assert found.body["n"] == "\0"
        assert not await store.documents.delete("user", "\0")

    with_store(scenario)


def test_what_was_looked_up_before_is_not_shown_after_a_change(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        documents = store.documents
        assert await documents.get("user", "1") is None
        await documents.insert(replace(_document(at, "1"), secret=b"\x01old"))
        first = await documents.get("user", "1")
        first.body["changed"] = "in place, which is nobody else's business"
        assert "changed" not in (await documents.get("user", "1")).body
        sealed = [one for one in await store.sealed.list("document") if one.key == ("user", "1")]
        assert await store.sealed.replace([(sealed[0], b"\x01new")]) == 1
        second = await documents.get("user", "1")
        assert (second.secret, second.version) == (b"\x01new", 2)
        await documents.replace(replace(second, version=3, body={"a": 1}))
        assert (await documents.get("user", "1")).body == {"a": 1}
        assert await documents.delete("user", "1")
        assert await documents.get("user", "1") is None
        large = replace(_document(at, "2"), body={"text": "x" * 20_000})
        await documents.insert(large)
        assert (await documents.get("user", "2")).body == large.body
        for number in range(600):
            assert await documents.get("user", f"nobody {number}") is None

    with_store(scenario)
