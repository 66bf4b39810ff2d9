"""Our own vault API: trials, uses, deletion with care, rotation, verification."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from sluiceway.api.app import build_app
from sluiceway.engine.sealed_rows import identity_of
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.base import OutboundRequest, OutboundResponse
from sluiceway.tenants.client import NoLimits, TenantClient
from sluiceway.tenants.connection_tokens import ConnectionTokens
from sluiceway.tenants.tokens import Tokens
from sluiceway.tenants.trial import ConnectionTrials
from sluiceway.vault.connections import StoredConnections
from sluiceway.vault.data_keys import DataKeys
from sluiceway.vault.master_key import LocalKey, load_or_make_master_key
from sluiceway.vault.operations import VaultKeys
from sluiceway.vault.rotation import Rotation

if TYPE_CHECKING:
    from sluiceway.storage.base import Store
    from tests.conftest import Door

WIRE = "/api/v2/flows/vault/connections"
OURS = "/sluiceway/v1/vault"
SECRET = "v3ry-s3cret-client-s3cret"
SETUP = {
    "type": "OAUTH_APP",
    "domain": "acme.eu.auth0.com",
    "client_id": "c",
    "client_secret": SECRET,
}


class Services:
    """The services of others, and what they were asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[OutboundRequest] = []

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        self.asked.append(request)
        host = request.url.split("/")[2]
        status, body = self.answers.get(host, (404, {"error": "nothing here"}))
        return OutboundResponse(
            status=status,
            headers={"content-type": "application/json"},
            body=json.dumps(body).encode(),
        )


@dataclasses.dataclass
class VaultDoor:
    """The API with a vault behind it, the services around it, and its keys."""

    call: Door
    services: Services
    keys: DataKeys
    vault_keys: VaultKeys

    def connect(self, name: str, app_id: str = "AUTH0", setup: Any = SETUP) -> str:
        body = {"name": name, "app_id": app_id, **({} if setup is None else {"setup": setup})}
        answer = self.call("POST", WIRE, body)
        assert answer.status == 201, answer.body
        id_: str = answer.body["id"]
        return id_

    def flow(self, name: str, *actions: dict[str, Any]) -> str:
        answer = self.call("POST", "/api/v2/flows", {"name": name, "actions": list(actions)})
        assert answer.status == 201, answer.body
        id_: str = answer.body["id"]
        return id_


@pytest.fixture
def vault(
    door: Door, store: Store, run: Callable[[Coroutine[Any, Any, Any]], Any], tmp_path: Path
) -> VaultDoor:
    path = tmp_path / "vault.key"
    keys = DataKeys(store.documents, LocalKey(load_or_make_master_key(path), str(path)), utc_now)
    ring = run(keys.load())
    others = Services()
    connections = StoredConnections(store.documents, ring)
    tokens = Tokens(others, cache=store.shared, sealer=ring)

    async def find_uses(connection: Any) -> list[str]:
        from sluiceway.management.flows import flows_using  # noqa: PLC0415 - as bootstrap has it

        environment = door.services.tenant.environment
        found = await flows_using(environment, [connection.id, connection.name])
        return [str(flow["name"]) for flow in found]

    connections.find_uses = find_uses
    nothing: Any = None
    client = TenantClient(
        connections=connections,
        transport=others,
        tokens=tokens,
        limits=NoLimits(),
        policy=nothing,
        chance=nothing,
    )

    def new_rotation() -> Rotation:
        return Rotation(keys=keys, keyring=ring, sealed=store.sealed, identity_of=identity_of)

    vault_keys = VaultKeys(new_rotation, path)
    door.services = replace(
        door.services,
        connections=connections,
        connection_trials=ConnectionTrials(
            transport=others,
            tenant_token=client.new_token,
            service_token=ConnectionTokens(tokens).new_token,
        ),
        vault_keys=vault_keys,
    )
    door.app = build_app(door.services)
    return VaultDoor(door, others, keys, vault_keys)


def step(id_: str, action: str, connection: str, **params: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "AUTH0",
        "action": action,
        "params": {"connection_id": connection, **params},
    }


def user_flow(vault: VaultDoor, connection: str) -> str:
    return vault.flow(
        "Sign up",
        step("look", "GET_USER", connection, user_id="auth0|1"),
        {
            "id": "if",
            "type": "FLOW",
            "action": "BOOLEAN_CONDITION",
            "params": {
                "if": True,
                "then": [
                    step("make", "CREATE_USER", connection, payload={"connection": "db"}),
                    step("orgs", "SEND_REQUEST", connection, pathname="/api/v2/organizations"),
                ],
            },
        },
    )


