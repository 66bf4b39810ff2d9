"""Every answer of a fresh server fits Auth0's own OpenAPI, but for differences with evidence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from msgspec.structs import replace

from sluiceway.api.app import build_app

if TYPE_CHECKING:
    from tests.conftest import Answer, Door

SHARED = Path(__file__).resolve().parents[3] / "shared"
SUBSET = SHARED / "openapi" / "auth0-subset.json"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SUBSET.exists(), reason="needs ../shared beside the repository"),
]

DIFFERENCES = [
    # Recorded: answers never hold the credentials that the schema asks for
    # (terraform-provider-auth0, TestAccCheckPhoneProvider); the list shows null (deploy-cli).
    ("/branding/phone/providers", '"credentials" is a required property'),
    ("/branding/phone/providers", "'credentials' was unexpected"),
    # Recorded: templates show their dates (terraform-provider-auth0, TestAccPhoneTemplate).
    ("/branding/phone/templates", "('created_at', 'updated_at' were unexpected)"),
    # Recorded: templates that nobody made are listed without an id and with an empty sender
    # (go-auth0, TestBrandingManager_ListPhoneNotificationTemplate; deploy-cli allows for it).
    ("/branding/phone/templates", '"id" is a required property'),
    ("/branding/phone/templates", '"" is shorter than 1 character'),
    # Recorded: POST and PATCH show a null refreshed_at (TestAccVaultConnection).
    ("/flows/vault/connections", 'null is not of type "string"'),
    # Recorded: mailgun's domain is shown (TestAccEmail).
    ("/emails/provider", "'domain' was unexpected"),
    # Recorded: the list of users has a length (TestAccDataSourceUser).
    ("/users", "'length' was unexpected"),
    # A last checkpoint page fits the offset page's schema too: neither requires any key.
    ("/flows/{flow_id}/executions", "is valid under more than one"),
]


def is_expression(text: str) -> bool:
    return text.startswith("{{")


class Checked:
    """A door that checks each answer against the schema of its operation."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.document: dict[str, Any] = json.loads(SUBSET.read_text())
        self.seen: set[tuple[str, str]] = set()
        self.problems: list[str] = []

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        answer = self.door(method, f"/api/v2{path}", body, query=query or None)
        template = self._template(method.lower(), path)
        self.seen.add((method, template))
        operation = self.document["paths"][template][method.lower()]
        described = operation["responses"].get(str(answer.status))
        where = f"{method} {template} {answer.status}"
        if described is None:
            self.problems.append(f"{where}: the status is not declared; {answer.body}")
            return answer
        content = described.get("content", {}).get("application/json")
        if content:
            schema = {**content["schema"], "components": self.document["components"]}
            validator = jsonschema_rs.Draft202012Validator(
                schema, validate_formats=True, formats={"forms-expression": is_expression}
            )
            for error in validator.iter_errors(answer.body):
                self._note(template, where, error)
        return answer

    def _note(self, template: str, where: str, error: Any) -> None:
        leaves = [error]
        context = getattr(error.kind, "context", None)
        if context:
            leaves += [leaf for branch in context for leaf in branch]
        for leaf in leaves:
            known = any(
                template.startswith(path) and words in leaf.message for path, words in DIFFERENCES
            )
            if known:
                return
        self.problems.append(f"{where}: {error.message} at {error.instance_path}")

    def _template(self, method: str, path: str) -> str:
        best = ""
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            fits = method in operations and re.fullmatch(pattern, path)
            if fits and (not best or template.count("{") < best.count("{")):
                best = template
        assert best, f"{method} {path} is not in the subset"
        return best

    def undriven(self) -> list[str]:
        """Return the operations that no scene has called; forms are not offered."""
        return sorted(
            f"{method.upper()} {path}"
            for path, operations in self.document["paths"].items()
            for method in operations.keys() & {"get", "post", "put", "patch", "delete"}
            if (method.upper(), path) not in self.seen and not path.startswith("/forms")
        )


def drive_flows(call: Checked) -> None:
    action = {
        "id": "a1",
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "ac_1", "user_id": "x"},
    }
    flow = call("POST", "/flows", {"name": "F", "actions": [action]}).body["id"]
    call("GET", f"/flows/{flow}")
    call("PATCH", f"/flows/{flow}", {"name": "G"})
    call("GET", "/flows")
    call("GET", "/flows", include_totals="true")
    vault = call("POST", "/flows/vault/connections", {"name": "V", "app_id": "HTTP"}).body["id"]
    call("GET", f"/flows/vault/connections/{vault}")
    call("PATCH", f"/flows/vault/connections/{vault}", {"name": "W"})
    call("GET", "/flows/vault/connections", include_totals="true")
    call("GET", "/flows/vault/connections")
    call("DELETE", f"/flows/vault/connections/{vault}")
    call("DELETE", f"/flows/{flow}")
    call("GET", f"/flows/{flow}")


def drive_executions(call: Checked) -> None:
    flow = call("POST", "/flows", {"name": "E", "actions": []}).body["id"]
    path = f"/flows/{flow}/executions"
    for _ in range(3):
        call.door("POST", f"/sluiceway/v1{path}", {})
    for query in ({}, {"take": 2}, {"include_totals": "true"}, {"page": 1, "per_page": 2}):
        call("GET", path, **query)
    page = call("GET", path, take=2).body
    rest = call("GET", path, **{"take": 2, "from": page["next"]}).body
    assert len(page["executions"] + rest["executions"]) == 3
    assert "next" not in rest
    one = rest["executions"][0]["id"]
    call.door("POST", f"/sluiceway/v1/executions/{one}/cancel")
    call("GET", f"{path}/{one}")
    assert call("GET", f"{path}/{one}", hydrate="debug").body["debug"]["steps"] == []
    call("DELETE", f"{path}/{one}")


