"""Tokens: fetched once, shared, sealed, renewed in time; refusals told apart, with what to do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.errors import OutboundError, TargetUnreachable, TokenError
from tests.tenants.conftest import DOMAIN, SECRET, Bench, answer, credentials


def test_a_thousand_steps_at_once_share_one_fetch(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.delay_s = 0.02
        tokens = await asyncio.gather(*(bench.tokens.get(credentials()) for _ in range(1000)))
        assert {token.text for token in tokens} == {"token-1"}
        assert len(bench.tenant.token_requests) == 1
        assert tokens[0].scope == "read:users create:users"
        assert bench.tenant.form() == {
            "grant_type": ["client_credentials"],
            "client_id": ["the-client"],
            "client_secret": [SECRET],
            "audience": [f"https://{DOMAIN}/api/v2/"],
        }

    with_bench(scenario)


def test_ten_workers_share_one_fetch(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.delay_s = 0.02
        workers = [bench.another_worker() for _ in range(10)]
        tokens = await asyncio.gather(
            *(worker.tokens.get(credentials()) for worker in workers for _ in range(100))
        )
        assert {token.text for token in tokens} == {"token-1"}
        assert len(bench.tenant.token_requests) == 1

    with_bench(scenario)


def test_a_worker_that_died_fetching_holds_the_others_up_for_seconds_only(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        began = bench.clock.now()
        await bench.store.shared.claim(
            "fetching/ac_1/f1", b"", now=began, until=began + timedelta(seconds=15)
        )
        assert (await bench.tokens.get(credentials())).text == "token-1"
        assert timedelta(seconds=14) < bench.clock.now() - began < timedelta(seconds=16)

    with_bench(scenario)


def test_the_token_is_sealed_in_the_database(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tokens.get(credentials())
        (kept,) = await bench.store.sealed.list("shared_value")
        assert kept.key == ("token/ac_1/f1",)
        assert b"token-1" not in kept.value
        assert b"token-1" in bench.ring.open(kept.value, identity="token/ac_1/f1")
        damaged = kept.value[:-1] + bytes([kept.value[-1] ^ 1])
        await bench.store.sealed.replace([(kept, damaged)])
        assert (await bench.another_worker().tokens.get(credentials())).text == "token-2"

    with_bench(scenario)


def test_a_new_secret_means_a_new_token(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.tokens.get(credentials())
        assert (await bench.tokens.get(credentials(key="ac_1/f2"))).text == "token-2"

    with_bench(scenario)


@pytest.mark.parametrize(
    ("life", "least", "most"),
    [
        pytest.param(86400, 86400 - 120, 86400 - 60, id="a day"),
        pytest.param("3600", 3600 - 120, 3600 - 60, id="an hour, as a text"),
        pytest.param(40, 20, 30, id="forty seconds"),
        pytest.param(None, 86400 - 120, 86400 - 60, id="not told"),
        pytest.param(-5, 86400 - 120, 86400 - 60, id="negative"),
        pytest.param(1e300, 86400 - 120, 86400 - 60, id="beyond all reason"),
        pytest.param(True, 86400 - 120, 86400 - 60, id="no number"),
    ],
)
def test_a_token_is_renewed_before_it_ends(
    with_bench: Any, life: Any, least: float, most: float
) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.token_life = life
        began = bench.clock.now()
        token = await bench.tokens.get(credentials())
        lasts = (token.expires_at - began).total_seconds()
        assert least <= lasts <= most
        bench.clock.at = token.expires_at - timedelta(milliseconds=1)
        assert (await bench.tokens.get(credentials())).text == "token-1"
        bench.clock.at = token.expires_at
        assert (await bench.tokens.get(credentials())).text == "token-2"

    with_bench(scenario)


def test_renewals_are_spread(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        ends = {
            (await bench.tokens.get(credentials(key=f"ac_{number}/f"))).expires_at
            for number in range(20)
        }
        assert len(ends) == 20
        assert max(ends) - min(ends) > timedelta(seconds=20)

    with_bench(scenario)


def test_a_refused_token_is_dropped_for_all_but_a_newer_one_is_kept(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        other = bench.another_worker()
        first = await bench.tokens.get(credentials())
        assert (await other.tokens.get(credentials())).text == "token-1"
        await bench.tokens.drop(credentials(), first)
        assert (await bench.tokens.get(credentials())).text == "token-2"
        await other.tokens.drop(credentials(), first)
        assert (await other.tokens.get(credentials())).text == "token-2"
        await other.tokens.drop(credentials(), first)
        assert (await other.tokens.get(credentials())).text == "token-2"
        assert len(bench.tenant.token_requests) == 2

    with_bench(scenario)


REFUSALS = [
    pytest.param(
        401,
        {"error": "access_denied", "error_description": "Unauthorized"},
        "Check the connection's client id and client secret.",
        id="wrong secret",
    ),
    pytest.param(
        403,
        {
            "error": "access_denied",
            "error_description": 'Client is not authorized to access "https://x/api/v2/". You need '
            'to create a "client-grant" associated to this API.',
        },
        f"Authorize the application for the API https://{DOMAIN}/api/v2/ in the tenant.",
        id="no grant",
    ),
    pytest.param(
        403,
        {
            "error": "unauthorized_client",
            "error_description": "Grant type 'client_credentials' not allowed for the client.",
        },
        "Allow the grant type client_credentials: make it a Machine to Machine application.",
        id="not a machine's application",
    ),
    pytest.param(
        403,
        {"error": "access_denied", "error_description": "Service not found: https://x/"},
        f"Check the connection's audience, now https://{DOMAIN}/api/v2/.",
        id="wrong audience",
    ),
    pytest.param(404, b"<html>", "Is this the domain of an Auth0 tenant?", id="another site"),
    pytest.param(200, b"", "Is this the domain of an Auth0 tenant?", id="an empty answer"),
    pytest.param(200, {"ok": 1}, "Is this the domain of an Auth0 tenant?", id="other JSON"),
    pytest.param(
        200, {"access_token": "a\r\nx: y"}, "Look at what its token endpoint answers.", id="CR/LF"
    ),
    pytest.param(
        200,
        {"access_token": "a" * 1_000_000},
        "Look at what its token endpoint answers.",
        id="1 MB",
    ),
]


@pytest.mark.parametrize(("status", "body", "hint"), REFUSALS)
def test_refusals_are_told_apart(with_bench: Any, status: int, body: Any, hint: str) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_token = lambda: answer(status, body)
        with pytest.raises(TokenError) as caught:
            await bench.tokens.get(credentials())
        assert caught.value.hint == hint
        assert DOMAIN in caught.value.message
        assert not caught.value.retryable
        assert SECRET not in str(caught.value)
        assert len(bench.tenant.token_requests) == 1

    with_bench(scenario)


def test_a_tenant_that_quotes_the_secret_does_not_bring_it_into_the_message(
    with_bench: Any,
) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_token = lambda: answer(
            401, {"error": "invalid_client", "error_description": f"bad secret {SECRET}!"}
        )
        with pytest.raises(TokenError, match="bad secret ███!"):
            await bench.tokens.get(credentials())

    with_bench(scenario)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_tenant_that_is_down_is_asked_again_and_then_told(with_bench: Any, status: int) -> None:
    async def scenario(bench: Bench) -> None:
        answers = [answer(status, {}, retry_after="2"), answer(503, b"oops")]
        bench.tenant.on_token = lambda: (
            answers.pop(0) if answers else answer(200, {"access_token": "late"})
        )
        assert (await bench.tokens.get(credentials())).text == "late"
        assert 2 <= bench.clock.slept[0] <= 2.5
        bench.tenant.on_token = lambda: answer(503, b"")
        with pytest.raises(TargetUnreachable, match="gives no access token for now") as caught:
            await bench.tokens.get(credentials(key="other"))
        assert caught.value.retryable

    with_bench(scenario)


def test_no_answer_at_all_is_tried_again_too(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        tries: list[int] = []

        def fail() -> Any:
            tries.append(1)
            raise TargetUnreachable("nobody there")

        bench.tenant.on_token = fail
        with pytest.raises(OutboundError):
            await bench.tokens.get(credentials())
        assert len(tries) == 4

    with_bench(scenario)


def test_a_batch_with_a_wrong_secret_asks_once_in_a_while(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.on_token = lambda: answer(401, {"error": "access_denied"})
        for _ in range(50):
            with pytest.raises(TokenError):
                await bench.tokens.get(credentials())
        assert len(bench.tenant.token_requests) == 1
        bench.tenant.on_token = None
        bench.clock.at += timedelta(seconds=3)
        assert (await bench.tokens.get(credentials())).text == "token-2"

    with_bench(scenario)


def test_one_who_gives_up_does_not_take_the_token_from_the_others(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        bench.tenant.delay_s = 0.02
        first = asyncio.create_task(bench.tokens.get(credentials()))
        second = asyncio.create_task(bench.tokens.get(credentials()))
        await asyncio.sleep(0.005)
        first.cancel()
        assert (await second).text == "token-1"
        assert len(bench.tenant.token_requests) == 1

    with_bench(scenario)


def test_reprs_hold_no_secret(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        token = await bench.tokens.get(credentials())
        assert "token-1" not in repr(token)
        assert SECRET not in repr(credentials())

    with_bench(scenario)
