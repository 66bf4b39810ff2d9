"""A tenant whose answers a test chooses, under a clock that sleeping moves."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.outbound.retry import RetryPolicy
from sluiceway.storage.open import open_store
from sluiceway.tenants.client import NoLimits, TenantClient
from sluiceway.tenants.tokens import ClientCredentials, Tokens
from sluiceway.vault.connections import StoredConnections
from sluiceway.vault.keyring import Keyring

if TYPE_CHECKING:
    from sluiceway.storage.base import Store

DOMAIN = "acme.eu.auth0.com"
SECRET = "v3ry-s3cret-client-s3cret"
SETUP = {
    "type": "OAUTH_APP",
    "domain": DOMAIN,
    "client_id": "the-client",
    "client_secret": SECRET,
}


def credentials(**more: Any) -> ClientCredentials:
    return ClientCredentials(
        **{
            "key": "ac_1/f1",
            "domain": DOMAIN,
            "client_id": "the-client",
            "client_secret": SECRET,
            "audience": f"https://{DOMAIN}/api/v2/",
            **more,
        }
    )


def answer(status: int, body: Any = None, **headers: str) -> OutboundResponse:
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    shown = {"content-type": "application/json; charset=utf-8"}
    return OutboundResponse(
        status=status,
        headers={**shown, **{name.replace("_", "-"): text for name, text in headers.items()}},
        body=data,
    )


class Clock:
    """A clock that only sleeping moves; many may sleep at once."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.at + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.at = max(self.at, until)


@dataclass
class FakeTenant:
    """Answers token requests and all others, and keeps what it was asked."""

    requests: list[OutboundRequest] = field(default_factory=list)
    token_requests: list[OutboundRequest] = field(default_factory=list)
    token_life: Any = 86400
    delay_s: float = 0
    on_token: Callable[[], OutboundResponse] | None = None
    on_call: Callable[[OutboundRequest], OutboundResponse] | None = None

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        await asyncio.sleep(self.delay_s)
        if request.url.endswith("/oauth/token"):
            self.token_requests.append(request)
            if self.on_token is not None:
                return self.on_token()
            return answer(
                200,
                {
                    "access_token": f"token-{len(self.token_requests)}",
                    "token_type": "Bearer",
                    "expires_in": self.token_life,
                    "scope": "read:users create:users",
                },
            )
        self.requests.append(request)
        return self.on_call(request) if self.on_call else answer(200, {"ok": True})

    def form(self, number: int = 0) -> dict[str, list[str]]:
        return parse_qs(self.token_requests[number].body.decode())


class Bench:
    """One worker's view of the tenant, over a database that it may share with others."""

    def __init__(self, store: Store, tenant: FakeTenant, clock: Clock) -> None:
        self.store, self.tenant, self.clock = store, tenant, clock
        self.ring = Keyring({1: bytes(range(32))})
        self.connections = StoredConnections(store.documents, self.ring)
        self.chance = random.Random(7)  # noqa: S311 - jitter
        self.tokens = Tokens(
            tenant,
            cache=store.shared,
            sealer=self.ring,
            now=clock.now,
            chance=self.chance,
            sleep=clock.sleep,
        )
        self.client = self.new_client()

    def new_client(self, **more: Any) -> TenantClient:
        return TenantClient(
            **{
                "connections": self.connections,
                "transport": self.tenant,
                "tokens": self.tokens,
                "limits": NoLimits(),
                "policy": RetryPolicy(),
                "now": self.clock.now,
                "sleep": self.clock.sleep,
                "chance": self.chance,
                **more,
            }
        )

    def another_worker(self) -> Bench:
        return Bench(self.store, self.tenant, self.clock)


@pytest.fixture
def with_bench() -> Callable[[Callable[[Any], Any]], None]:
    """Run a scenario with a bench, a connection ``acme`` in its vault."""

    def run(scenario: Callable[[Bench], Any]) -> None:
        async def main() -> None:
            store = open_store("sqlite://")
            bench = Bench(store, FakeTenant(), Clock())
            await bench.connections.create(name="acme", app_id="AUTH0", setup=SETUP)
            try:
                await scenario(bench)
            finally:
                await store.close()

        asyncio.run(main())

    return run
