"""Every ciphertext of the database, listed in order and replaced only where it still stands."""

from __future__ import annotations

from typing import Any

from sluiceway.storage.base import Document, SealedValue


def _document(at: Any, number: int, secret: bytes | None) -> Document:
    return Document(
        kind="thing",
        id=f"t{number:03}",
        body={},
        created_at=at(),
        updated_at=at(),
        secret=secret,
    )


def test_ciphertexts_are_listed_page_by_page_without_those_that_begin_so(
    with_store: Any, at: Any
) -> None:
    async def scenario(store: Any) -> None:
        for number in range(7):
            secret = None if number == 3 else b"\x01new" if number % 2 else b"\x01old"
            await store.documents.insert(_document(at, number, secret))
        first = await store.sealed.list("document", limit=2, header=b"\x01new")
        assert [value.key for value in first] == [("thing", "t000"), ("thing", "t002")]
        rest = await store.sealed.list("document", after=first[-1], limit=9, header=b"\x01new")
        assert [value.key for value in rest] == [("thing", "t004"), ("thing", "t006")]
        assert len(await store.sealed.list("document")) == 6
        for place in store.sealed.places:
            assert isinstance(await store.sealed.list(place, limit=1), list)

    with_store(scenario)


def test_a_ciphertext_is_replaced_once_and_old_readers_notice(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        await store.documents.insert(_document(at, 1, b"old"))
        (value,) = await store.sealed.list("document")
        gone = SealedValue(place="document", key=("thing", "none"), value=b"old")
        assert await store.sealed.replace([(value, b"new"), (gone, b"new")]) == 1
        assert await store.sealed.replace([(value, b"newer")]) == 0
        found = await store.documents.get("thing", "t001")
        assert (found.secret, found.version) == (b"new", 2)
        assert "old" not in repr(value)

    with_store(scenario)


def test_a_shared_key_is_claimed_by_one_until_its_end(with_store: Any, at: Any) -> None:
    async def scenario(store: Any) -> None:
        claim = store.shared.claim
        assert await claim("lock", b"a", now=at(), until=at(5))
        assert not await claim("lock", b"b", now=at(1), until=at(9))
        assert await store.shared.get("lock", now=at(1)) == b"a"
        assert await claim("lock", b"c", now=at(5), until=at(9))
        await store.shared.delete("lock")
        assert await claim("lock", b"d", now=at(6), until=at(7))

    with_store(scenario)
