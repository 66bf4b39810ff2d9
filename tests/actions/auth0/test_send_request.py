"""AUTH0/SEND_REQUEST: any request to the tenant, and to nowhere else."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import force_setattr

from sluiceway.actions.auth0.send_request import ACTION
from sluiceway.actions.base import Effect
from sluiceway.engine.params import convert_params
from sluiceway.errors import ConnectionUnusable, InvalidActionParams, TokenError
from sluiceway.outbound.retry import RetryPolicy
from sluiceway.tenants.client import NoLimits, TenantClient
from sluiceway.tenants.tokens import Tokens
from tests.conftest import keyring

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench


@pytest.fixture
def tenant(bench: Workbench) -> Workbench:
    """The workbench with the real client of a Management API, which a local service answers."""

    async def no_sleep(_: float) -> None:
        return None

    chance = random.Random(1)  # noqa: S311 - jitter
    tokens = Tokens(
        bench.transport, cache=bench.store.shared, sealer=keyring(), chance=chance, sleep=no_sleep
    )
    client = TenantClient(
        connections=bench.connections,
        transport=bench.transport,
        tokens=tokens,
        limits=NoLimits(),
        policy=RetryPolicy(retries=1),
        chance=chance,
        sleep=no_sleep,
    )
    force_setattr(bench.world, "tenant", client)
    bench.connect(
        "AUTH0",
        {
            "type": "OAUTH_APP",
            "domain": "acme.eu.auth0.com",
            "client_id": "id",
            "client_secret": "s3cret",
        },
        name="tenant",
    )
    bench.services.answer("acme.eu.auth0.com", {"access_token": "t0ken", "expires_in": 86400})
    return bench


def _run(bench: Workbench, **params: Any) -> Any:
    return bench.run("AUTH0/SEND_REQUEST", {"connection_id": "tenant", **params})


def test_path_query_headers_and_body_arrive(tenant: Workbench) -> None:
    output = _run(
        tenant,
        pathname="/api/v2/organizations/{{ functions.encodeURIComponent('o/1') }}/members",
        method="POST",
        headers={"X-Trace": "7"},
        params={"q": "a&b", "page": 0, "none": None},
        payload={"members": ["auth0|1"]},
    )

    got = tenant.services.last
    assert (got.method, got.path) == ("POST", "/api/v2/organizations/o%2F1/members")
    assert got.query == {"q": "a&b", "page": "0"}
    assert got.headers["authorization"] == "Bearer t0ken"
    assert got.headers["x-trace"] == "7"
    assert got.json == {"members": ["auth0|1"]}
    assert (output["status"], output["success"]) == (200, True)


@pytest.mark.parametrize(
    "pathname",
    [
        "api/v2/users",
        "//evil.example/x",
        "https://evil.example/x",
        "/../admin",
        "/api/%2e%2e/x",
        "/api/%252e%252e/x",
        "/api\\..\\x",
        "/a?b=c",
        "/a#b",
        "/a\nb",
        "/a%0d%0ab",
        "@evil.example/",
    ],
)
def test_only_absolute_paths_of_the_tenant(tenant: Workbench, pathname: str) -> None:
    with pytest.raises(InvalidActionParams):
        _run(tenant, pathname=pathname)
    assert tenant.services.received == []


@pytest.mark.parametrize("name", ["Authorization", "Host", "Content-Length", "a b", "a\r\nx"])
def test_headers_of_the_client_cannot_be_set(tenant: Workbench, name: str) -> None:
    with pytest.raises(InvalidActionParams):
        _run(tenant, pathname="/api/v2/users", headers={name: "x"})
    assert tenant.services.received == []


def test_a_server_error_is_an_output_in_the_end(tenant: Workbench) -> None:
    tenant.services.answer(
        "acme.eu.auth0.com",
        {"access_token": "t0ken", "expires_in": 86400},
        (500, {"message": "broken"}),
    )
    output = _run(tenant, pathname="/api/v2/users")

    assert (output["status"], output["success"]) == (500, False)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_post_that_broke_is_not_made_twice(tenant: Workbench, method: str) -> None:
    tenant.services.answer(
        "acme.eu.auth0.com",
        {"access_token": "t0ken", "expires_in": 86400},
        (503, {}),
        {"made": True},
    )
    output = _run(tenant, pathname="/api/v2/users", method=method)

    calls = [got for got in tenant.services.received if got.path == "/api/v2/users"]
    assert len(calls) == (1 if method == "POST" else 2)
    assert output["success"] is (method == "GET")
    params: Any = {"connection_id": "c", "pathname": "/x", "method": method}
    effect = ACTION.effect_of(convert_params(ACTION, params))
    assert effect is (Effect.ONCE if method == "POST" else Effect.REPEATABLE)


def test_a_refused_token_and_a_missing_connection_fail(tenant: Workbench) -> None:
    tenant.services.answer("acme.eu.auth0.com", (401, {"error": "access_denied"}))
    with pytest.raises(TokenError):
        _run(tenant, pathname="/api/v2/users")
    with pytest.raises(ConnectionUnusable, match="nobody"):
        tenant.run("AUTH0/SEND_REQUEST", {"connection_id": "nobody", "pathname": "/x"})
    tenant.connect("AUTH0", None, name="empty")
    with pytest.raises(ConnectionUnusable, match="not set up"):
        tenant.run("AUTH0/SEND_REQUEST", {"connection_id": "empty", "pathname": "/x"})


def test_one_token_serves_many_at_once(tenant: Workbench) -> None:
    async def many() -> None:
        await asyncio.gather(
            *(
                tenant.outcome_async(
                    "AUTH0/SEND_REQUEST", {"connection_id": "tenant", "pathname": f"/{i}"}
                )
                for i in range(10)
            )
        )

    tenant.wait_for(many())
    paths = [got.path for got in tenant.services.received]
    assert paths.count("/oauth/token") == 1
    assert len(paths) == 11