def drive_users(call: Checked) -> None:
    user = (
        call(
            "POST",
            "/users",
            {
                "connection": "Username-Password-Authentication",
                "email": "a@example.com",
                "password": "secret1",
                "user_metadata": {"a": 1},
            },
        )
        .body["user_id"]
        .replace("|", "%7C")
    )
    call("GET", f"/users/{user}")
    call("PATCH", f"/users/{user}", {"blocked": True})
    call("GET", "/users")
    call("GET", "/users", include_totals="true")
    call("GET", "/users-by-email", email="a@example.com")
    call("POST", "/users", {"connection": "nope"})
    call("DELETE", f"/users/{user}")
    call("GET", f"/users/{user}")


def drive_emails(call: Checked) -> None:
    call("GET", "/emails/provider")
    credentials = {"api_key": "k", "domain": "example.com", "region": "eu"}
    call("POST", "/emails/provider", {"name": "mailgun", "credentials": credentials})
    fields = "name,enabled,default_from_address,credentials,settings"
    call("GET", "/emails/provider", fields=fields, include_fields="true")
    call("PATCH", "/emails/provider", {"enabled": False})
    call("POST", "/emails/provider", {"name": "mailgun", "credentials": credentials})
    call("DELETE", "/emails/provider")


def drive_phone(call: Checked) -> None:
    body = {
        "name": "twilio",
        "configuration": {"sid": "s", "default_from": "+1", "delivery_methods": ["text"]},
        "credentials": {"auth_token": "t"},
    }
    phone = call("POST", "/branding/phone/providers", body).body["id"]
    call("GET", "/branding/phone/providers")
    call("GET", f"/branding/phone/providers/{phone}")
    call("PATCH", f"/branding/phone/providers/{phone}", {"disabled": True})
    assert call("POST", f"/branding/phone/providers/{phone}/try", {"to": "+15550100"}).status == 202
    test = {"to": "+15550100", "delivery_method": "voice"}
    template = call("POST", "/branding/phone/templates", {"type": "otp_verify"}).body["id"]
    assert call("POST", f"/branding/phone/templates/{template}/try", test).status == 202
    call("DELETE", f"/branding/phone/providers/{phone}")
    call("GET", f"/branding/phone/providers/{phone}")
    template = call("POST", "/branding/phone/templates", {"type": "otp_enroll"}).body["id"]
    call("GET", "/branding/phone/templates")
    call("GET", f"/branding/phone/templates/{template}")
    call("PATCH", f"/branding/phone/templates/{template}", {"disabled": True})
    call("PATCH", f"/branding/phone/templates/{template}/reset")
    call("DELETE", f"/branding/phone/templates/{template}")


def drive_templates(call: Checked) -> None:
    words = {"body": "b", "from": "f", "subject": "s", "syntax": "liquid", "enabled": True}
    call("POST", "/email-templates", {"template": "welcome_email", **words})
    call("GET", "/email-templates/welcome_email")
    call("PATCH", "/email-templates/welcome_email", {"subject": "t"})
    call("PUT", "/email-templates/welcome_email", {"template": "welcome_email", **words})


def drive_clients(call: Checked) -> None:
    client = call("POST", "/clients", {"name": "C"}).body["client_id"]
    call("GET", f"/clients/{client}")
    call("PATCH", f"/clients/{client}", {"description": "d"})
    call("GET", "/clients")
    call("GET", "/clients", include_totals="true")
    call("GET", "/clients", take="1")


def drive_grants(call: Checked) -> None:
    client = call("POST", "/clients", {"name": "G"}).body["client_id"]
    audience = "https://localhost:4080/api/v2/"
    grant = {"client_id": client, "audience": audience, "scope": ["read:users"]}
    grant_id = call("POST", "/client-grants", grant).body["id"]
    call("POST", "/client-grants", grant)
    call("GET", "/client-grants", include_totals="true")
    call("GET", "/client-grants", client_id=client)
    call("GET", f"/client-grants/{grant_id}")
    call("PATCH", f"/client-grants/{grant_id}", {"scope": []})
    call("DELETE", f"/client-grants/{grant_id}")
    call("DELETE", f"/clients/{client}")


def drive_connections(call: Checked) -> None:
    connection = call("POST", "/connections", {"name": "db", "strategy": "auth0"}).body["id"]
    call("GET", f"/connections/{connection}")
    call("PATCH", f"/connections/{connection}", {"display_name": "D"})
    call("GET", "/connections")
    call("GET", "/connections", include_totals="true", strategy="auth0")
    call("DELETE", f"/connections/{connection}")


SCENES = (
    drive_flows,
    drive_executions,
    drive_users,
    drive_emails,
    drive_phone,
    drive_templates,
    drive_clients,
    drive_grants,
    drive_connections,
)


class Delivers:
    """Stands for the delivery side, which has tests of its own."""

    async def send(self, *_: object, **__: object) -> dict[str, Any]:
        return {"provider": "twilio", "receipt": "SM1", "took_ms": 1}


def test_every_answer_fits(door: Door) -> None:
    door.app = build_app(replace(door.services, trials=Delivers()))
    call = Checked(door)
    for scene in SCENES:
        scene(call)

    assert call.problems == []
    assert call.undriven() == []
