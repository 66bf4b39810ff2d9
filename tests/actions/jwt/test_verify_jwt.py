"""JWT/VERIFY_JWT: every algorithm, no confusion between them, and causes told apart."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from sluiceway.errors import ConnectionUnusable, InvalidActionParams
from tests.actions.jwt.keys import (
    ALGORITHMS,
    SECRET,
    certificate_pem,
    private_key,
    private_pem,
    public_pem,
    setup_of,
)

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "JWT/VERIFY_JWT"


def _signed(algorithm: str, claims: dict[str, Any], number: int = 0, **headers: Any) -> str:
    key = SECRET if algorithm.startswith("HS") else private_key(algorithm, number)
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers or None)


def _part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _verify(bench: Workbench, setup: dict[str, Any], token: str, **params: Any) -> Any:
    id_ = bench.connect("JWT", setup)
    return bench.run(NAME, {"connection_id": id_, "token": token, **params})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm(bench: Workbench, algorithm: str) -> None:
    token = _signed(algorithm, {"sub": "auth0|1", "name": "Jane Doe"})

    output = _verify(bench, setup_of(algorithm), token)

    assert output == {
        "valid": True,
        "header": {"alg": algorithm, "typ": "JWT"},
        "payload": {"sub": "auth0|1", "name": "Jane Doe"},
        "signature": token.rpartition(".")[2],
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_changed_token_has_an_invalid_signature(bench: Workbench, algorithm: str) -> None:
    header, _, signature = _signed(algorithm, {"sub": "auth0|1"}).split(".")
    token = f"{header}.{_part({'sub': 'admin'})}.{signature}"

    assert _verify(bench, setup_of(algorithm), token) == {
        "valid": False,
        "cause": "INVALID_SIGNATURE",
    }


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256"])
@pytest.mark.parametrize("kind", ["public_key", "certificate"])
def test_a_public_key_is_enough(bench: Workbench, algorithm: str, kind: str) -> None:
    pem = public_pem(algorithm) if kind == "public_key" else certificate_pem(algorithm)
    setup = {"type": "JWT", "algorithm": algorithm, kind: pem}

    assert _verify(bench, setup, _signed(algorithm, {}))["valid"] is True
    assert _verify(bench, setup, _signed(algorithm, {}, number=1))["cause"] == "INVALID_SIGNATURE"


@pytest.mark.parametrize("connection", ALGORITHMS)
@pytest.mark.parametrize("token", ["HS256", "RS256", "ES256", "PS384"])
def test_the_token_does_not_choose_the_algorithm(
    bench: Workbench, connection: str, token: str
) -> None:
    output = _verify(bench, setup_of(connection), _signed(token, {"a": 1}))

    assert output["valid"] is (connection == token)
    if connection != token:
        assert output["cause"] == "INVALID_ALGORITHM"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "", None, "HS", 5])
def test_no_signature_is_no_algorithm(bench: Workbench, name: Any) -> None:
    token = f"{_part({'alg': name})}.{_part({'sub': 'admin'})}."

    assert _verify(bench, setup_of("HS256"), token)["cause"] == "INVALID_ALGORITHM"


@pytest.mark.parametrize("claimed", ["HS256", "RS256"])
def test_a_public_key_does_not_become_a_secret(bench: Workbench, claimed: str) -> None:
    signed = f"{_part({'alg': claimed, 'typ': 'JWT'})}.{_part({'sub': 'admin'})}"
    digest = hmac.new(public_pem("RS256").encode(), signed.encode(), hashlib.sha256).digest()
    setup = {"type": "JWT", "algorithm": "RS256", "public_key": public_pem("RS256")}

    output = _verify(bench, setup, f"{signed}.{_part(digest)}")

    cause = "INVALID_SIGNATURE" if claimed == "RS256" else "INVALID_ALGORITHM"
    assert output == {"valid": False, "cause": cause}


@pytest.mark.parametrize(
    ("claims", "params", "cause"),
    [
        ({"exp": -1}, {}, "TOKEN_EXPIRED"),
        ({"exp": 0}, {}, "TOKEN_EXPIRED"),
        ({"exp": 1}, {}, None),
        ({"nbf": 60}, {}, "TOKEN_NOT_ACTIVE"),
        ({"nbf": 0}, {}, None),
        ({"iat": 60}, {}, None),
        ({"iss": "a"}, {"issuer": "a"}, None),
        ({"iss": "a"}, {"issuer": "A"}, "INVALID_ISSUER"),
        ({}, {"issuer": "a"}, "INVALID_ISSUER"),
        ({"iss": ["a"]}, {"issuer": "a"}, "INVALID_ISSUER"),
        ({"aud": "a"}, {"audience": "a"}, None),
        ({"aud": ["b", "a"]}, {"audience": "a"}, None),
        ({"aud": ["b"]}, {"audience": "a"}, "INVALID_AUDIENCE"),
        ({"aud": "abc"}, {"audience": "b"}, "INVALID_AUDIENCE"),
        ({}, {"audience": "a"}, "INVALID_AUDIENCE"),
        ({"aud": "a", "iss": "a"}, {}, None),
        ({"exp": -1, "iss": "b"}, {"issuer": "a"}, "TOKEN_EXPIRED"),
    ],
)
def test_the_causes_are_told_apart(
    bench: Workbench, claims: dict[str, Any], params: dict[str, str], cause: str | None
) -> None:
    now = int(bench.clock().timestamp())
    bench.clock.moment = bench.clock.moment.replace(microsecond=0)
    shifted = {k: v + now if k in {"exp", "nbf", "iat"} else v for k, v in claims.items()}
    id_ = bench.connect("JWT", setup_of("HS256"))
    token = _by_hand(shifted)

    output = bench.run(NAME, {"connection_id": id_, "token": token, **params})

    assert (output["valid"], output.get("cause")) == (cause is None, cause)


def _by_hand(payload: Any, header: Any = None) -> str:
    signed = f"{_part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{_part(payload)}"
    digest = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_part(digest)}"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b.c",
        "e30.e30",
        "e30.e30.e30.e30",
        _by_hand([1]),
        _by_hand(b"no json"),
        _by_hand({"exp": "soon"}),
        _by_hand({"nbf": True}),
        _by_hand({"a": 1}, {"alg": "HS256", "crit": ["b64"], "b64": False}),
    ],
)
def test_what_is_no_token_of_this_kind(bench: Workbench, token: str) -> None:
    output = _verify(bench, setup_of("HS256"), token)

    assert output["valid"] is False
    assert output["cause"] in {"MALFORMED_TOKEN", "INVALID_ALGORITHM"}


def test_keys_in_the_token_are_not_trusted(bench: Workbench) -> None:
    attacker = private_key("RS256", 1)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(attacker.public_key()))
    token = _signed("RS256", {"sub": "admin"}, 1, jwk=jwk, jku="https://evil.example/", kid="x")

    assert _verify(bench, setup_of("RS256"), token)["cause"] == "INVALID_SIGNATURE"
    assert bench.services.received == []


def test_a_token_longer_than_the_openapi_says_is_read(bench: Workbench) -> None:
    token = _signed("RS512", {"text": "x" * 2000})
    assert len(token) > 100

    assert _verify(bench, setup_of("RS512"), token)["valid"] is True
    with pytest.raises(InvalidActionParams):
        _verify(bench, setup_of("RS512"), "x" * 10_001)


def test_a_connection_without_a_usable_key_fails(bench: Workbench) -> None:
    for setup in (
        {"type": "JWT", "algorithm": "HS256", "secret": private_pem("RS256")},
        {"type": "JWT", "algorithm": "ES384", "public_key": public_pem("ES256")},
        {"type": "JWT", "algorithm": "RS256"},
    ):
        with pytest.raises(ConnectionUnusable):
            _verify(bench, setup, _signed("HS256", {}))
