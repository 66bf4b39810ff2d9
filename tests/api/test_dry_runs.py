"""Dry runs: the way through a flow, with nothing called and nothing sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.conftest import Door


def step(id_: str, family: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"id": id_, "type": family, "action": name, "params": params}


FLOW = {
    "name": "Look up, ask, tell",
    "actions": [
        step("make", "AUTH0", "CREATE_USER", {"connection_id": "production", "payload": {"a": 1}}),
        step("ask", "HTTP", "SEND_REQUEST", {"method": "GET", "url": "https://crm.example/who"}),
        step(
            "is_gold",
            "FLOW",
            "BOOLEAN_CONDITION",
            {
                "if": {"operator": "EQ", "operands": ["{{actions.ask.body.plan}}", "gold"]},
                "then": [
                    step(
                        "mail",
                        "AUTH0",
                        "SEND_EMAIL",
                        {"to": "{{fields.email}}", "subject": "Hi", "body": "<p>Hi</p>"},
                    )
                ],
                "else": [step("wait", "FLOW", "DELAY_FLOW", {"number": 2, "units": "DAYS"})],
            },
        ),
    ],
}


def test_pinned_outputs_stand_in_and_nothing_leaves(door: Door) -> None:
    asked = {
        "flow": FLOW,
        "fields": {"email": "ada@example.com", "password": "hunter2-hunter2"},
        "outputs": {"ask": {"status": 200, "body": {"plan": "gold"}}},
    }

    answer = door("POST", "/sluiceway/v1/dry-runs", asked)

    assert answer.status == 200
    assert answer.body["dry_run"] is True
    assert answer.body["status"] == "COMPLETED"
    assert [one["id"] for one in answer.body["debug"]["steps"]] == [
        "make",
        "ask",
        "is_gold",
        "mail",
    ]
    assert answer.body["stood_in"] == ["ask", "make"]
    assert "hunter2" not in str(answer.body)
    assert door("GET", "/sluiceway/v1/executions").body["executions"] == []
    assert door("GET", "/sluiceway/v1/outbox").body["messages"] == []
    assert door("GET", "/api/v2/users").body == []


def test_without_pins_outputs_are_made_up_and_delays_pass_at_once(door: Door) -> None:
    answer = door("POST", "/sluiceway/v1/dry-runs", {"flow": FLOW, "fields": {}})

    steps = {one["id"]: one for one in answer.body["debug"]["steps"]}
    assert answer.body["status"] == "COMPLETED"
    assert steps["make"]["output"]["status"] == 201
    assert steps["ask"]["output"]["success"] is True
    assert "wait" in steps


def test_a_part_reads_the_outputs_of_steps_that_it_leaves_out(door: Door) -> None:
    part = step("keep", "FLOW", "RETURN_JSON", {"payload": {"plan": "{{actions.ask.body.plan}}"}})

    answer = door(
        "POST",
        "/sluiceway/v1/dry-runs",
        {"flow": [part], "outputs": {"ask": {"body": {"plan": "gold"}}}},
    )

    assert answer.body["debug"]["output"] == {"plan": "gold"}


def test_what_breaks_is_shown_where_it_breaks(door: Door) -> None:
    flow = [step("tell", "AUTH0", "SEND_SMS", {"to": "{{fields.nobody}}", "message": "Hi"})]

    answer = door("POST", "/sluiceway/v1/dry-runs", {"flow": flow})

    assert answer.body["status"] == "FAILED"
    assert answer.body["debug"]["error"]["step"] == "tell"


def test_looking_is_not_noted_as_a_change(door: Door) -> None:
    door("POST", "/sluiceway/v1/dry-runs", {"flow": FLOW})
    door("POST", "/sluiceway/v1/check", {"flow": FLOW})
    door(
        "POST", "/sluiceway/v1/previews", {"template": {"channel": "email", "name": "verify_email"}}
    )
    made = door("POST", "/api/v2/flows", FLOW)

    entries = door("GET", "/sluiceway/v1/audit").body["entries"]

    assert made.status == 201
    assert [entry["action"] for entry in entries] == ["POST /api/v2/flows"]
