"""AUTH0/GET_USER: which call it makes, and what the flow sees of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.errors import ConnectionUnusable, InvalidActionParams, TokenError
from sluiceway.tenants.base import TenantResponse

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench


@pytest.mark.parametrize(
    ("user_id", "path"),
    [
        pytest.param("auth0|1", "/api/v2/users/auth0%7C1", id="the bar is encoded"),
        pytest.param("oidc|a/b?c#d", "/api/v2/users/oidc%7Ca%2Fb%3Fc%23d", id="no other path"),
        pytest.param("ad|C\\ann", "/api/v2/users/ad%7CC%5Cann", id="a backslash"),
        pytest.param("sms|ü", "/api/v2/users/sms%7C%C3%BC", id="beyond ASCII"),
    ],
)
def test_the_path_names_the_user(bench: Workbench, user_id: str, path: str) -> None:
    bench.run("AUTH0/GET_USER", {"connection_id": "c", "user_id": user_id})

    ((connection, request),) = bench.tenant.calls
    assert (connection, request.method, request.pathname) == ("c", "GET", path)


@pytest.mark.parametrize("user_id", ["../clients", "..", ".", "%2e%2e", "a\nb", "a/../../b"])
def test_an_id_that_leads_elsewhere_is_told_as_an_id(bench: Workbench, user_id: str) -> None:
    with pytest.raises(InvalidActionParams, match="id of a user") as caught:
        bench.run("AUTH0/GET_USER", {"connection_id": "c", "user_id": user_id})

    assert (caught.value.at, bench.tenant.calls) == ("/user_id", [])


@pytest.mark.parametrize(
    ("status", "success"), [(200, True), (404, False), (403, False), (500, False)]
)
def test_any_answer_is_the_output(bench: Workbench, status: int, success: Any) -> None:
    bench.tenant.answers.append(
        TenantResponse(status=status, headers={"x-a": "b"}, body={"user_id": "auth0|1"})
    )
    outcome = bench.outcome("AUTH0/GET_USER", {"connection_id": "c", "user_id": "auth0|1"})

    assert outcome.output == {
        "status": status,
        "headers": {"x-a": "b"},
        "body": {"user_id": "auth0|1"},
        "success": success,
    }
    assert outcome.status_code == status


def test_an_undefined_user_id_fails_as_in_auth0s_debugger(bench: Workbench) -> None:
    with pytest.raises(InvalidActionParams) as caught:
        bench.run("AUTH0/GET_USER", {"connection_id": "c", "user_id": "{{context.user.user_id}}"})

    assert caught.value.as_json() == {
        "code": "ERR_INVALID_ACTION_PARAMS",
        "message": "Calculated parameters do not satisfy the expected schema",
        "details": {
            "invalidParams": [
                {
                    "code": "ERR_WRONG_DATA_TYPE",
                    "message": "must be string",
                    "details": {"type": "string"},
                    "path": "/user_id",
                }
            ]
        },
    }
    assert bench.tenant.calls == []


@pytest.mark.parametrize("error", [ConnectionUnusable("none"), TokenError("refused")])
def test_no_usable_connection_fails_the_action(bench: Workbench, error: Exception) -> None:
    bench.tenant.answers.append(error)  # type: ignore[arg-type]

    with pytest.raises(type(error)):
        bench.run("AUTH0/GET_USER", {"connection_id": "c", "user_id": "auth0|1"})
