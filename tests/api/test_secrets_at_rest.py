"""What is kept of secrets: slow hashes of chosen ones, quick ones of drawn ones."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from sluiceway.management import clients
from sluiceway.management.passwords import hash_secret, is_hashed_slowly, matches_secret
from sluiceway.management.tenant import open_tenant
from tests.conftest import Door


@pytest.mark.parametrize("is_drawn", [True, False])
def test_a_hash_matches_its_secret_alone_and_is_salted(*, is_drawn: bool) -> None:
    async def scenario() -> None:
        bits = secrets.randbits
        one = await hash_secret("s3cret", random_bits=bits, is_drawn=is_drawn)
        other = await hash_secret("s3cret", random_bits=bits, is_drawn=is_drawn)
        assert one != other
        assert len(one) == 49
        assert b"s3cret" not in one
        assert await matches_secret("s3cret", one)
        assert await matches_secret("s3cret", other)
        assert not await matches_secret("s3cres", one)
        assert not await matches_secret("", one)
        assert is_hashed_slowly(one) is not is_drawn

    asyncio.run(scenario())


async def _kept(environment: Any, client_id: str) -> bytes:
    found = await environment.documents.get(clients.KIND, client_id)
    assert found is not None
    return clients.kept_secret(environment, found)


def test_a_secret_that_is_drawn_is_hashed_quickly_and_a_chosen_one_slowly(door: Door) -> None:
    environment = door.services.tenant.environment
    chosen = {"client_secret": "correct horse battery staple 1234567890"}
    for body, is_slow in ({}, False), (chosen, True):
        made = door("POST", "/api/v2/clients", {"name": "One", **body}).body
        kept = door.run(_kept(environment, made["client_id"]))
        assert is_hashed_slowly(kept) is is_slow


def test_the_first_clients_drawn_secret_is_hashed_anew_where_it_was_hashed_slowly(
    door: Door,
) -> None:
    environment, secret = door.services.tenant.environment, secrets.token_urlsafe(48)

    async def scenario() -> None:
        for is_drawn in (False, True, True):
            tenant = await open_tenant(
                environment, client_id="first", client_secret=secret, is_drawn=is_drawn
            )
            assert is_hashed_slowly(await _kept(environment, "first")) is not is_drawn
            fields = {
                "grant_type": "client_credentials",
                "client_id": "first",
                "audience": environment.audience,
            }
            granted = await tenant.tokens.grant({**fields, "client_secret": secret})
            assert granted["token_type"] == "Bearer"

    door.run(scenario())
