"""JWT/SIGN_JWT: tokens that another library accepts, in every algorithm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from sluiceway.actions.jwt.sign_jwt import seconds_of
from sluiceway.errors import ConnectionUnusable, InvalidActionParams
from tests.actions.jwt.keys import (
    ALGORITHMS,
    SECRET,
    checking_key,
    private_pem,
    public_pem,
    setup_of,
)

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "JWT/SIGN_JWT"
LAX: Any = {"verify_exp": False, "verify_aud": False, "verify_iat": False}


def _sign(bench: Workbench, setup: dict[str, Any], **params: Any) -> str:
    id_ = bench.connect("JWT", setup)
    token: str = bench.run(NAME, {"connection_id": id_, **params})["token"]
    return token


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm(bench: Workbench, algorithm: str) -> None:
    token = _sign(bench, setup_of(algorithm), payload={"email": "ada@x.example"}, subject="auth0|1")

    claims = jwt.decode(token, checking_key(algorithm), algorithms=[algorithm], options=LAX)
    assert claims == {
        "email": "ada@x.example",
        "sub": "auth0|1",
        "iat": int(bench.clock().timestamp()),
    }
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT"}


def test_named_params_win_over_the_payload(bench: Workbench) -> None:
    token = _sign(
        bench,
        {**setup_of("HS256"), "key_id": "k1"},
        payload={"sub": "other", "iss": "other", "aud": ["other"], "iat": 1000, "exp": 5},
        subject="auth0|1",
        issuer="https://x.example/",
        audience="api",
        expires_in="15m",
    )

    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options=LAX)
    assert claims == {
        "sub": "auth0|1",
        "iss": "https://x.example/",
        "aud": "api",
        "iat": 1000,
        "exp": 1900,
    }
    assert jwt.get_unverified_header(token)["kid"] == "k1"


def test_what_is_not_given_is_not_in_the_token(bench: Workbench) -> None:
    claims = jwt.decode(_sign(bench, setup_of("HS256")), SECRET, algorithms=["HS256"], options=LAX)

    assert set(claims) == {"iat"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60),
        ("90s", 90),
        ("15m", 900),
        ("1.5 hours", 5400),
        ("2h", 7200),
        ("7 days", 604_800),
        ("1w", 604_800),
        ("1y", 31_557_600),
        ("2 MINUTES", 120),
        (" 10 secs ", 10),
        ("500ms", 0.5),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-1h", "1 fortnight", "", "1h30m", "٣m", "9" * 20 + "y"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidActionParams):
        seconds_of(text)


def test_time_is_the_steps_own(bench: Workbench) -> None:
    bench.clock.moment = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
    token = _sign(bench, setup_of("HS256"), expires_in="1h")

    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options=LAX)
    assert (claims["iat"], claims["exp"]) == (1_767_323_045, 1_767_326_645)


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        (None, "set up"),
        ({"type": "JWT", "algorithm": "HS256"}, "secret"),
        ({"type": "JWT", "algorithm": "none", "secret": SECRET}, "algorithm"),
        ({"type": "JWT", "algorithm": "HS256", "secret": public_pem("RS256")}, "HS256"),
        ({"type": "JWT", "algorithm": "RS256", "private_key": "nonsense"}, "RS256"),
        ({"type": "JWT", "algorithm": "RS256", "private_key": public_pem("RS256")}, "private"),
        ({"type": "JWT", "algorithm": "RS256", "private_key": private_pem("ES256")}, "RS256"),
        ({"type": "JWT", "algorithm": "ES256", "private_key": private_pem("RS256")}, "ES256"),
        ({"type": "JWT", "algorithm": "ES256", "private_key": private_pem("ES384")}, "ES256"),
        ({"type": "JWT", "algorithm": "PS256", "public_key": public_pem("RS256")}, "private_key"),
    ],
)
def test_a_key_of_another_kind_is_refused(bench: Workbench, setup: Any, words: str) -> None:
    with pytest.raises(ConnectionUnusable, match=words) as caught:
        _sign(bench, setup)
    assert "BEGIN" not in str(caught.value.as_json())


@pytest.mark.parametrize("form", ["\\n", " ", "\r\n"])
def test_a_key_from_a_one_line_field_works(bench: Workbench, form: str) -> None:
    pem = private_pem("RS256").replace("\n", form)
    token = _sign(bench, {"type": "JWT", "algorithm": "RS256", "private_key": pem})

    assert jwt.decode(token, checking_key("RS256"), algorithms=["RS256"], options=LAX)


@pytest.mark.parametrize("name", ["secret", "secret_key", "key", "signing_key"])
def test_the_secret_may_be_named_so(bench: Workbench, name: str) -> None:
    token = _sign(bench, {"type": "JWT", "algorithm": "HS256", name: SECRET})

    assert jwt.decode(token, SECRET, algorithms=["HS256"], options=LAX)
    assert SECRET in str(bench.masked)


def test_a_short_secret_is_the_authors_choice(bench: Workbench) -> None:
    assert _sign(bench, {"type": "JWT", "algorithm": "HS256", "secret": "secret"}).count(".") == 2
