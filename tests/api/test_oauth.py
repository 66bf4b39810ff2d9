"""``/oauth/token``: every way to prove oneself, and every refusal in OAuth's shape."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluiceway.api.app import build_app
from sluiceway.models.timestamps import utc_now
from tests.conftest import Answer, Door, build_tenant, services_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from sluiceway.storage.base import Store

FORM = {"content-type": "application/x-www-form-urlencoded"}
AUDIENCE = "https://localhost:4080/api/v2/"
GOOD = {
    "grant_type": "client_credentials",
    "client_id": "test-client",
    "client_secret": "test-secret-of-the-first-client",
    "audience": AUDIENCE,
}


def ask(door: Door, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
    body = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return door("POST", "/oauth/token", body, headers=headers, signed_in=False)


def test_json_and_forms_are_taken(door: Door) -> None:
    as_json = ask(door)
    as_form = door(
        "POST", "/oauth/token", raw=urlencode(GOOD).encode(), headers=FORM, signed_in=False
    )

    for answer in (as_json, as_form):
        assert answer.status == 200
        assert answer.body["token_type"] == "Bearer"
        assert answer.body["expires_in"] == 86400
        assert "read:flows" in answer.body["scope"].split()
        assert answer.headers["cache-control"] == "no-store"


def test_basic_authentication_is_taken(door: Door) -> None:
    text = base64.b64encode(b"test-client:test-secret-of-the-first-client").decode()

    answer = ask(
        door, headers={"authorization": f"Basic {text}"}, client_id=None, client_secret=None
    )

    assert answer.status == 200


def test_a_scope_can_be_asked_for(door: Door) -> None:
    assert ask(door, scope="read:flows nope").body["scope"] == "read:flows"


def test_the_host_that_was_called_names_the_api_too(door: Door) -> None:
    answer = ask(
        door, headers={"host": "127.0.0.1:5000"}, audience="https://127.0.0.1:5000/api/v2/"
    )

    assert answer.status == 200


@pytest.mark.parametrize(
    ("changes", "status", "error", "description"),
    [
        pytest.param(
            {"client_secret": "wrong"}, 401, "access_denied", "Unauthorized", id="wrong secret"
        ),
        pytest.param(
            {"client_id": "nobody"}, 401, "access_denied", "Unauthorized", id="unknown client"
        ),
        pytest.param({"client_secret": None}, 401, "access_denied", "Unauthorized", id="no secret"),
        pytest.param(
            {"grant_type": "password"},
            403,
            "unauthorized_client",
            "Grant type 'password' not allowed for the client.",
            id="another grant type",
        ),
        pytest.param(
            {"grant_type": None},
            403,
            "invalid_request",
            "Missing required parameter: grant_type",
            id="no grant type",
        ),
        pytest.param(
            {"audience": "https://x/"},
            403,
            "access_denied",
            "Service not found: https://x/",
            id="an API that is not there",
        ),
        pytest.param(
            {"client_id": 5}, 400, "invalid_request", "Expected a text as client_id", id="a number"
        ),
    ],
)
def test_refusals(
    door: Door, changes: dict[str, Any], status: int, error: str, description: str
) -> None:
    answer = ask(door, **changes)

    assert answer.status == status
    assert answer.body["error"] == error
    assert answer.body["error_description"] == description
    assert "statusCode" not in answer.body


def test_guessing_is_slowed_down_for_the_guesser_alone(door: Door) -> None:
    answers = [ask(door, client_secret="x").status for _ in range(13)]

    assert answers == [401] * 10 + [429] * 3
    blocked = ask(door)
    assert blocked.status == 429, "the right secret does not help one who has guessed"
    assert int(blocked.headers["retry-after"]) > 0
    door.address = "203.0.113.9"
    assert ask(door).status == 200


def test_one_network_of_ipv6_addresses_counts_as_one(door: Door) -> None:
    for number in range(10):
        door.address = f"2001:db8:1:2::{number}"
        assert ask(door, client_secret="x").status == 401

    door.address = "2001:db8:1:2:ffff::1"
    assert ask(door).status == 429
    door.address = "2001:db8:1:3::1"
    assert ask(door).status == 200


def test_guessing_from_everywhere_is_slowed_down_too(door: Door) -> None:
    answers: list[int] = []
    for number in range(130):
        door.address = f"203.0.113.{number}"
        answers.append(ask(door, client_secret="x").status)

    assert answers[:100] == [401] * 100
    assert 429 in answers, "the bucket fills by one a second, and the test is faster"


def test_made_up_client_ids_leave_one_row_an_address(door: Door) -> None:
    answers = [ask(door, client_id=f"made-up-{n}", client_secret="x").status for n in range(130)]

    assert answers[:100] == [401] * 100
    assert 429 in answers
    assert ask(door).status == 200


def test_a_clients_secret_is_shown_once_and_kept_as_a_hash(door: Door) -> None:
    created = door("POST", "/api/v2/clients", {"name": "CI"}).body
    secret, client_id = created["client_secret"], created["client_id"]

    assert len(client_id) == 32
    assert "client_secret" not in door("GET", f"/api/v2/clients/{client_id}").body
    document = door.run(door.services.tenant.environment.documents.get("client", client_id))
    assert secret.encode() not in (document.secret or b"")
    grant = {"client_id": client_id, "audience": AUDIENCE, "scope": ["read:users"]}
    assert door("POST", "/api/v2/client-grants", grant).status == 201
    answer = ask(door, client_id=client_id, client_secret=secret)
    assert answer.body["scope"] == "read:users"
    rotated = door("POST", f"/api/v2/clients/{client_id}/rotate-secret").body["client_secret"]
    assert ask(door, client_id=client_id, client_secret=secret).status == 401
    assert ask(door, client_id=client_id, client_secret=rotated).status == 200
    assert door("DELETE", f"/api/v2/clients/{client_id}").status == 204
    assert ask(door, client_id=client_id, client_secret=rotated).status == 401


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_client(door: Door) -> str:
    client_id = str(door("POST", "/api/v2/clients", {"name": "By key"}).body["client_id"])
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    credential = {"credential_type": "public_key", "pem": pem.decode(), "alg": "RS256"}
    made = door("POST", f"/api/v2/clients/{client_id}/credentials", credential)
    assert made.status == 201
    assert "pem" not in made.body
    grant = {"client_id": client_id, "audience": AUDIENCE, "scope": ["read:users"]}
    assert door("POST", "/api/v2/client-grants", grant).status == 201
    return client_id


def assertion(client_id: str, key: Any = KEY, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": "https://localhost:4080/",
        "iat": now,
        "exp": now + 60,
        "jti": str(time.monotonic_ns()),
        **changes,
    }
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm="RS256")


def ask_with(door: Door, text: str) -> Answer:
    return ask(
        door,
        client_id=None,
        client_secret=None,
        client_assertion=text,
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    )


def test_a_client_signs_in_with_its_key_once_per_assertion(door: Door) -> None:
    client_id = key_client(door)
    text = assertion(client_id)

    assert ask_with(door, text).status == 200
    assert ask_with(door, text).status == 401
    assert ask_with(door, assertion(client_id)).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "https://other/"}, id="another audience"),
        pytest.param({"iss": "other"}, id="another issuer"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": 99_999_999_999}, id="too long"),
        pytest.param({"jti": None}, id="no jti"),
        pytest.param({"iat": 99_999_999_999}, id="of the future"),
        pytest.param({"key": OTHER}, id="another key"),
    ],
)
def test_bad_assertions_are_refused(door: Door, changes: dict[str, Any]) -> None:
    client_id = key_client(door)

    assert ask_with(door, assertion(client_id, **changes)).status == 401


def test_discovery_names_every_endpoint(door: Door) -> None:
    found = door("GET", "/.well-known/openid-configuration", signed_in=False).body

    assert found["issuer"] == "https://localhost:4080/"
    assert found["token_endpoint"] == "https://localhost:4080/oauth/token"
    assert found["jwks_uri"] == "https://localhost:4080/.well-known/jwks.json"


def test_an_api_without_a_grant_for_the_client_is_refused(door: Door) -> None:
    door("POST", "/api/v2/resource-servers", {"identifier": "https://orders.example.com"})

    answer = door(
        "POST",
        "/oauth/token",
        {**GOOD, "audience": "https://orders.example.com"},
        signed_in=False,
    )

    assert answer.status == 403
    assert answer.body == {
        "error": "access_denied",
        "error_description": (
            'Client is not authorized to access "https://orders.example.com". You need to create '
            'a "client-grant" associated to this API. See: '
            "https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
        ),
    }


def test_the_tokens_of_a_revoked_client_end_soon(
    store: Store, run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    later = [timedelta(0)]
    tenant = run(build_tenant(store, now=lambda: utc_now() + later[0]))
    services = services_of(tenant, store)
    door = Door(services=services, app=build_app(services), run=run)
    door.token = ask(door).body["access_token"]
    client = door("POST", "/api/v2/clients", {"name": "CI"}).body
    grant = {"client_id": client["client_id"], "audience": AUDIENCE, "scope": ["read:users"]}
    door("POST", "/api/v2/client-grants", grant)
    found = {name: client[name] for name in ("client_id", "client_secret")}
    token = {"authorization": f"Bearer {ask(door, **found).body['access_token']}"}
    assert door("GET", "/api/v2/users", headers=token).status == 200

    door("DELETE", f"/api/v2/clients/{client['client_id']}")

    later[0] = timedelta(seconds=11)
    assert door("GET", "/api/v2/users", headers=token).status == 401
    assert ask(door, **found).status == 401
    assert door("GET", "/api/v2/users").status == 200
