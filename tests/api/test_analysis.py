"""``/sluiceway/v1/check``, ``/diff`` and ``/imports``: what the console calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Door

STORE = {
    "id": "s",
    "type": "FLOW",
    "action": "STORE_VARS",
    "params": {"vars": {"a": "{{ actions.S.x }}"}},
}


def test_a_flow_is_checked_as_the_editor_has_it(door: Door) -> None:
    answer = door("POST", "/sluiceway/v1/check", {"flow": {"name": "f", "actions": [STORE]}})

    assert answer.status == 200
    (finding,) = answer.body["findings"]
    assert finding["code"] == "SLW201"
    assert finding["pointer"] == "/actions/0/params/vars/a"
    assert finding["edit"] == {
        "pointer": "/actions/0/params/vars/a",
        "value": "{{ actions.s.x }}",
    }


def test_the_vault_and_the_sample_input_are_looked_at(door: Door) -> None:
    get: dict[str, Any] = {
        "id": "g",
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "gone", "user_id": "{{fields.id}}"},
    }
    body = {"flow": [get], "input": {"fields": {"idd": 1}}}

    found = door("POST", "/sluiceway/v1/check", body).body

    assert [f["code"] for f in found["findings"]] == ["SLW208", "SLW702"]
    assert found["scopes"] == {"gone": ["read:users"]}
    alone = door("POST", "/sluiceway/v1/check", {**body, "tenant": False}).body
    assert [f["code"] for f in alone["findings"]] == ["SLW208"]


def test_what_is_no_flow_is_a_finding(door: Door) -> None:
    (finding,) = door("POST", "/sluiceway/v1/check", {"flow": {"a": 1}}).body["findings"]

    assert finding["code"] == "SLW100"


def test_the_rules_are_listed(door: Door) -> None:
    rules = door("GET", "/sluiceway/v1/check/rules").body["rules"]

    assert {"SLW100", "SLW201"} <= {rule["code"] for rule in rules}


def test_two_flows_are_compared(door: Door) -> None:
    changed = {**STORE, "params": {"vars": {"a": 1}}}

    body = {"before": [STORE], "after": [changed]}
    answer = door("POST", "/sluiceway/v1/diff", body).body

    (flow,) = answer["flows"]
    assert flow["change"] == "changed"
    assert flow["lines"] == [{"mark": "~", "text": 's: vars/a: "{{ actions.S.x }}" → 1'}]
    assert "```diff" in answer["markdown"]


def test_a_token_without_the_scope_may_not_look(door: Door) -> None:
    assert door("POST", "/sluiceway/v1/diff", {}, signed_in=False).status == 401


def test_what_an_import_held_is_kept_and_forgotten(door: Door) -> None:
    record = {"format": "dashboard", "name": "f", "flows": [{"id": "af_1"}], "rest": {"x": 1}}

    path = "/sluiceway/v1/imports/dashboard%3Af"
    assert door("PUT", path, record).body == {"id": "dashboard:f", **record}
    door("PUT", path, {**record, "rest": {}})
    (kept,) = door("GET", "/sluiceway/v1/imports").body["imports"]
    assert kept == {"id": "dashboard:f", **record, "rest": {}}
    assert door("DELETE", path).status == 204
    assert door("GET", "/sluiceway/v1/imports").body == {"imports": []}


def test_records_are_replayed_against_an_edited_flow(door: Door) -> None:
    step = {
        "id": "give",
        "type": "FLOW",
        "action": "RETURN_JSON",
        "params": {"payload": {"a": "{{fields.a}}"}},
    }
    record = {
        "id": "afe_1",
        "status": "COMPLETED",
        "debug": {
            "input": {"context": {}, "fields": {"a": 1}, "vars": {}},
            "steps": [{"id": "give", "input": {"payload": {"a": 1}}, "output": {"a": 1}}],
            "output": {"a": 1},
        },
    }

    same = door("POST", "/sluiceway/v1/replay", {"executions": [record], "flow": [step]})
    assert same.status == 200
    assert same.body["summary"] == {"executions": 1, "same": 1}
    changed = {**step, "params": {"payload": {"a": 2}}}
    (other,) = door(
        "POST", "/sluiceway/v1/replay", {"executions": [record], "flow": [changed]}
    ).body["replays"]
    assert other["steps"][0]["params"] == [{"at": "/payload/a", "before": 1, "after": 2}]
    assert door("POST", "/sluiceway/v1/replay", {"flow": [step]}).status == 400
    assert door("POST", "/sluiceway/v1/replay", {"executions": [record]}).status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"format": "zip"},
        {"flows": [{}]},
        {"flows": [{"id": "af_x", "keys": 1}]},
        {"connections": [{"id": "ac_x"}]},
        {"connections": None},
    ],
)
def test_a_record_of_an_import_that_no_export_could_read_is_refused(
    door: Door, change: dict[str, Any]
) -> None:
    record = {"format": "dashboard", "name": "f", "flows": [], "connections": [], **change}

    answer = door("PUT", "/sluiceway/v1/imports/dashboard%3Af", record)

    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_body")


def test_a_record_that_says_little_of_a_flow_is_exported_all_the_same(door: Door) -> None:
    flow = door("POST", "/api/v2/flows", {"name": "f", "actions": [STORE]}).body
    record = {"format": "dashboard", "name": "f", "flows": [{"id": flow["id"]}]}
    door("PUT", "/sluiceway/v1/imports/dashboard%3Af", record)

    for format_ in ("dashboard", "flow"):
        exported = door("GET", "/sluiceway/v1/exports", query={"format": format_})
        assert exported.status == 200
        assert exported.body["files"]