def test_a_trial_says_what_the_client_may_do_and_what_its_flows_need(vault: VaultDoor) -> None:
    id_ = vault.connect("Acme")
    user_flow(vault, id_)
    token = {"access_token": "t", "expires_in": 86400, "scope": "read:users read:organizations"}
    vault.services.answers["acme.eu.auth0.com"] = (200, token)

    answer = vault.call("POST", f"{OURS}/connections/{id_}/test")

    assert answer.status == 200
    assert answer.body["ok"] is False
    assert answer.body["scopes"] == {
        "granted": ["read:organizations", "read:users"],
        "needed": {
            "create:users": ["Sign up"],
            "read:organizations": ["Sign up"],
            "read:users": ["Sign up"],
        },
        "missing": ["create:users"],
    }
    assert answer.body["error"]["code"] == "ERR_SCOPES_MISSING"
    assert "Machine to Machine" in answer.body["error"]["hint"]

    token["scope"] += " create:users"
    answer = vault.call("POST", f"{OURS}/connections/{id_}/test")

    assert answer.body["ok"] is True
    assert answer.body["scopes"]["missing"] == []
    assert len(vault.services.asked) == 2
    assert SECRET not in str(answer.body)


def test_scopes_that_stand_in_the_token_are_read_there(vault: VaultDoor) -> None:
    id_ = vault.connect("Acme")
    claims = "eyJzY29wZSI6InJlYWQ6dXNlcnMifQ"
    vault.services.answers["acme.eu.auth0.com"] = (200, {"access_token": f"e30.{claims}.x"})
    body = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    assert body["scopes"]["granted"] == ["read:users"]

    for text in ("opaque", "a.b!.c", "a.W10.c"):
        vault.services.answers["acme.eu.auth0.com"] = (200, {"access_token": text})
        body = vault.call("POST", f"{OURS}/connections/{id_}/test").body
        assert (body["ok"], body["scopes"]["granted"], body["scopes"]["missing"]) == (
            True,
            None,
            None,
        )


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, {"error": "access_denied"}, "client id and client secret"),
        (
            403,
            {"error": "access_denied", "error_description": "You need to create a client-grant"},
            "Authorize the application",
        ),
        (
            403,
            {"error": "access_denied", "error_description": "Service not found: x"},
            "audience",
        ),
    ],
)
def test_a_trial_that_fails_says_what_to_do(
    vault: VaultDoor, status: int, body: Any, hint: str
) -> None:
    id_ = vault.connect("Acme")
    vault.services.answers["acme.eu.auth0.com"] = (status, body)

    answer = vault.call("POST", f"{OURS}/connections/{id_}/test")

    assert (answer.status, answer.body["ok"]) == (200, False)
    assert hint in answer.body["error"]["hint"]
    assert answer.body["error"]["code"] == "ERR_TOKEN"


SERVICES = [
    (
        "TWILIO",
        {"type": "API_KEY", "account_id": "AC1", "api_key": "k"},
        "api.twilio.com",
        ("https://api.twilio.com/2010-04-01/Accounts/AC1.json", "Basic QUMxOms="),
    ),
    (
        "SENDGRID",
        {"type": "API_KEY", "api_key": "k"},
        "api.sendgrid.com",
        ("https://api.sendgrid.com/v3/scopes", "Bearer k"),
    ),
    (
        "MAILJET",
        {"type": "API_KEY", "api_key": "k", "secret_key": "s"},
        "api.mailjet.com",
        ("https://api.mailjet.com/v3/REST/user", "Basic azpz"),
    ),
    (
        "TELEGRAM",
        {"type": "TOKEN", "token": "1:k"},
        "api.telegram.org",
        ("https://api.telegram.org/bot1:k/getMe", None),
    ),
    (
        "WHATSAPP",
        {"type": "TOKEN", "token": "k"},
        "graph.facebook.com",
        ("https://graph.facebook.com/v23.0/me", "Bearer k"),
    ),
]


