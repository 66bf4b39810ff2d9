"""auth0-python, unchanged, drives every method it has of flows, vault, users, emails and phone."""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

from tests.clients.surface import Watched, methods_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import Server

CONNECTION = "Username-Password-Authentication"
TESTED = "Test notification successfully sent for processing"
ACTIONS = [
    {
        "id": "store_a1b2",
        "type": "FLOW",
        "action": "STORE_VARS",
        "allow_failure": False,
        "mask_output": False,
        "params": {"vars": {"greeting": "hello"}},
    }
]


@pytest.fixture(scope="module")
def trust(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.authority))


@pytest.fixture(scope="session")
def called() -> set[str]:
    """The methods that the tests of this module have called; `make test` keeps a file together."""
    return set()


@pytest.fixture
def client(
    server: Server, trust: ssl.SSLContext, called: set[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    with httpx.Client(verify=trust) as http:
        made = ManagementClient(
            domain=server.domain,
            client_id=server.client_id,
            client_secret=server.client_secret,
            httpx_client=http,
        )
        yield Watched(made, "client", called)


def start(server: Server, trust: ssl.SSLContext, flow_id: str) -> dict[str, Any]:
    """Start an execution: the one thing Auth0's API has no call for."""
    token = post(
        server,
        trust,
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "audience": f"https://{server.domain}/api/v2/",
        },
    )["access_token"]
    path = f"/sluiceway/v1/flows/{flow_id}/executions?wait=10"
    return post(server, trust, path, {}, token=token)


def post(
    server: Server, trust: ssl.SSLContext, path: str, body: dict[str, Any], token: str = ""
) -> dict[str, Any]:
    request = urllib.request.Request(server.url + path, data=json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
        return json.load(answer)


def test_flows_and_their_executions(client: Any, server: Server, trust: ssl.SSLContext) -> None:
    created = client.flows.create(name="From the SDK", actions=ACTIONS)
    assert created.id.startswith("af_")
    assert client.flows.get(created.id).name == "From the SDK"
    assert client.flows.get(created.id, hydrate=["form_count"]).id == created.id
    changed = client.flows.update(created.id, name="Renamed")
    assert changed.name == "Renamed"
    assert changed.actions
    assert changed.actions[0].id == "store_a1b2"
    assert created.id in [flow.id for flow in client.flows.list(per_page=1)]

    record = start(server, trust, created.id)
    assert record["status"] == "COMPLETED"
    listed = list(client.flows.executions.list(created.id))
    assert [one.id for one in listed] == [record["id"]]
    found = client.flows.executions.get(created.id, record["id"], hydrate=["debug"])
    assert found.status == "COMPLETED"
    assert found.debug is not None
    client.flows.executions.delete(created.id, record["id"])
    assert list(client.flows.executions.list(created.id)) == []

    client.flows.delete(created.id)
    with pytest.raises(ApiError) as caught:
        client.flows.get(created.id)
    assert caught.value.status_code == 404
    assert caught.value.body["message"] == "Flow not found"


def test_vault_connections(client: Any) -> None:
    vault = client.flows.vault.connections
    created = vault.create(request={"name": "API", "app_id": "HTTP"})
    assert created.ready is False
    changed = vault.update(
        created.id, name="API 2", setup={"type": "BEARER", "token": "a-secret-token"}
    )
    assert changed.ready is True
    assert changed.fingerprint != created.fingerprint
    got = vault.get(created.id)
    assert got.name == "API 2"
    assert "a-secret-token" not in got.model_dump_json()
    assert created.id in [one.id for one in vault.list(per_page=1)]
    vault.delete(created.id)


def test_users(client: Any) -> None:
    created = client.users.create(
        connection=CONNECTION,
        email="sdk@example.com",
        password="A-long-passw0rd",
        user_metadata={"color": "red"},
    )
    user_id = created.user_id
    assert user_id
    assert client.users.get(user_id).email == "sdk@example.com"
    assert client.users.get(user_id, fields="email", include_fields=True).user_id is None
    changed = client.users.update(user_id, user_metadata={"size": "m"}, blocked=True)
    assert changed.user_metadata == {"color": "red", "size": "m"}
    assert [u.user_id for u in client.users.list(q='email:"sdk@example.com"')] == [user_id]
    by_email = client.users.list_users_by_email(email="sdk@example.com")
    assert [u.user_id for u in by_email] == [user_id]

    role = client.roles.create(name="sdk-role")
    client.users.roles.assign(user_id, roles=[role.id])
    assert [one.id for one in client.users.roles.list(user_id)] == [role.id]
    client.users.roles.delete(user_id, roles=[role.id])
    assert list(client.users.roles.list(user_id)) == []
    organization = client.organizations.create(name="sdk-org")
    client.organizations.members.create(organization.id, members=[user_id])
    assert [one.id for one in client.users.organizations.list(user_id)] == [organization.id]

    began = time.monotonic()
    with pytest.raises(ApiError) as caught:
        client.users.create(
            connection=CONNECTION,
            email="sdk@example.com",
            password="A-long-passw0rd",
            request_options={"max_retries": 0},
        )
    assert caught.value.status_code == 409
    assert caught.value.body["errorCode"] == "auth0_idp_error"
    assert time.monotonic() - began < 5
    client.users.delete(user_id)


def test_email_provider_and_templates(client: Any) -> None:
    with pytest.raises(ApiError) as caught:
        client.emails.provider.get()
    assert caught.value.status_code == 404
    created = client.emails.provider.create(
        name="smtp",
        enabled=True,
        default_from_address="a@example.com",
        credentials={
            "smtp_host": "127.0.0.1",
            "smtp_port": 2525,
            "smtp_user": "u",
            "smtp_pass": "secret-pass",
        },
    )
    assert "secret-pass" not in created.model_dump_json()
    assert client.emails.provider.get().name == "smtp"
    assert client.emails.provider.update(enabled=False).enabled is False
    client.emails.provider.delete()

    template = {
        "template": "verify_email",
        "body": "<p>{{ user.name }}</p>",
        "from": "a@example.com",
        "subject": "Hi",
        "syntax": "liquid",
        "enabled": True,
    }
    client.email_templates.create(
        **{"from_" if key == "from" else key: value for key, value in template.items()}
    )
    assert client.email_templates.get("verify_email").subject == "Hi"
    assert client.email_templates.update("verify_email", subject="Ho").subject == "Ho"
    replaced = client.email_templates.set(
        "verify_email",
        **{"from_" if key == "from" else key: value for key, value in template.items()},
    )
    assert replaced.subject == "Hi"


def test_phone_providers_and_templates(client: Any, webhook_url: str) -> None:
    phone = client.branding.phone
    created = phone.providers.create(
        name="custom",
        disabled=False,
        configuration={"delivery_methods": ["text"]},
        credentials={"webhook_url": webhook_url, "webhook_secret": "a-made-up-secret-of-32-bytes"},
    )
    assert created.id
    assert phone.providers.get(created.id).channel == "phone"
    assert phone.providers.test(created.id, to="+15550100").message == TESTED
    template = phone.templates.create(
        type="otp_verify", disabled=False, content={"body": {"text": "{{ code }}"}}
    )
    changed = phone.templates.update(template.id, content={"body": {"text": "Code {{ code }}"}})
    assert changed.content.body
    assert changed.content.body.text == "Code {{ code }}"
    assert phone.templates.get(template.id).type == "otp_verify"
    assert phone.templates.reset(template.id, request={}).content.body
    listed = phone.templates.list().templates or []
    assert [one.id for one in listed if one.id] == [template.id]
    assert phone.templates.test(template.id, to="+15550100").message == TESTED
    phone.templates.delete(template.id)

    assert phone.providers.update(created.id, disabled=True).disabled is True
    listed = phone.providers.list()
    assert [one.id for one in listed.providers or []] == [created.id]
    phone.providers.delete(created.id)


def new_user(client: Any, name: str) -> str:
    created = client.users.create(
        connection=CONNECTION, email=f"{name}@example.com", password="A-long-passw0rd"
    )
    return created.user_id


def test_linked_users(client: Any) -> None:
    first, other = new_user(client, "first"), new_user(client, "other")
    key = other.removeprefix("auth0|")

    linked = client.users.identities.link(first, provider="auth0", user_id=key)
    assert [str(one.user_id) for one in linked] == [first.removeprefix("auth0|"), key]
    assert linked[1].profile_data.email == "other@example.com"
    assert len(client.users.get(first).identities) == 2
    left = client.users.identities.delete(first, "auth0", key)
    assert len(left) == 1
    assert client.users.get(other).email == "other@example.com"


def test_permissions_and_roles_of_users(client: Any) -> None:
    user = new_user(client, "clerk")
    api = client.resource_servers.create(
        identifier="https://orders.example.com", name="Orders", scopes=[{"value": "read:orders"}]
    )
    wanted = [{"resource_server_identifier": api.identifier, "permission_name": "read:orders"}]
    role = client.roles.create(name="sdk-clerk")
    client.users.permissions.create(user, permissions=wanted)
    client.roles.permissions.add(role.id, permissions=wanted)
    client.users.roles.assign(user, roles=[role.id])

    assert [p.permission_name for p in client.users.permissions.list(user)] == ["read:orders"]
    effective = client.users.effective_permissions
    found = list(effective.list(user, resource_server_identifier=api.identifier))
    assert found[0].sources == ["direct", "effective_roles"]
    roles = effective.sources.roles.list(
        user, resource_server_identifier=api.identifier, permission_name="read:orders"
    )
    assert [one.id for one in roles] == [role.id]
    assert [one.id for one in client.users.effective_roles.list(user)] == [role.id]
    assert list(client.users.effective_roles.sources.groups.list(user, role_id=role.id)) == []
    client.users.permissions.delete(user, permissions=wanted)
    left = list(client.users.permissions.list(user))
    assert [one.sources[0]["source_type"] for one in left] == ["ROLE"]


def test_what_users_are_enrolled_with(client: Any) -> None:
    user = new_user(client, "enrolled")
    methods = client.users.authentication_methods

    made = methods.create(user, type="phone", name="Mine", phone_number="+15550100")
    assert methods.get(user, made.id).phone_number == "XXXXX0100"
    assert methods.update(user, made.id, name="Ours").name == "Ours"
    assert [one.id for one in methods.list(user)] == [made.id]
    replaced = methods.set(user, request=[{"type": "totp", "name": "App"}])
    assert [one.type for one in replaced] == ["totp"]
    methods.delete(user, replaced[0].id)
    methods.delete_all(user)
    client.users.authenticators.delete_all(user)
    assert list(methods.list(user)) == []


def test_what_nobody_has_who_never_signs_in(client: Any) -> None:
    user = new_user(client, "absent")
    users = client.users

    assert users.enrollments.get(user) == []
    assert list(users.logs.list(user)) == []
    assert list(users.sessions.list(user)) == []
    assert list(users.refresh_token.list(user)) == []
    assert list(users.connected_accounts.list(user)) == []
    assert list(users.groups.get(user)) == []
    users.sessions.delete(user)
    users.refresh_token.delete(user)
    users.multifactor.invalidate_remember_browser(user)
    users.multifactor.delete_provider(user, "duo")
    users.risk_assessments.clear(user, connection=CONNECTION, assessors=["new-device"])
    users.revoke_access(user)
    assert users.regenerate_recovery_code(user).recovery_code


def test_every_method_was_called(client: Any, called: set[str]) -> None:
    real = client._client
    wanted = {
        *methods_of(real.flows, "client.flows"),
        *methods_of(real.users, "client.users"),
        *methods_of(real.emails, "client.emails"),
        *methods_of(real.email_templates, "client.email_templates"),
        *methods_of(real.branding.phone, "client.branding.phone"),
    }

    assert len(wanted) > 60
    if not called:
        pytest.skip("looks back at the other tests of this module, which did not run")
    assert sorted(wanted - called) == []
