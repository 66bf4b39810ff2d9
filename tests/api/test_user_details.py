"""What hangs on a user: identities, permissions, enrolments, and the lists that are empty."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import encoded

if TYPE_CHECKING:
    from tests.conftest import Door

CONNECTION = "Username-Password-Authentication"
API = "https://orders.example.com"


def new_user(door: Door, email: str, **more: Any) -> str:
    body = {"connection": CONNECTION, "email": email, "password": "A-long-passw0rd", **more}
    return door("POST", "/api/v2/users", body).body["user_id"]


def of(user_id: str, rest: str = "") -> str:
    return f"/api/v2/users/{encoded(user_id)}{rest}"


def api_with_scopes(door: Door) -> None:
    scopes = [{"value": "read:orders", "description": "Read orders"}, {"value": "write:orders"}]
    body = {"identifier": API, "name": "Orders", "scopes": scopes}
    assert door("POST", "/api/v2/resource-servers", body).status == 201


def permission(name: str) -> dict[str, Any]:
    return {"permissions": [{"resource_server_identifier": API, "permission_name": name}]}


@pytest.mark.parametrize("form", ["key", "whole id"])
def test_a_linked_user_becomes_an_identity_and_unlinked_a_user_again(door: Door, form: str) -> None:
    first = new_user(door, "ada@example.com")
    other = new_user(door, "countess@example.com", name="Ada", user_metadata={"lost": True})
    key = other.removeprefix("auth0|")
    body = {"provider": "auth0", "user_id": key if form == "key" else other}

    linked = door("POST", of(first, "/identities"), body)

    assert linked.status == 201
    assert [one["user_id"] for one in linked.body] == [first.removeprefix("auth0|"), key]
    assert linked.body[1]["profileData"]["email"] == "countess@example.com"
    assert linked.body[0]["profileData"]["email"] == "ada@example.com"
    assert "name" not in linked.body[0]["profileData"]
    assert door("GET", of(other)).status == 404
    kept = door("GET", of(first)).body["identities"]
    assert kept[1] == linked.body[1]
    assert {**kept[0], "profileData": linked.body[0]["profileData"]} == linked.body[0]
    again = {"connection": CONNECTION, "email": "countess@example.com", "password": "A-pass-w0rd"}
    assert door("POST", "/api/v2/users", again).status == 409

    left = door("DELETE", of(first, f"/identities/auth0/{key}"))

    assert left.status == 200
    assert len(left.body) == 1
    revived = door("GET", of(other)).body
    assert (revived["email"], revived["name"]) == ("countess@example.com", "Ada")
    assert "user_metadata" not in revived
    assert len(door("GET", of(first)).body["identities"]) == 1


def test_links_that_make_no_sense_are_refused(door: Door) -> None:
    user = new_user(door, "ada@example.com")
    key = user.removeprefix("auth0|")

    itself = door("POST", of(user, "/identities"), {"provider": "auth0", "user_id": key})
    nobody = door("POST", of(user, "/identities"), {"provider": "auth0", "user_id": "nobody"})
    no_one = door("POST", of(user, "/identities"), {})
    main = door("DELETE", of(user, f"/identities/auth0/{key}"))
    unknown = door("DELETE", of(user, "/identities/auth0/nobody"))

    assert [itself.status, nobody.status, no_one.status] == [400, 404, 400]
    assert (main.status, unknown.status) == (400, 404)
    assert len(door("GET", of(user)).body["identities"]) == 1


def test_permissions_are_direct_or_come_with_a_role(door: Door) -> None:
    api_with_scopes(door)
    user = new_user(door, "ada@example.com")
    role = door("POST", "/api/v2/roles", {"name": "clerk"}).body["id"]
    role_path = f"/api/v2/roles/{role}/permissions"

    for path in (of(user, "/permissions"), role_path):
        given = door("POST", path, permission("read:orders"))
        assert (given.status, given.body) == (201, {})
    assert door("POST", role_path, permission("write:orders")).status == 201
    door("POST", of(user, "/roles"), {"roles": [role]})

    listed = door("GET", of(user, "/permissions"), query={"include_totals": "true"}).body
    direct = {"source_id": "", "source_name": "", "source_type": "DIRECT"}
    through = {"source_id": role, "source_name": "clerk", "source_type": "ROLE"}
    one = {"resource_server_identifier": API, "resource_server_name": "Orders"}
    read = {**one, "permission_name": "read:orders", "description": "Read orders"}
    write = {**one, "permission_name": "write:orders", "description": ""}
    assert listed == {
        "limit": 50,
        "start": 0,
        "total": 2,
        "permissions": [
            {**read, "sources": [direct, through]},
            {**write, "sources": [through]},
        ],
    }
    assert door("GET", role_path).body == [read, write]
    query = {"resource_server_identifier": API, "take": 50}
    effective = door("GET", of(user, "/effective-permissions"), query=query).body["permissions"]
    assert {one["permission_name"]: one["sources"] for one in effective} == {
        "read:orders": ["direct", "effective_roles"],
        "write:orders": ["effective_roles"],
    }
    sources = door(
        "GET",
        of(user, "/effective-permissions/sources/effective-roles"),
        query={**query, "permission_name": "write:orders"},
    ).body["roles"]
    assert [one["id"] for one in sources] == [role]
    roles = door("GET", of(user, "/effective-roles"), query={"take": 5}).body["roles"]
    assert [(one["id"], one["sources"]) for one in roles] == [(role, ["direct"])]

    door("DELETE", of(user, "/roles"), {"roles": [role]})
    for _ in range(2):
        taken = door("DELETE", of(user, "/permissions"), permission("read:orders"))
        assert taken.status == 204
    assert door("GET", of(user, "/permissions")).body == []
    assert door("POST", of(user, "/permissions"), permission("no:such")).status == 404
    assert len(door("GET", role_path).body) == 2


def test_authentication_methods_are_kept_without_their_secrets(door: Door) -> None:
    user = new_user(door, "ada@example.com")
    path = of(user, "/authentication-methods")
    body = {"type": "totp", "name": "Phone app", "totp_secret": "JBSWY3DPEHPK3PXP"}

    made = door("POST", path, body)

    assert made.status == 201
    assert "JBSWY3DPEHPK3PXP" not in str(door("GET", path).body)
    one = f"{path}/{encoded(made.body['id'])}"
    assert door("PATCH", one, {"name": "Tablet app"}).body["name"] == "Tablet app"
    assert door("GET", one).body["type"] == "totp"
    replaced = door("PUT", path, [{"type": "email", "email": "ada@example.com"}])
    assert [item["type"] for item in replaced.body] == ["email"]
    listed = door("GET", path, query={"include_totals": "true"}).body
    assert (listed["total"], len(listed["authenticators"])) == (1, 1)
    assert door("GET", one).status == 404
    assert door("DELETE", path).status == 204
    assert door("GET", path).body == []


def test_addresses_of_authentication_methods_are_mostly_hidden(door: Door) -> None:
    path = of(new_user(door, "ada@example.com"), "/authentication-methods")
    email = {"type": "email", "name": "Mail", "email": "chuck334@example.com"}
    phone = {"type": "phone", "name": "Mobile", "phone_number": "+44207183875044"}

    made = door("POST", path, email).body
    assert re.fullmatch(r"email\|dev_[0-9A-Za-z]{16}", made["id"])
    assert (made["email"], "confirmed" in made) == ("chuc****@exam*******", False)
    set_anew = door("PUT", path, [{**email, "email": "foo@example.com"}, phone]).body
    assert set_anew[1]["phone_number"] == "+44207183875044"
    assert set_anew[1]["authentication_methods"][0]["id"].startswith("sms|dev_")
    listed = door("GET", path).body
    assert [one["confirmed"] for one in listed] == [True, True]
    assert listed[0]["email"] == "****@exam*******"
    assert listed[1]["phone_number"] == "XXXXXXXXXXX5044"


def test_an_empty_list_of_authentication_methods_has_no_total(door: Door) -> None:
    path = of(new_user(door, "ada@example.com"), "/authentication-methods")

    listed = door("GET", path, query={"include_totals": "true"}).body
    assert listed == {"authenticators": [], "start": 0, "limit": 50}


@pytest.mark.parametrize(
    ("rest", "query", "body"),
    [
        ("/enrollments", {}, []),
        ("/logs", {}, []),
        (
            "/logs",
            {"include_totals": "true"},
            {"start": 0, "limit": 50, "length": 0, "total": 0, "logs": []},
        ),
        ("/sessions", {"take": 50}, {"sessions": []}),
        ("/refresh-tokens", {}, {"tokens": []}),
        ("/connected-accounts", {}, {"connected_accounts": []}),
        ("/groups", {}, {"groups": []}),
        ("/effective-roles/sources/groups", {"role_id": "rol_x"}, {"groups": []}),
    ],
)
def test_what_nobody_has_here_is_an_empty_list(
    door: Door, rest: str, query: dict[str, Any], body: Any
) -> None:
    user = new_user(door, "ada@example.com")

    assert door("GET", of(user, rest), query=query).body == body
    assert door("GET", of("auth0|nobody", rest), query=query).status == 404


def test_nobody_is_blocked_for_too_many_sign_ins(door: Door) -> None:
    user = new_user(door, "ada@example.com")
    blocks = "/api/v2/user-blocks"

    assert door("GET", f"{blocks}/{encoded(user)}").body == {"blocked_for": []}
    assert door("GET", f"{blocks}/{encoded('auth0|nobody')}").status == 404
    assert door("GET", blocks, query={"identifier": "ada"}).body == {"blocked_for": []}
    assert door("GET", blocks).status == 400
    assert door("DELETE", f"{blocks}/{encoded(user)}").status == 204
    assert door("DELETE", blocks, query={"identifier": "ada"}).status == 204


def test_roles_and_permissions_are_listed_by_name(door: Door) -> None:
    api_with_scopes(door)
    user = new_user(door, "ada@example.com")
    for name in ("owner", "admin"):
        role = door("POST", "/api/v2/roles", {"name": name}).body["id"]
        door("POST", of(user, "/roles"), {"roles": [role]})
    for name in ("write:orders", "read:orders"):
        door("POST", of(user, "/permissions"), permission(name))

    assert [one["name"] for one in door("GET", of(user, "/roles")).body] == ["admin", "owner"]
    given = door("GET", of(user, "/permissions")).body
    assert [one["permission_name"] for one in given] == ["read:orders", "write:orders"]
    second = door("GET", of(user, "/roles"), query={"per_page": 1, "page": 1}).body
    assert [one["name"] for one in second] == ["owner"]


def test_a_deleted_user_leaves_nothing_behind(door: Door) -> None:
    api_with_scopes(door)
    user = new_user(door, "ada@example.com", user_id="ada")
    role = door("POST", "/api/v2/roles", {"name": "clerk"}).body["id"]
    organization = door("POST", "/api/v2/organizations", {"name": "acme"}).body["id"]
    members = f"/api/v2/organizations/{organization}/members"
    door("POST", members, {"members": [user]})
    door("POST", f"{members}/{encoded(user)}/roles", {"roles": [role]})
    door("POST", of(user, "/roles"), {"roles": [role]})
    door("POST", of(user, "/permissions"), permission("read:orders"))
    door("POST", of(user, "/authentication-methods"), {"type": "totp"})

    door("DELETE", of(user))
    assert new_user(door, "ada@example.com", user_id="ada") == user

    assert door("GET", of(user, "/roles")).body == []
    assert door("GET", of(user, "/permissions")).body == []
    assert door("GET", of(user, "/authentication-methods")).body == []
    assert door("GET", members).body == []
    assert door("GET", f"{members}/{encoded(user)}/roles").body == []
