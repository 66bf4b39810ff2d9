"""Clients, grants, connections, organizations, roles: what tools touch on the way to flows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import encoded

if TYPE_CHECKING:
    from tests.conftest import Door

DATABASE = "Username-Password-Authentication"


def database(door: Door) -> str:
    return door("GET", "/api/v2/connections", query={"name": DATABASE}).body[0]["id"]


def test_clients_are_filtered_and_paged(door: Door) -> None:
    for name, kind in (("A", "spa"), ("B", "native"), ("C", "spa")):
        door("POST", "/api/v2/clients", {"name": name, "app_type": kind})

    def names(**query: Any) -> list[str]:
        answer = door("GET", "/api/v2/clients", query=query).body
        return [one["name"] for one in (answer if isinstance(answer, list) else answer["clients"])]

    assert names(app_type="spa") == ["A", "C"]
    assert names(app_type="spa,native", per_page=2) == ["A", "B"]
    assert names(is_global="true") == ["All Applications"]
    assert len(names(is_global="false", is_first_party="true")) == 4
    assert names(q="client_grant.allow_any_organization:true") == []
    paged = door("GET", "/api/v2/clients", query={"include_totals": "true", "per_page": 1}).body
    assert (paged["total"], paged["start"], paged["limit"]) == (4, 0, 1)


def test_a_clients_secret_is_shown_once_and_can_be_rotated(door: Door) -> None:
    made = door("POST", "/api/v2/clients", {"name": "A"}).body

    assert len(made["client_secret"]) == 64
    path = f"/api/v2/clients/{made['client_id']}"
    assert "client_secret" not in door("GET", path).body
    rotated = door("POST", f"{path}/rotate-secret").body
    assert rotated["client_secret"] != made["client_secret"]


@pytest.mark.parametrize("path", ["clients", "client-grants", "connections"])
def test_a_change_of_nothing_is_refused(door: Door, path: str) -> None:
    one = door("GET", f"/api/v2/{path}").body[0]
    id_ = one.get("id") or one["client_id"]

    answer = door("PATCH", f"/api/v2/{path}/{id_}", {})

    assert answer.status == 400
    assert "Too few properties defined (0), minimum 1" in answer.body["message"]


def test_connections_are_switched_on_for_clients(door: Door) -> None:
    path = f"/api/v2/connections/{database(door)}/clients"
    switches = [{"client_id": "one", "status": True}, {"client_id": "two", "status": True}]

    assert door("PATCH", path, switches).status == 204
    assert door("GET", path).body == {"clients": [{"client_id": "one"}, {"client_id": "two"}]}
    first = door("GET", path, query={"take": 1}).body
    rest = door("GET", path, query={"take": 1, "from": first["next"]}).body
    assert [one["client_id"] for one in first["clients"] + rest["clients"]] == ["one", "two"]
    door("PATCH", path, [{"client_id": "one", "status": False}])
    assert door("GET", path).body == {"clients": [{"client_id": "two"}]}
    assert door("PATCH", "/api/v2/connections/con_nope/clients", switches).status == 404


@pytest.mark.parametrize("name", ["connections", "enabled_connections"])
def test_organizations_enable_connections(door: Door, name: str) -> None:
    organization = door("POST", "/api/v2/organizations", {"name": "acme"}).body["id"]
    base = f"/api/v2/organizations/{organization}/{name}"
    connection = database(door)

    made = door("POST", base, {"connection_id": connection, "show_as_button": False})

    assert made.status == 201
    assert made.body == {
        "connection_id": connection,
        "assign_membership_on_login": False,
        "show_as_button": False,
        "connection": {"name": DATABASE, "strategy": "auth0"},
    }
    assert door("POST", base, {"connection_id": connection}).status == 409
    one = f"{base}/{connection}"
    changed = door("PATCH", one, {"assign_membership_on_login": True})
    assert changed.body["assign_membership_on_login"] is True
    assert door("GET", base).body == [changed.body]
    assert door("GET", base, query={"include_totals": "true"}).body[name] == [changed.body]
    assert door("DELETE", one).status == 204
    assert (door("GET", one).status, door("GET", base).body) == (404, [])


def test_organizations_have_client_grants(door: Door) -> None:
    organization = door("POST", "/api/v2/organizations", {"name": "acme"}).body["id"]
    base = f"/api/v2/organizations/{organization}/client-grants"
    grant = door("GET", "/api/v2/client-grants").body[0]

    assert door("POST", base, {"grant_id": grant["id"]}).status == 201
    assert [one["id"] for one in door("GET", base).body] == [grant["id"]]
    assert door("DELETE", f"{base}/{grant['id']}").status == 204
    assert door("GET", base).body == []


def test_members_of_organizations_have_roles(door: Door) -> None:
    organization = door("POST", "/api/v2/organizations", {"name": "acme"}).body["id"]
    user = door(
        "POST",
        "/api/v2/users",
        {"connection": DATABASE, "email": "ada@example.com", "password": "A-long-passw0rd"},
    ).body["user_id"]
    role = door("POST", "/api/v2/roles", {"name": "clerk"}).body["id"]
    members = f"/api/v2/organizations/{organization}/members"

    assert door("POST", members, {"members": [user]}).status == 204
    assert [one["email"] for one in door("GET", members).body] == ["ada@example.com"]
    roles = f"{members}/{encoded(user)}/roles"
    door("POST", roles, {"roles": [role]})
    assert [one["name"] for one in door("GET", roles).body] == ["clerk"]
    by_name = door("GET", "/api/v2/organizations/name/acme").body
    assert by_name["id"] == organization
    door("DELETE", members, {"members": [user]})
    assert door("GET", members).body == []
    assigned = door("POST", f"/api/v2/roles/{role}/users", {"users": [user]})
    assert (assigned.status, assigned.body) == (200, None)
    assert len(door("GET", f"/api/v2/roles/{role}/users").body) == 1


def test_names_are_taken_once(door: Door) -> None:
    for path, body, status in (
        ("roles", {"name": "clerk"}, 200),
        ("organizations", {"name": "acme"}, 201),
        ("resource-servers", {"identifier": "https://x.example.com"}, 201),
        ("connections", {"name": "db", "strategy": "auth0"}, 201),
    ):
        assert door("POST", f"/api/v2/{path}", body).status == status, path
        assert door("POST", f"/api/v2/{path}", body).status == 409, path


def test_the_tenants_settings_are_kept(door: Door) -> None:
    changed = door("PATCH", "/api/v2/tenants/settings", {"friendly_name": "Acme"}).body

    assert changed["friendly_name"] == "Acme"
    assert door("GET", "/api/v2/tenants/settings").body == changed


def test_resource_servers_are_found_by_identifier_too(door: Door) -> None:
    body = {"name": "Orders", "identifier": "https://orders.example.com/v1"}

    made = door("POST", "/api/v2/resource-servers", body).body

    assert set(made) == {
        "id",
        "name",
        "identifier",
        "allow_offline_access",
        "skip_consent_for_verifiable_first_party_clients",
        "token_lifetime",
        "token_lifetime_for_web",
        "signing_alg",
    }
    once = f"/api/v2/resource-servers/{encoded(body['identifier'])}"
    twice = f"/api/v2/resource-servers/{encoded(encoded(body['identifier']))}"
    assert door("GET", once).body == door("GET", twice).body == made
    scopes = [{"value": "read:orders"}]
    assert door("PATCH", once, {"scopes": scopes}).body == {**made, "scopes": scopes}
    assert door("PATCH", once, {"token_encryption": None}).body == {**made, "scopes": scopes}
    assert door("DELETE", once).status == 204
    assert door("GET", once).body == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The resource server does not exist",
        "errorCode": "inexistent_resource_server",
    }


def test_ids_have_the_length_of_auth0s(door: Door) -> None:
    for path, body, form in (
        ("roles", {"name": "clerk"}, r"rol_[0-9A-Za-z]{16}"),
        ("organizations", {"name": "acme"}, r"org_[0-9A-Za-z]{16}"),
        ("connections", {"name": "db", "strategy": "auth0"}, r"con_[0-9A-Za-z]{16}"),
        ("resource-servers", {"identifier": "https://x.example.com"}, r"[0-9a-f]{24}"),
    ):
        assert re.fullmatch(form, door("POST", f"/api/v2/{path}", body).body["id"])


def test_a_deleted_role_is_answered_with_an_empty_object(door: Door) -> None:
    role = door("POST", "/api/v2/roles", {"name": "clerk"}).body["id"]

    deleted = door("DELETE", f"/api/v2/roles/{role}")

    assert (deleted.status, deleted.body) == (200, {})
    assert door("GET", f"/api/v2/roles/{role}").status == 404


def test_lists_are_filtered_by_any_member_also_of_the_first_objects(door: Door) -> None:
    path = "/api/v2/connections"
    door("POST", path, {"name": "mail", "strategy": "email"})
    door("POST", path, {"name": "texts", "strategy": "sms"})

    def names(**query: Any) -> list[str]:
        return [one["name"] for one in door("GET", path, query=query).body]

    assert names(strategy="auth0") == [DATABASE]
    assert names(strategy=["auth0", "sms"]) == [DATABASE, "texts"]
    assert names(strategy="email", name="texts") == []
    assert names(name="texts") == ["texts"]
    grants = door("GET", "/api/v2/client-grants", query={"subject_type": "client"}).body
    assert [one["subject_type"] for one in grants] == ["client"]


def test_a_new_client_has_the_settings_that_auth0_gives_one(door: Door) -> None:
    made = door("POST", "/api/v2/clients", {"name": "plain"}).body

    given = {key: made.pop(key) for key in ("client_id", "client_secret", "name")}
    assert made == {
        "is_first_party": True,
        "is_token_endpoint_ip_header_trusted": False,
        "oidc_conformant": False,
        "jwt_configuration": {"secret_encoded": False, "lifetime_in_seconds": 36000},
        "sso_disabled": False,
        "cross_origin_authentication": False,
        "grant_types": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
        "custom_login_page_on": True,
        "refresh_token": {
            "rotation_type": "non-rotating",
            "expiration_type": "non-expiring",
            "leeway": 0,
            "token_lifetime": 2592000,
            "infinite_token_lifetime": True,
            "infinite_idle_token_lifetime": True,
            "idle_token_lifetime": 1296000,
        },
        "global": False,
        "tenant": "local",
    }
    assert len(given["client_secret"]) == 64


def test_a_client_without_a_secret_gets_no_grant_type_that_needs_one(door: Door) -> None:
    body = {"name": "phone", "app_type": "native", "token_endpoint_auth_method": "none"}

    made = door("POST", "/api/v2/clients", body).body
    named = door("POST", "/api/v2/clients", {**body, "grant_types": ["implicit"]}).body

    assert made["grant_types"] == ["authorization_code", "implicit", "refresh_token"]
    assert named["grant_types"] == ["implicit"]


def test_a_new_database_connection_has_auth0s_options_beside_those_given(door: Door) -> None:
    path, aliases = "/api/v2/connections", {"screen_name": {"alias": "login_hint"}}

    made = door(
        "POST", path, {"name": "db", "strategy": "auth0", "options": {"upstream_params": aliases}}
    ).body
    strict = {"passwordPolicy": "excellent", "brute_force_protection": False}
    own = door("POST", path, {"name": "own", "strategy": "auth0", "options": strict}).body
    texts = door("POST", path, {"name": "texts", "strategy": "sms"}).body

    defaults = {
        "mfa": {"active": True, "return_enroll_settings": True},
        "passwordPolicy": "good",
        "strategy_version": 2,
        "authentication_methods": {"password": {"enabled": True}, "passkey": {"enabled": False}},
        "passkey_options": {
            "challenge_ui": "both",
            "progressive_enrollment_enabled": True,
            "local_enrollment_enabled": True,
        },
        "brute_force_protection": True,
    }
    assert made["options"] == {**defaults, "upstream_params": aliases}
    assert own["options"] == {**defaults, **strict}
    assert texts["options"] == {}
    weak = {"connection": "db", "email": "a@example.com", "password": "abc"}
    assert door("POST", "/api/v2/users", weak).status == 400
    assert door("POST", "/api/v2/users", {**weak, "password": "Passw0rd-long"}).status == 201


def test_a_deleted_connection_is_answered_with_the_time_and_once_more_with_nothing(
    door: Door,
) -> None:
    made = door("POST", "/api/v2/connections", {"name": "db", "strategy": "auth0"}).body
    path = f"/api/v2/connections/{made['id']}"

    first, again = door("DELETE", path), door("DELETE", path)

    assert first.status == 202
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.body.pop("deleted_at"))
    assert first.body == {}
    assert (again.status, again.body) == (204, None)
    assert door("GET", path).status == 404


def test_a_connection_may_lose_its_options(door: Door) -> None:
    made = door("POST", "/api/v2/connections", {"name": "db", "strategy": "auth0"}).body

    changed = door("PATCH", f"/api/v2/connections/{made['id']}", {"options": None})

    assert changed.status == 200
    assert door("PATCH", f"/api/v2/connections/{made['id']}", {"display_name": "D"}).status == 200


def test_a_role_that_nobody_described_has_null_for_a_description(door: Door) -> None:
    made = door("POST", "/api/v2/roles", {"name": "clerk"}).body

    assert made == {"id": made["id"], "name": "clerk", "description": None}
    path = f"/api/v2/roles/{made['id']}"
    assert door("PATCH", path, {"description": "D"}).body == {**made, "description": "D"}