@pytest.mark.parametrize(("app_id", "setup", "host", "asked_for"), SERVICES)
def test_other_services_are_asked_something_harmless(
    vault: VaultDoor, app_id: str, setup: Any, host: str, asked_for: tuple[str, str | None]
) -> None:
    id_ = vault.connect("One", app_id, setup)
    vault.services.answers[host] = (200, {"scopes": ["mail.send", "alerts.read"]})
    good = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    (asked,) = vault.services.asked
    assert asked.method == "GET"
    assert (asked.url, asked.headers.get("authorization")) == asked_for
    assert good["ok"] is True
    assert good["scopes"] == {"granted": ["alerts.read", "mail.send"]}
    vault.services.answers[host] = (401, {})
    refused = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    assert (refused["ok"], refused["error"]["hint"]) == (False, "Check the connection's secrets.")
    vault.services.answers[host] = (500, {})
    down = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    assert down["error"]["hint"] == "Try again later."


@pytest.mark.parametrize(
    ("app_id", "setup", "words"),
    [
        ("HTTP", {"type": "BEARER", "token": "t"}, "no address of its own"),
        ("JWT", {"type": "JWT", "algorithm": "HS256", "secret": "s"}, "nothing to ask"),
        ("STRIPE", {"type": "KEY_PAIR", "private_key": "a", "public_key": "b"}, "no action"),
    ],
)
def test_where_there_is_nothing_to_ask_the_trial_says_so(
    vault: VaultDoor, app_id: str, setup: Any, words: str
) -> None:
    id_ = vault.connect("One", app_id, setup)
    body = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    assert (body["ok"], body["scopes"]) == (True, None)
    assert words in body["message"]
    assert vault.services.asked == []


def test_an_http_connection_with_client_credentials_fetches_a_token(vault: VaultDoor) -> None:
    setup = {
        "type": "OAUTH_CLIENT_CREDENTIALS",
        "client_id": "c",
        "client_secret": SECRET,
        "token_endpoint": "https://auth.example/token",
    }
    id_ = vault.connect("Api", "HTTP", setup)
    vault.services.answers["auth.example"] = (200, {"access_token": "t", "scope": "b a"})
    body = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    assert (body["ok"], body["scopes"]) == (True, {"granted": ["a", "b"]})


def test_an_empty_or_a_missing_connection_is_told(vault: VaultDoor) -> None:
    id_ = vault.connect("Empty", setup=None)
    body = vault.call("POST", f"{OURS}/connections/{id_}/test").body
    assert (body["ok"], body["error"]["code"]) == (False, "ERR_CONNECTION_UNUSABLE")
    assert vault.call("POST", f"{OURS}/connections/ac_none/test").status == 404


def test_where_a_connection_is_used_down_to_the_step(vault: VaultDoor) -> None:
    id_ = vault.connect("Acme")
    flow = user_flow(vault, id_)
    vault.flow("By name", step("one", "GET_USER", "Acme", user_id="u"))
    body = vault.call("GET", f"{OURS}/connections/{id_}/where-used").body
    first, second = body["flows"]
    assert (first["id"], first["name"], second["name"]) == (flow, "Sign up", "By name")
    assert [(one["id"], one["at"]) for one in first["steps"]] == [
        ("look", "/actions/0"),
        ("make", "/actions/1/params/then/0"),
        ("orgs", "/actions/1/params/then/1"),
    ]
    assert vault.call("GET", f"{OURS}/connections/ac_none/where-used").body == {"flows": []}


def test_what_flows_use_is_not_deleted_unless_forced(vault: VaultDoor) -> None:
    id_ = vault.connect("Acme")
    user_flow(vault, id_)
    path = f"{OURS}/connections/{id_}"
    refused = vault.call("DELETE", path)
    assert refused.status == 409
    assert refused.body["message"] == "The connection is used by 1 flow: Sign up."
    assert vault.call("GET", f"{WIRE}/{id_}").status == 200
    assert vault.call("DELETE", path, query={"force": "true"}).status == 204
    assert vault.call("DELETE", path).status == 404


def test_the_apps_tell_what_they_are_set_up_with(vault: VaultDoor) -> None:
    apps = vault.call("GET", f"{OURS}/apps").body["apps"]
    assert len(apps) == 21
    (auth0,) = apps["AUTH0"]
    fields = {field["name"]: field for field in auth0["fields"]}
    assert (auth0["type"], fields["client_secret"]["secret"]) == ("OAUTH_APP", True)
    assert (fields["domain"]["secret"], fields["audience"]["required"]) == (False, False)
    assert [kind["type"] for kind in apps["HTTP"]] == [
        "BEARER",
        "BASIC_AUTH",
        "API_KEY",
        "OAUTH_CLIENT_CREDENTIALS",
    ]
    assert {field["name"] for field in apps["JWT"][0]["fields"]} >= {"algorithm", "private_key"}


