"""AUTH0/UPDATE_USER: the changes arrive as they were written, types and nulls included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.tenants.base import TenantResponse

if TYPE_CHECKING:
    from tests.actions.conftest import Workbench


def test_changes_keep_their_json_types(bench: Workbench) -> None:
    context = bench.context(
        context={"user": {"user_id": "auth0|1"}},
        fields={"topics": ["a", "b"], "terms": "true", "age": 7},
    )
    changes = {
        "name": "{{fields.missing}}",
        "user_metadata": {
            "topics": "{{fields.topics}}",
            "agreed": "{{ functions.toBoolean( fields.terms ) }}",
            "age": "{{fields.age}}",
            "text": "Age {{fields.age}}",
            "old": None,
            "at": "{{ functions.toTimestamp() }}",
        },
    }
    bench.run(
        "AUTH0/UPDATE_USER",
        {"connection_id": "c", "user_id": "{{context.user.user_id}}", "changes": changes},
        context,
    )

    ((_, request),) = bench.tenant.calls
    assert (request.method, request.pathname) == ("PATCH", "/api/v2/users/auth0%7C1")
    assert request.body == {
        "name": None,
        "user_metadata": {
            "topics": ["a", "b"],
            "agreed": True,
            "age": 7,
            "text": "Age 7",
            "old": None,
            "at": int(bench.clock().timestamp()),
        },
    }


def test_a_refusal_is_an_output(bench: Workbench) -> None:
    refusal = {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Cannot update email for non-database user.",
    }
    bench.tenant.answers.append(TenantResponse(status=400, headers={}, body=refusal))

    output = bench.run(
        "AUTH0/UPDATE_USER",
        {"connection_id": "c", "user_id": "google|1", "changes": {"email": "a@b.example"}},
    )

    assert (output["status"], output["success"], output["body"]) == (400, False, refusal)
