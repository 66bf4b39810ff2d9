"""Users over the wire: what is recorded, what is refused and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Answer, Door

CONNECTION = "Username-Password-Authentication"


def create(door: Door, **more: Any) -> Answer:
    body = {"connection": CONNECTION, "email": "ada@example.com", "password": "secret1", **more}
    return door("POST", "/api/v2/users", {k: v for k, v in body.items() if v is not None})


def path(user_id: str) -> str:
    return f"/api/v2/users/{user_id.replace('|', '%7C')}"


def test_a_new_user_has_auth0s_defaults(door: Door) -> None:
    user = create(door, email="Change.Me@Example.com").body

    assert user["email"] == "change.me@example.com"
    assert user["name"] == "change.me@example.com"
    assert user["nickname"] == "change.me"
    assert user["email_verified"] is False
    assert user["picture"].startswith("https://s.gravatar.com/avatar/")
    assert user["picture"].endswith("?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fch.png")
    assert user["created_at"] == user["updated_at"]
    assert user["identities"] == [
        {
            "user_id": user["user_id"].removeprefix("auth0|"),
            "connection": CONNECTION,
            "provider": "auth0",
            "isSocial": False,
        }
    ]
    assert "password" not in user
    assert "user_metadata" not in user


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"connection": None},
            "Payload validation error: 'Missing required property: connection'.",
        ),
        (
            {"foo": 1},
            (
                "Payload validation error: 'Additional properties not allowed: foo (consider "
                "storing "
                'them in app_metadata or user_metadata. See "Users Metadata" in '
                "https://auth0.com/docs/api/v2/changes for more details)'."
            ),
        ),
        (
            {"email": "nope"},
            (
                "Payload validation error: 'Object didn't pass validation for format email: "
                "nope' on "
                "property email (The user's email)."
            ),
        ),
        (
            {"email": 5},
            (
                "Payload validation error: 'Expected type string but found type integer' on "
                "property "
                "email (The user's email)."
            ),
        ),
        (
            {"given_name": "x" * 151},
            (
                "Payload validation error: 'String is too long (151 chars), maximum 150' on "
                "property "
                "given_name (The user's given name(s))."
            ),
        ),
        (
            {"phone_number": "123"},
            (
                r"Payload validation error: 'String does not match pattern ^\+[0-9]{1,15}$: 123' "
                r"on "
                "property phone_number (The user's phone number (following the E.164 "
                "recommendation))."
            ),
        ),
        ({"connection": "nope"}, "Connection does not exist."),
        ({"password": "x"}, "PasswordStrengthError: Password is too weak"),
        (
            {"app_metadata": {"email": "x"}},
            "Payload validation error: 'Invalid property name: email' on property app_metadata.",
        ),
        (
            {"user_metadata": {"a.b": "x"}},
            "Payload validation error: 'Invalid property name: a.b' on property user_metadata.",
        ),
    ],
)
def test_what_is_refused(door: Door, changes: dict[str, Any], message: str) -> None:
    answer = create(door, **changes)

    assert answer.status == 400
    assert answer.body["message"] == message
    assert answer.body["error"] == "Bad Request"


def test_emails_and_usernames_are_taken_once_in_any_case(door: Door) -> None:
    create(door, username="Ada")

    assert create(door, email="ADA@example.com", username=None).body == {
        "statusCode": 409,
        "error": "Conflict",
        "message": "The user already exists.",
        "errorCode": "auth0_idp_error",
    }
    assert create(door, email="other@example.com", username="ada").status == 409


def test_an_id_can_be_chosen(door: Door) -> None:
    assert create(door, user_id="x/y z".replace(" ", "")).body["user_id"] == "auth0|x/yz"
    assert door("GET", "/api/v2/users/auth0%7Cx%2Fyz").status == 200


def test_metadata_is_merged_on_the_first_level(door: Door) -> None:
    user_id = create(door, user_metadata={"a": {"x": 1}, "b": 1}, app_metadata={"k": 1}).body[
        "user_id"
    ]

    def patch(**body: Any) -> dict[str, Any]:
        return door("PATCH", path(user_id), body).body

    assert patch(user_metadata={"a": {"y": 2}})["user_metadata"] == {"a": {"y": 2}, "b": 1}
    assert patch(user_metadata={"b": None})["user_metadata"] == {"a": {"y": 2}}
    cleared = patch(user_metadata={}, app_metadata={})
    assert cleared["user_metadata"] == {}
    assert "app_metadata" not in cleared


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"email": "b@example.com", "password": "secret22"},
            "Cannot update password and email simultaneously.",
        ),
        (
            {"username": "x", "email_verified": True},
            "Cannot update username and email_verified simultaneously.",
        ),
        ({"email": "taken@example.com"}, "The specified new email already exists"),
        ({"connection": "nope"}, "Connection does not exist."),
    ],
)
def test_changes_that_are_refused(door: Door, changes: dict[str, Any], message: str) -> None:
    create(door, email="taken@example.com")
    user_id = create(door).body["user_id"]

    answer = door("PATCH", path(user_id), changes)

    assert answer.status == 400
    assert answer.body["message"] == message


def test_null_unsets_and_a_new_email_is_unverified(door: Door) -> None:
    user_id = create(door, given_name="Ada", email_verified=True).body["user_id"]

    assert "given_name" not in door("PATCH", path(user_id), {"given_name": None}).body
    changed = door("PATCH", path(user_id), {"email": "New@example.com"}).body
    assert changed["email"] == "new@example.com"
    assert changed["email_verified"] is False


def test_fields_choose_what_is_shown(door: Door) -> None:
    user_id = create(door).body["user_id"]

    only = door("GET", path(user_id), query={"fields": "email,name"}).body
    without = door("GET", path(user_id), query={"fields": "email", "include_fields": "false"}).body

    assert set(only) == {"email", "name"}
    assert "email" not in without
    assert "name" in without


def test_users_by_email_is_exact(door: Door) -> None:
    create(door)

    assert len(door("GET", "/api/v2/users-by-email", query={"email": "ada@example.com"}).body) == 1
    assert door("GET", "/api/v2/users-by-email", query={"email": "Ada@example.com"}).body == []


def test_no_more_than_a_thousand_records_are_paged_through(door: Door) -> None:
    answer = door("GET", "/api/v2/users", query={"page": 10, "per_page": 100})

    assert answer.status == 400
    assert answer.body["message"].startswith("You can only page through the first 1000 records.")


def test_deleting_twice_is_no_error(door: Door) -> None:
    user_id = create(door).body["user_id"]

    assert [door("DELETE", path(user_id)).status for _ in range(2)] == [204, 204]
    assert door("GET", path(user_id)).body["errorCode"] == "inexistent_user"


SEARCHES = [
    ('email:"ada@example.com"', ["ada"]),
    ("email:ADA@EXAMPLE.COM", ["ada"]),
    ("email:ada*", ["ada"]),
    ("email.domain:example.org", ["bob"]),
    ("name:*love*", ["ada"]),
    ('name:"ada lovelace" OR name:bob', ["ada", "bob"]),
    ("NOT name:bob", ["ada", "cy"]),
    ("user_metadata.color:red AND blocked:true", ["bob"]),
    ("user_metadata.color:(red OR blue)", ["ada", "bob"]),
    ("_exists_:user_metadata", ["ada", "bob"]),
    ("-_exists_:user_metadata", ["cy"]),
    ("app_metadata.tags:b", ["ada"]),
    ("app_metadata.age:[30 TO 40]", ["ada"]),
    ("app_metadata.age:{36 TO *]", ["bob"]),
    ("app_metadata.age:>=36", ["ada", "bob"]),
    ("*:*", ["ada", "bob", "cy"]),
    ("*:* AND NOT name:bob", ["ada", "cy"]),
    ('name:bob^2 OR email:"ada@example.com"^0.5', ["ada", "bob"]),
    ("created_at:[2020-01-01 TO *]", ["ada", "bob", "cy"]),
    ("created_at:[* TO 2020-01-01]", []),
    ('identities.connection:"Username-Password-Authentication"', ["ada", "bob", "cy"]),
    ("lovelace", []),
    ("ada*", ["ada"]),
    ("(name:bob OR name:cy) AND NOT blocked:true", ["cy"]),
    ("email:ada@example.com AND -blocked:true", ["ada"]),
    (r"nickname:a\da", ["ada"]),
    ("user_metadata.color:RED", []),
]


@pytest.mark.parametrize(("q", "found"), SEARCHES)
def test_search(door: Door, q: str, found: list[str]) -> None:
    create(
        door,
        name="Ada Lovelace",
        user_metadata={"color": "red"},
        app_metadata={"tags": ["a", "b"], "age": 36},
    )
    create(
        door,
        email="bob@example.org",
        name="Bob",
        blocked=True,
        user_metadata={"color": "red"},
        app_metadata={"age": 50},
    )
    create(door, email="cy@example.com", name="Cy")

    answer = door("GET", "/api/v2/users", query={"q": q, "include_totals": "true"})

    assert answer.status == 200
    assert [user["nickname"] for user in answer.body["users"]] == found
    assert answer.body["total"] == answer.body["length"] == len(found)


@pytest.mark.parametrize("q", ["(", "name:", 'name:"x', "[1 TO", "AND", "a:b:(", ")", "(" * 300])
def test_unreadable_searches_are_refused(door: Door, q: str) -> None:
    answer = door("GET", "/api/v2/users", query={"q": q})

    assert answer.status == 400
    assert answer.body["errorCode"] == "invalid_query_string"


def test_users_are_sorted(door: Door) -> None:
    for name in ("b", "c", "a"):
        create(door, email=f"{name}@example.com", name=name)

    def names(sort: str) -> list[str]:
        found = door("GET", "/api/v2/users", query={"sort": sort}).body
        return [user["name"] for user in found]

    assert names("name:1") == ["a", "b", "c"]
    assert names("name:-1") == ["c", "b", "a"]
    assert door("GET", "/api/v2/users", query={"sort": "name"}).status == 400


def test_a_new_password_leaves_its_date(door: Door) -> None:
    user = create(door).body
    assert "last_password_reset" not in user

    body = {"password": "Another-passw0rd", "connection": CONNECTION}
    changed = door("PATCH", path(user["user_id"]), body).body

    assert changed["last_password_reset"] == changed["updated_at"]
    assert door("GET", path(user["user_id"])).body == changed
