"""Generated requests to every operation: no 500, and every answer as the documents say."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from tests.conftest import LiveServer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def token(server: LiveServer) -> str:
    body = {
        "grant_type": "client_credentials",
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "audience": f"https://{server.domain}/api/v2/",
    }
    request = urllib.request.Request(f"{server.url}/oauth/token", json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("document", ["openapi.json", "management.json"])
def test_generated_requests_are_answered_as_described(
    live_server: LiveServer, document: str
) -> None:
    schema = schemathesis.openapi.from_url(f"{live_server.url}/sluiceway/v1/{document}")
    bearer = {"Authorization": f"Bearer {token(live_server)}"}
    operations = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        operations += 1

        @settings(
            max_examples=12,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        )
        @given(case=operation.as_strategy())
        def exercise(case: Any) -> None:
            (case.query or {}).pop("wait", None)
            answer = case.call(headers=bearer)
            case.validate_response(answer, checks=CHECKS)

        exercise()
    assert operations > 20
