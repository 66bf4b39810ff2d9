"""Flows, vault connections and executions over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.conftest import Door


def action(id_: str = "a1", **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "local", "user_id": "{{fields.id}}"},
        **more,
    }


def test_a_flow_without_actions_shows_none(door: Door) -> None:
    flow = door("POST", "/api/v2/flows", {"name": "Bare"}).body

    assert list(flow) == ["id", "name", "created_at", "updated_at"]
    assert door("GET", f"/api/v2/flows/{flow['id']}").body == flow


def test_lists_leave_actions_out_and_come_in_pages(door: Door) -> None:
    for number in range(3):
        door("POST", "/api/v2/flows", {"name": f"F{number}", "actions": [action()]})

    bare = door("GET", "/api/v2/flows").body
    page = door(
        "GET", "/api/v2/flows", query={"page": 1, "per_page": 2, "include_totals": "true"}
    ).body

    assert [flow["name"] for flow in bare] == ["F0", "F1", "F2"]
    assert all("actions" not in flow for flow in bare)
    assert {**page, "flows": 1} == {"limit": 2, "start": 2, "total": 3, "flows": 1}
    assert [flow["name"] for flow in page["flows"]] == ["F2"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Payload validation error: 'Missing required property: name'."),
        (
            {"name": ""},
            (
                "Payload validation error: 'String is too short (0 chars), minimum 1' on property "
                "name (Flow name)."
            ),
        ),
        (
            {"name": "x", "actions": {}},
            (
                "Payload validation error: 'Expected type array but found type object' on property "
                "actions."
            ),
        ),
        (
            {"name": "x", "id": "af_1"},
            "Payload validation error: 'Additional properties not allowed: id'.",
        ),
        (
            {"name": "x", "actions": [action(notes="n")]},
            (
                "Payload validation error: 'expected only id, alias, type, action, allow_failure, "
                "mask_output, params in an action, found the key 'notes'' on property "
                "actions.0.notes."
            ),
        ),
        (
            {"name": "x", "actions": [action(), action()]},
            (
                "Payload validation error: 'expected ids to be unique in the flow, found 'a1' "
                "already "
                "at /actions/0' on property actions.1.id."
            ),
        ),
    ],
)
def test_what_is_no_flow_is_refused(door: Door, body: dict[str, Any], message: str) -> None:
    answer = door("POST", "/api/v2/flows", body)

    assert answer.status == 400
    assert answer.body["message"] == message
    assert answer.body["errorCode"] == "invalid_body"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_flow_is_404_without_an_error_code(door: Door, method: str) -> None:
    answer = door(
        method, "/api/v2/flows/af_aj9fK5JBVy9Uo1eSnwCeMS", {} if method == "PATCH" else None
    )

    assert answer.status == 404
    assert answer.body == {"statusCode": 404, "error": "Not Found", "message": "Flow not found"}


def test_every_change_is_a_version_that_can_come_back(door: Door) -> None:
    flow_id = door("POST", "/api/v2/flows", {"name": "One", "actions": [action()]}).body["id"]
    door("PATCH", f"/api/v2/flows/{flow_id}", {"name": "Two", "actions": []})

    versions = door("GET", f"/sluiceway/v1/flows/{flow_id}/versions").body["versions"]
    assert [(one["version"], one["name"]) for one in versions] == [(2, "Two"), (1, "One")]
    back = door("POST", f"/sluiceway/v1/flows/{flow_id}/rollback", {"version": 1}).body
    assert back["name"] == "One"
    assert back["actions"] == [action()]
    first = door("GET", f"/sluiceway/v1/flows/{flow_id}/versions/1").body
    assert first["actions"] == [action()]
    assert door("GET", f"/sluiceway/v1/flows/{flow_id}/versions/9").status == 404


def test_export_and_import_carry_connections_by_name(door: Door) -> None:
    vault = door("POST", "/api/v2/flows/vault/connections", {"name": "API", "app_id": "AUTH0"}).body
    actions = [action(params={"connection_id": vault["id"], "user_id": "x"})]
    flow = door("POST", "/api/v2/flows", {"name": "Carried", "actions": actions}).body

    exported = door("GET", f"/sluiceway/v1/flows/{flow['id']}/export").body
    assert exported["connections"]["#CONN-1#"]["name"] == "API"
    assert exported["flows"]["#FLOW-1#"]["actions"][0]["params"]["connection_id"] == "#CONN-1#"
    imported = door("POST", "/sluiceway/v1/flows/import", exported).body
    assert imported["missing_connections"] == []
    assert imported["flows"][0]["actions"] == actions
    uses = door("GET", f"/sluiceway/v1/vault/connections/{vault['id']}/uses").body
    assert [one["name"] for one in uses["flows"]] == ["Carried", "Carried"]


def test_a_connections_setup_never_comes_out(door: Door) -> None:
    made = door(
        "POST",
        "/api/v2/flows/vault/connections",
        {"name": "x", "app_id": "HTTP", "setup": {"type": "BEARER", "token": "sesame-sesame"}},
    )

    assert made.body["ready"] is True
    assert "refreshed_at" not in made.body
    assert made.body["account_name"] == "Bearer ***"
    got = door("GET", f"/api/v2/flows/vault/connections/{made.body['id']}")
    assert "refreshed_at" not in got.body
    listed = door("GET", "/api/v2/flows/vault/connections", query={"include_totals": "true"})
    assert "sesame" not in f"{made.body}{got.body}{listed.body}"


def test_a_connection_without_a_setup_shows_when_it_was_refreshed_as_null_once(
    door: Door,
) -> None:
    path = "/api/v2/flows/vault/connections"
    made = door("POST", path, {"name": "x", "app_id": "AUTH0"}).body
    one = f"{path}/{made['id']}"

    assert made["refreshed_at"] is None
    assert door("PATCH", one, {"name": "y"}).body["refreshed_at"] is None
    assert "refreshed_at" not in door("GET", one).body
    setup = {"type": "OAUTH_APP", "domain": "acme.eu.auth0.com", "client_id": "c"}
    ready = door("PATCH", one, {"setup": {**setup, "client_secret": "sesame"}}).body
    assert (ready["ready"], ready["account_name"]) == (True, "acme.eu.auth0.com")
    assert "refreshed_at" not in ready


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "x"}, "Missing required property: app_id"),
        ({"name": "x", "app_id": "NOPE"}, "No enum match for: NOPE"),
        (
            {"name": "x", "app_id": "HTTP", "setup": {"type": "BEARER"}},
            "Missing required property: token",
        ),
        (
            {"name": "x", "app_id": "HTTP", "setup": {"type": "BEARER", "token": "t", "x": 1}},
            "Additional properties not allowed: x",
        ),
        (
            {"name": "x", "app_id": "AUTH0", "setup": {"type": "OAUTH_APP", "client_id": "i"}},
            "Missing required property: client_secret",
        ),
        (
            {"name": "x", "app_id": "HTTP", "setup": {"type": "NOPE"}},
            "Data does not match any schemas from 'oneOf'",
        ),
    ],
)
def test_setups_that_do_not_fit_their_app_are_refused(
    door: Door, body: dict[str, Any], words: str
) -> None:
    answer = door("POST", "/api/v2/flows/vault/connections", body)

    assert answer.status == 400
    assert words in answer.body["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
IDS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_", min_size=1, max_size=20)


def steps(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.fixed_dictionaries(
        {
            "id": IDS,
            "type": st.just("FLOW"),
            "action": st.just("STORE_VARS"),
            "params": st.fixed_dictionaries(
                {"vars": st.dictionaries(st.text(max_size=8), JSON, max_size=3)}
            ),
        },
        optional={
            "alias": st.text(min_size=1, max_size=100),
            "allow_failure": st.booleans(),
            "mask_output": st.booleans(),
        },
    )
    if not depth:
        return plain
    inner = st.lists(steps(depth - 1), max_size=2)
    condition = st.fixed_dictionaries(
        {
            "id": IDS,
            "type": st.just("FLOW"),
            "action": st.just("BOOLEAN_CONDITION"),
            "params": st.fixed_dictionaries({"if": JSON}, optional={"then": inner, "else": inner}),
        }
    )
    return plain | condition


def with_own_ids(actions: list[dict[str, Any]], prefix: str = "s") -> list[dict[str, Any]]:
    for number, one in enumerate(actions):
        one["id"] = f"{prefix}_{number}"
        for branch in ("then", "else"):
            nested = one["params"].get(branch) if one["action"] == "BOOLEAN_CONDITION" else None
            if nested:
                with_own_ids(nested, f"{one['id']}_{branch}")
    return actions


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.text(min_size=1, max_size=150),
    actions=st.lists(steps(), max_size=4).map(with_own_ids),
)
def test_patch_then_get_gives_back_any_valid_flow(
    door: Door, name: str, actions: list[dict[str, Any]]
) -> None:
    flow_id = door("POST", "/api/v2/flows", {"name": "before"}).body["id"]

    changed = door("PATCH", f"/api/v2/flows/{flow_id}", {"name": name, "actions": actions})
    got = door("GET", f"/api/v2/flows/{flow_id}")

    assert changed.status == 200, changed.body
    assert got.body == changed.body
    assert got.body["name"] == name
    assert got.body["actions"] == actions


def test_what_a_flow_has_already_is_no_new_version(door: Door) -> None:
    actions = [{"id": "a", "type": "FLOW", "action": "DO_NOTHING", "params": {}}]
    made = door("POST", "/api/v2/flows", {"name": "Same", "actions": actions}).body
    path, versions = f"/api/v2/flows/{made['id']}", f"/sluiceway/v1/flows/{made['id']}/versions"
    before = door("GET", versions).body

    again = door("PATCH", path, {"name": "Same", "actions": actions})
    assert (again.status, door("GET", versions).body) == (200, before)

    actions[0]["params"] = {"x": 1}
    door("PATCH", path, {"name": "Other"})
    assert door("GET", versions).body != before


def test_text_is_found_in_any_field_of_any_flow(door: Door) -> None:
    inside = action("inner", params={"user_id": "x", "note": "Harbour " + "y" * 100})
    fork = {
        "id": "fork",
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {"if": "{{fields.plan}}", "then": [inside], "else": []},
    }
    flow = door("POST", "/api/v2/flows", {"name": "A", "actions": [fork]}).body
    door("POST", "/api/v2/flows", {"name": "B", "actions": [action(alias="Look up")]})

    found = door("GET", "/sluiceway/v1/search", query={"q": "harbour"}).body

    assert found["more"] is False
    (hit,) = found["steps"]
    assert hit["flow"] == {"id": flow["id"], "name": "A"}
    assert (hit["id"], hit["field"]) == ("inner", "note")
    assert hit["text"] == "Harbour " + "y" * 39 + "…"
    # By an alias, by what an expression names; and no more than asked for.
    assert [
        one["id"] for one in door("GET", "/sluiceway/v1/search", query={"q": "LOOK"}).body["steps"]
    ] == ["a1"]
    both = door("GET", "/sluiceway/v1/search", query={"q": "fields.", "take": 1}).body
    assert ([one["id"] for one in both["steps"]], both["more"]) == (["fork"], True)
    assert door("GET", "/sluiceway/v1/search", query={"q": "nowhere"}).body["steps"] == []
