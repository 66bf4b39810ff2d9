"""A tenant's limit is found from its answers, shared, and kept to without running into 429."""

from __future__ import annotations

import asyncio
import math
import random
import time
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.tenants.base import TenantRequest
from sluiceway.tenants.client import TenantClient
from sluiceway.tenants.limits import SharedLimits
from tests.tenants.conftest import Bench, answer

GET = TenantRequest(method="GET", pathname="/api/v2/users")


class LimitedTenant:
    """A tenant with a token bucket, and Auth0's headers and words."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.level, self.filled_at = float(burst), time.time()
        self.served = self.refused = 0

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        await asyncio.sleep(0.01)
        if request.url.endswith("/oauth/token"):
            return answer(200, {"access_token": "t", "expires_in": 86400})
        now = time.time()
        self.level = min(self.burst, self.level + (now - self.filled_at) * self.rate)
        self.filled_at = now
        is_served = self.level >= 1
        self.level -= is_served
        self.served += is_served
        self.refused += not is_served
        wait_s = max(0.0, (1 - self.level) / self.rate)
        return answer(
            200 if is_served else 429,
            {},
            x_ratelimit_limit=str(self.burst),
            x_ratelimit_remaining=str(int(self.level)),
            x_ratelimit_reset=str(math.ceil(now + wait_s)),
        )


def client_of(bench: Bench, tenant: LimitedTenant) -> TenantClient:
    return bench.new_client(
        transport=tenant,
        limits=SharedLimits(bench.store.buckets),
        now=utc_now,
        sleep=asyncio.sleep,
        chance=random.Random(3),  # noqa: S311 - jitter
    )


async def storm(clients: list[TenantClient], count: int, at_once: int) -> tuple[float, set[int]]:
    """Make *count* calls, so many at once; return the seconds it took and the statuses."""
    gate = asyncio.Semaphore(at_once)

    async def call(number: int) -> int:
        async with gate:
            return (await clients[number % len(clients)].call("acme", GET)).status

    began = time.monotonic()
    statuses = await asyncio.gather(*(call(number) for number in range(count)))
    return time.monotonic() - began, set(statuses)


@pytest.mark.parametrize(
    ("rate", "burst", "count", "workers"),
    [
        pytest.param(50, 50, 250, 1, id="50 a second"),
        pytest.param(50, 50, 250, 3, id="50 a second, three workers"),
        pytest.param(16, 50, 110, 1, id="Auth0's own: 16 a second, burst 50"),
    ],
)
def test_a_batch_runs_at_the_tenants_limit_and_nothing_fails(
    with_bench: Any, rate: float, burst: int, count: int, workers: int
) -> None:
    async def scenario(bench: Bench) -> None:
        tenant = LimitedTenant(rate, burst)
        clients = [client_of(bench, tenant) for _ in range(workers)]
        took_s, statuses = await storm(clients, count, 40)
        ideal_s = (count - burst) / rate
        assert statuses == {200}
        assert took_s <= 1.1 * ideal_s + 0.5
        assert tenant.refused <= count / 20

    with_bench(scenario)


def test_two_hundred_runs_at_two_a_second_do_not_fail(with_bench: Any) -> None:
    """As 200 at 2 rps with a burst of 2, but ten times as fast: a test has no two minutes."""

    async def scenario(bench: Bench) -> None:
        tenant = LimitedTenant(20, 20)
        took_s, statuses = await storm([client_of(bench, tenant)], 140, 140)
        assert statuses == {200}
        assert took_s <= 1.1 * (120 / 20) + 1

    with_bench(scenario)


def test_a_tenant_far_from_its_limit_costs_no_look_at_the_store(with_bench: Any) -> None:
    class Untouched:
        """Buckets that nobody may touch."""

    async def scenario(_: Bench) -> None:
        limits = SharedLimits(Untouched())  # type: ignore[arg-type]
        await limits.wait("a")
        headers = {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "26"}
        assert not await limits.learn("a", 200, headers)
        assert not await limits.learn("a", 200, {})
        assert not await limits.learn("a", 200, {"x-ratelimit-limit": "often"})
        await limits.wait("a")

    with_bench(scenario)


def test_a_block_holds_for_all_workers_and_ends_when_told(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        clock = bench.clock
        one, two = (
            SharedLimits(bench.store.buckets, now=clock.now, sleep=clock.sleep) for _ in range(2)
        )
        low = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "4"}
        await two.learn("a", 200, low)
        assert await one.learn("a", 429, {"retry-after": "5"})
        began = clock.now()
        await two.wait("a")
        assert clock.now() - began >= timedelta(seconds=5)
        await one.learn("a", 429, {})
        began = clock.now()
        await one.wait("a")
        assert clock.now() - began >= timedelta(seconds=1)
        await one.wait("another tenant")

    with_bench(scenario)


def test_a_tenant_that_was_left_alone_is_asked_freely_again(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        clock = bench.clock
        limits = SharedLimits(bench.store.buckets, now=clock.now, sleep=clock.sleep)
        await limits.learn("a", 429, {"retry-after": "600"})
        clock.at += timedelta(seconds=31)
        await limits.wait("a")
        assert clock.slept == []

    with_bench(scenario)


def test_the_pace_falls_with_each_refusal_but_not_with_each_of_a_crowd(with_bench: Any) -> None:
    async def scenario(bench: Bench) -> None:
        clock = bench.clock
        limits = SharedLimits(bench.store.buckets, now=clock.now, sleep=clock.sleep)
        headers = {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "0"}
        for _ in range(20):
            await limits.learn("a", 429, headers)
        assert limits._paces["a"].steady == pytest.approx(10)
        clock.at += timedelta(seconds=2)
        for _ in range(20):
            await limits.learn("a", 429, headers)
        assert limits._paces["a"].steady == pytest.approx(8)

    with_bench(scenario)
