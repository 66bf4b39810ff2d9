"""JWT/DECODE_JWT: a token's parts, unchecked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

NAME = "JWT/DECODE_JWT"
# The token of jwt.io's front page, which Auth0's documentation shows decoded.
TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)


def test_the_documented_example(bench: Workbench) -> None:
    context = bench.context(fields={"token": f" {TOKEN}\n"})

    assert bench.run(NAME, {"token": "{{fields.token}}"}, context) == {
        "header": {"alg": "HS256", "typ": "JWT"},
        "payload": {"sub": "1234567890", "name": "John Doe", "iat": 1516239022},
        "signature": "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    }


def test_an_unsigned_token_and_a_payload_that_is_no_json(bench: Workbench) -> None:
    assert bench.run(NAME, {"token": "eyJhbGciOiJub25lIn0.aGk."}) == {
        "header": {"alg": "none"},
        "payload": "hi",
        "signature": "",
    }


@pytest.mark.parametrize(
    "token",
    ["", "a.b", "a.b.c.d", "!!!.e30.", "e30.!!!.", "e30.e30.!", "W10.e30.", "bm8.e30.", "é.e30."],
)
def test_what_is_no_token_fails(bench: Workbench, token: str) -> None:
    with pytest.raises(InvalidActionParams) as caught:
        bench.run(NAME, {"token": token})
    assert caught.value.at == "/token"


def test_the_limit_is_auth0s(bench: Workbench) -> None:
    with pytest.raises(InvalidActionParams, match="schema"):
        bench.run(NAME, {"token": "e30." + "A" * 10_000 + "."})
