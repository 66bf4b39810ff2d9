"""AUTH0/CREATE_USER: one call; and after a crash, finding out whether it made the user."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.actions.auth0.create_user import ACTION, CreateUser
from sluiceway.actions.base import Effect
from sluiceway.errors import OutcomeUnknown
from sluiceway.models.timestamps import format_timestamp
from sluiceway.tenants.base import TenantResponse

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench

CONNECTION = "Username-Password-Authentication"


def _user(created_at: Any, connection: str = CONNECTION) -> dict[str, Any]:
    return {
        "user_id": "auth0|1",
        "email": "ada@x.example",
        "created_at": format_timestamp(created_at),
        "identities": [{"connection": connection}],
    }


def _reconcile(bench: Workbench, payload: dict[str, Any], found: Any) -> Any:
    bench.tenant.answers.append(TenantResponse(status=200, headers={}, body=found))
    params = CreateUser(connection_id="c", payload={"connection": CONNECTION, **payload})
    assert ACTION.reconcile is not None
    return bench.wait_for(ACTION.reconcile(params, bench.context()))


def test_the_payload_is_posted_and_a_conflict_is_an_output(bench: Workbench) -> None:
    bench.tenant.answers.append(TenantResponse(status=409, headers={}, body={"statusCode": 409}))
    payload = {"connection": CONNECTION, "email": "ada@x.example"}

    output = bench.run("AUTH0/CREATE_USER", {"connection_id": "c", "payload": payload})

    ((_, request),) = bench.tenant.calls
    assert (request.method, request.pathname, request.body) == ("POST", "/api/v2/users", payload)
    assert (output["status"], output["success"]) == (409, False)
    assert ACTION.effect is Effect.ONCE


@pytest.mark.parametrize(
    ("payload", "path", "query"),
    [
        ({"user_id": "7"}, "/api/v2/users/auth0%7C7", {}),
        ({"email": "Ada@X.example"}, "/api/v2/users-by-email", {"email": "ada@x.example"}),
        ({"username": "ada"}, "/api/v2/users", {"q": 'username:"ada"', "search_engine": "v3"}),
        (
            {"phone_number": '+1"\\'},
            "/api/v2/users",
            {"q": 'phone_number:"+1\\"\\\\"', "search_engine": "v3"},
        ),
    ],
)
def test_the_user_is_looked_up_by_what_identifies_it(
    bench: Workbench, payload: dict[str, Any], path: str, query: dict[str, str]
) -> None:
    assert _reconcile(bench, payload, []) is None

    ((_, request),) = bench.tenant.calls
    assert (request.method, request.pathname, request.query) == ("GET", path, query)


def test_a_user_made_since_the_attempt_began_is_adopted(bench: Workbench) -> None:
    user = _user(bench.clock() + timedelta(seconds=1))

    outcome = _reconcile(bench, {"email": "ada@x.example"}, [user])

    assert outcome.output == {"status": 201, "headers": {}, "body": user, "success": True}


@pytest.mark.parametrize(
    ("age_s", "connection"),
    [
        pytest.param(60, CONNECTION, id="an older user"),
        pytest.param(0, "google-oauth2", id="a user of another connection"),
    ],
)
def test_another_user_is_not_adopted(bench: Workbench, age_s: int, connection: str) -> None:
    user = _user(bench.clock() - timedelta(seconds=age_s), connection)

    assert _reconcile(bench, {"email": "ada@x.example"}, [user]) is None


def test_without_anything_to_look_up_by_the_outcome_is_unknown(bench: Workbench) -> None:
    with pytest.raises(OutcomeUnknown, match="user_id, email, username or phone_number"):
        _reconcile(bench, {"name": "Ada"}, [])
