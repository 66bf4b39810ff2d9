"""Whatever fits Auth0's own request schemas is taken, but for rules that no schema can say."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.wire.test_auth0_openapi import Checked

if TYPE_CHECKING:
    from tests.conftest import Answer, Door

SUBSET = Path(__file__).resolve().parents[3] / "shared" / "openapi" / "auth0-subset.json"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not SUBSET.exists(), reason="needs ../shared beside the repository"),
]

ID = st.from_regex(r"ac_[1-9A-HJ-NP-Za-km-z]{22}", fullmatch=True)
FORMATS = {
    "flows-vault-connections-id": ID,
    "forms-custom-identifier": st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,20}", fullmatch=True),
    "forms-expression": st.just("{{ fields.email }}"),
    "forms-url-https": st.just("https://example.com/path"),
    "hostname-rfc2181": st.just("tenant.example.com"),
    "strict-uri": st.just("https://example.com/picture.png"),
    "email": st.just("ada@example.com"),
}
FIXED = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
RULES = (
    r"ids to be unique in the flow",
    # The schema lets a change of a user have any key, and Auth0 advises where to put it instead.
    r"Additional properties not allowed: .*consider storing them in app_metadata",
    r"Invalid property name: ",  # of metadata keys: dots, dollars, reserved names
    r"Connection does not exist|Connection does not support user creation",
    r"PasswordStrengthError|Cannot (update|set) ",
    r"Missing required property: (email|phone_number|username)'",  # one of them names a user
    r"Bad Operation on Notification Resource",  # recorded: twilio without a sender
    r"Missing required property: type'\.$",  # a phone template needs one in all but the schema
    r"on property (credentials|setup)\b",  # must be those of the provider or the app
    r"Unknown client|Resource server not found",
    r"expected a (server that delivers|template that can be rendered)",
)
BODIES = {
    "/flows/{id}": ("/flows", {"name": "F"}),
    "/flows/vault/connections/{id}": ("/flows/vault/connections", {"name": "V", "app_id": "HTTP"}),
    "/users/{id}": (
        "/users",
        {
            "connection": "Username-Password-Authentication",
            "email": "first@example.com",
            "password": "A-long-passw0rd",
            "user_id": "first",
        },
    ),
    "/branding/phone/providers/{id}": (
        "/branding/phone/providers",
        {
            "name": "twilio",
            "configuration": {"sid": "AC", "default_from": "+1", "delivery_methods": ["text"]},
            "credentials": {"auth_token": "t"},
        },
    ),
    "/branding/phone/templates/{id}": ("/branding/phone/templates", {"type": "otp_verify"}),
    "/clients/{id}": ("/clients", {"name": "C"}),
    "/connections/{id}": ("/connections", {"name": "db", "strategy": "auth0"}),
}


@cache
def subset() -> dict[str, Any]:
    return json.loads(SUBSET.read_text()) if SUBSET.exists() else {"paths": {}}


def writes() -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, operations in subset()["paths"].items()
        for method in sorted(operations.keys() & {"post", "patch", "put"})
        if "requestBody" in operations[method] and not path.startswith("/forms")
    ]


def bodies_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    for name, strategy in FORMATS.items():
        schemathesis.openapi.format(name, strategy)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "One body", "version": "1"},
        "components": subset()["components"],
        "paths": {
            "/": {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": schema}},
                    },
                    "responses": {"200": {"description": "Taken"}},
                }
            }
        },
    }
    operation = next(schemathesis.openapi.from_dict(document).get_all_operations()).ok()
    return operation.as_strategy().map(lambda case: case.body)


def place_of(door: Door, path: str) -> str:
    """Return the path of something that is there, made if need be."""
    if "templateName" in path:
        words = dict.fromkeys(("body", "from", "subject", "syntax", "enabled"))
        door("POST", "/api/v2/email-templates", {"template": "welcome_email", **words})
        return path.replace("{templateName}", "welcome_email")
    if path == "/client-grants/{id}":
        return f"/client-grants/{door('GET', '/api/v2/client-grants').body[0]['id']}"
    for template, (collection, body) in BODIES.items():
        if path.startswith(template):
            made = door("POST", f"/api/v2{collection}", body).body
            id_ = made.get("id") or made.get("user_id") or made["client_id"]
            return path.replace("{id}", id_.replace("|", "%7C"))
    return path


def is_taken(answer: Answer) -> bool:
    if answer.status != 400:
        return answer.status < 500
    return any(re.search(rule, answer.body["message"], re.DOTALL) for rule in RULES)


@pytest.mark.parametrize(("method", "path"), writes(), ids=lambda part: part)
def test_what_fits_auth0s_schema_is_taken(door: Door, method: str, path: str) -> None:
    place = place_of(door, path)
    if (method, path) == ("patch", "/emails/provider"):
        door(
            "POST", "/api/v2/emails/provider", {"name": "mandrill", "credentials": {"api_key": "k"}}
        )
    call = Checked(door)
    content = subset()["paths"][path][method]["requestBody"]["content"]
    statuses: list[int] = []

    @FIXED
    @given(bodies_of(content["application/json"]["schema"]))
    def exercise(body: Any) -> None:
        answer = call(method.upper(), place, body)
        statuses.append(answer.status)
        assert is_taken(answer), (body, answer.body)
        assert [one for one in call.problems if " 400: the status is not" not in one] == []

    exercise()
    assert len(statuses) > 5 or path.endswith("/reset")


def action_schemas() -> list[str]:
    """Return the names of the schemas of single actions, 61 of them."""
    found: list[str] = []

    def collect(name: str) -> None:
        schema = subset()["components"]["schemas"][name]
        for choice in schema.get("oneOf", schema.get("anyOf", [])):
            collect(choice["$ref"].rpartition("/")[2])
        if "properties" in schema:
            found.append(name)

    if subset()["paths"]:
        collect("FlowAction")
    return found


def name_apart(action: dict[str, Any], id_: str) -> dict[str, Any]:
    """Give the action and those in its branches ids that are unique in the flow."""
    action["id"] = id_
    for branch in ("then", "else"):
        for number, inner in enumerate(action.get("params", {}).get(branch) or []):
            if isinstance(inner, dict) and "action" in inner:
                name_apart(inner, f"{id_}_{branch}{number}")
    return action


@pytest.mark.parametrize("name", action_schemas())
def test_patch_then_get_gives_back_any_action_of_auth0s(door: Door, name: str) -> None:
    path = f"/api/v2/flows/{door('POST', '/api/v2/flows', {'name': 'F'}).body['id']}"

    @settings(FIXED, max_examples=5)
    @given(bodies_of({"$ref": f"#/components/schemas/{name}"}))
    def exercise(body: dict[str, Any]) -> None:
        actions = [name_apart(body, "first")]
        changed = door("PATCH", path, {"actions": actions})
        assert changed.status == 200, (body, changed.body)
        assert changed.body["actions"] == actions
        assert door("GET", path).body["actions"] == actions

    exercise()