def test_the_apps_tell_how_people_call_it_all(vault: VaultDoor) -> None:
    apps = vault.call("GET", f"{OURS}/apps").body["apps"]
    (twilio,) = apps["TWILIO"]
    (jwt,) = apps["JWT"]
    assert [field["title"] for field in twilio["fields"]] == ["Account SID", "Auth token"]
    assert apps["HTTP"][0]["title"] == "Bearer token"
    assert [one["name"] for one in jwt["fields"] if one["multiline"]] == [
        "private_key",
        "public_key",
    ]
    assert "steps cannot use it" in apps["DOCUSIGN"][0]["tip"]
    kinds = [kind for kinds in apps.values() for kind in kinds]
    assert all(kind["title"] and all(field["title"] for field in kind["fields"]) for kind in kinds)


def test_rotation_and_verification(vault: VaultDoor) -> None:
    assert vault.call("GET", f"{OURS}/rotation").body == {"running": False, "version": None}
    ids = [vault.connect(f"c{number}") for number in range(5)]
    before = vault.call("POST", f"{OURS}/verify").body
    done = vault.call("POST", f"{OURS}/rotate").body
    assert (done["running"], done["version"], done["resumed"]) == (False, 2, False)
    # What the rest of the tenant sealed, under the tests' own ring, cannot be opened here.
    assert done["resealed"] == before["total"] - len(before["broken"]) >= 5
    after = vault.call("POST", f"{OURS}/verify").body
    assert after["by_key"] == {"2": done["resealed"]}
    assert vault.call("GET", f"{OURS}/rotation").body == done
    keys = vault.call("GET", f"{OURS}/keys").body
    assert keys["master_key"].endswith("vault.key")
    assert [key["version"] for key in keys["keys"]] == [1, 2]
    assert vault.call("GET", f"{WIRE}/{ids[0]}").body["ready"] is True


def test_a_rotation_that_takes_long_is_asked_after(vault: VaultDoor, run: Any) -> None:
    gate = asyncio.Event()
    made = vault.vault_keys.new_rotation

    def slow() -> Rotation:
        async def sleep(_: float) -> None:
            await gate.wait()

        return replace(made(), sleep=sleep, grace=timedelta(seconds=1))

    vault.vault_keys.new_rotation = slow
    vault.connect("one")
    begun = vault.call("POST", f"{OURS}/rotate", query={"wait": "0"}).body
    assert (begun["running"], begun["resealed"]) == (True, 0)
    again = vault.call("POST", f"{OURS}/rotate", query={"wait": "0"}).body
    assert again["running"] is True
    gate.set()
    ended = vault.call("GET", f"{OURS}/rotation").body
    assert (ended["running"], ended["version"]) == (False, 2)


def test_the_master_key_is_renewed_in_its_file(vault: VaultDoor, run: Any) -> None:
    path = vault.vault_keys.key_file
    assert path is not None
    old = load_or_make_master_key(path)
    id_ = vault.connect("one")
    earlier = Path(vault.call("POST", f"{OURS}/rotate-master").body["earlier_key_file"])
    new = load_or_make_master_key(path)
    assert new != old
    assert load_or_make_master_key(earlier) == old
    assert not path.with_name("vault.key.new").exists()
    assert run(DataKeys(vault.keys.documents, LocalKey(new), utc_now).load()).active == 1
    assert vault.call("GET", f"{WIRE}/{id_}").status == 200
    vault.vault_keys.key_file = None
    refused = vault.call("POST", f"{OURS}/rotate-master")
    assert refused.status == 400
    assert "--new-key-file" in refused.body["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{OURS}/keys"),
        ("POST", f"{OURS}/rotate"),
        ("POST", f"{OURS}/rotate-master"),
        ("POST", f"{OURS}/verify"),
        ("POST", f"{OURS}/connections/local/test"),
        ("DELETE", f"{OURS}/connections/local"),
    ],
)
def test_nobody_does_this_without_signing_in(vault: VaultDoor, method: str, path: str) -> None:
    assert vault.call(method, path, signed_in=False).status == 401
