"""Executions over the wire, of flows that a worker really runs: Auth0's part and ours."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.conftest import Running

SUMMARY = {"id", "trace_id", "journey_id", "status", "created_at", "updated_at"}
TIMES = {"started_at", "ended_at"}


def step(id_: str, action: str, **params: Any) -> dict[str, Any]:
    return {"id": id_, "type": "FLOW", "action": action, "params": params}


GREET = [step("greet", "STORE_VARS", vars={"greeting": "Hello {{fields.name}}"})]
WAIT = [step("wait", "DELAY_FLOW", number=1, units="HOURS"), *GREET]
FAIL = [
    *GREET,
    {
        "id": "call",
        "type": "HTTP",
        "action": "SEND_REQUEST",
        "params": {"url": "{{fields.nothing}}", "method": "GET"},
    },
]


def new_flow(running: Running, actions: list[dict[str, Any]], name: str = "F") -> str:
    status, body, _ = running("POST", "/api/v2/flows", {"name": name, "actions": actions})
    assert status == 201, body
    return body["id"]


def run(running: Running, flow: str, wait: int = 20, **body: Any) -> dict[str, Any]:
    status, record, _ = running("POST", f"/sluiceway/v1/flows/{flow}/executions?wait={wait}", body)
    assert status == 200, record
    return record


def test_auth0s_clients_see_what_was_run(running: Running) -> None:
    flow = new_flow(running, GREET)
    record = run(running, flow, fields={"name": "Ada"})
    path = f"/api/v2/flows/{flow}/executions"

    status, listed, _ = running("GET", path)
    assert status == 200
    assert [one["id"] for one in listed] == [record["id"]]
    assert set(listed[0]) - TIMES <= SUMMARY
    status, one, _ = running("GET", f"{path}/{record['id']}")
    assert one == listed[0]
    assert one["status"] == "COMPLETED"
    assert len(one["trace_id"]) == 32
    debug = running("GET", f"{path}/{record['id']}?hydrate=debug")[1]["debug"]
    assert debug["input"]["fields"] == {"name": "Ada"}
    assert [(s["id"], s["status"]) for s in debug["steps"]] == [("greet", "COMPLETED")]
    assert debug["steps"][0]["input"] == {"vars": {"greeting": "Hello Ada"}}
    assert running("GET", f"/api/v2/flows/{flow}")[1]["executed_at"] == one["created_at"][:10]

    assert running("DELETE", f"{path}/{record['id']}")[0] == 204
    status, body, _ = running("GET", f"{path}/{record['id']}")
    assert (status, body["message"]) == (404, "Execution not found")


def test_an_execution_is_found_under_its_own_flow_only(running: Running) -> None:
    flow, other = new_flow(running, GREET), new_flow(running, GREET)
    id_ = run(running, flow)["id"]

    assert running("GET", f"/api/v2/flows/{other}/executions/{id_}")[0] == 404
    assert running("DELETE", f"/api/v2/flows/{other}/executions/{id_}")[0] == 204
    assert running("GET", f"/api/v2/flows/{flow}/executions/{id_}")[0] == 200
    assert running("GET", "/api/v2/flows/af_none/executions")[0] == 404


def test_pages_by_checkpoint_and_by_number_hold_each_execution_once(running: Running) -> None:
    flow = new_flow(running, GREET)
    ids = [run(running, flow)["id"] for _ in range(5)]
    path = f"/api/v2/flows/{flow}/executions"

    seen: list[str] = []
    query = "take=2"
    while query:
        page = running("GET", f"{path}?{query}")[1]
        assert set(page) <= {"next", "executions"}
        seen += [one["id"] for one in page["executions"]]
        query = f"take=2&from={page['next']}" if "next" in page else ""
    assert seen == ids[::-1]
    numbered = [
        one["id"]
        for page in range(3)
        for one in running("GET", f"{path}?page={page}&per_page=2")[1]
    ]
    assert numbered == seen
    totals = running("GET", f"{path}?include_totals=true&per_page=2&page=1")[1]
    assert (totals["start"], totals["limit"], totals["total"]) == (2, 2, 5)
    for token in ("%21", "garbage", "1", "s", f"s{'1' * 19}", "afe_" + "1" * 22):
        assert running("GET", f"{path}?from={token}")[0] == 400, token
    assert running("GET", f"{path}?take=101")[0] == 400


def test_a_failure_names_its_step_and_can_be_retried(running: Running) -> None:
    flow = new_flow(running, FAIL)
    record = run(running, flow)

    assert record["status"] == "FAILED"
    assert record["debug"]["error"]["code"] == "ERR_INVALID_ACTION_PARAMS"
    status, again, _ = running("POST", f"/sluiceway/v1/executions/{record['id']}/retry", {})
    assert status == 202
    assert again["id"] == record["id"], "it goes on from the step that failed"
    assert running("GET", f"/sluiceway/v1/executions/{again['id']}")[1]["status"] != "COMPLETED"


def test_a_start_answers_at_once_and_can_be_cancelled(running: Running) -> None:
    flow = new_flow(running, WAIT)

    status, record, headers = running("POST", f"/sluiceway/v1/flows/{flow}/executions", {})

    assert status == 202
    assert headers["location"] == f"/sluiceway/v1/executions/{record['id']}"
    assert record["status"] in {"QUEUED", "RUNNING", "DELAYED"}
    assert "debug" not in record
    path = f"/sluiceway/v1/executions/{record['id']}"
    assert running("DELETE", path)[0] == 409
    assert running("POST", f"{path}/cancel", {})[0] == 200
    deadline = time.monotonic() + 10
    while running("GET", path)[1]["status"] != "CANCELLED" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running("GET", path)[1]["status"] == "CANCELLED"
    assert running("POST", f"{path}/cancel", {})[0] == 409
    assert running("DELETE", path)[0] == 204


def test_waiting_ends_when_its_time_is_over(running: Running) -> None:
    flow = new_flow(running, WAIT)
    began = time.monotonic()

    status, record, _ = running("POST", f"/sluiceway/v1/flows/{flow}/executions?wait=0.3", {})

    assert status == 202
    assert 0.25 < time.monotonic() - began < 5
    running("POST", f"/sluiceway/v1/executions/{record['id']}/cancel", {})


def test_an_idempotency_key_starts_one_execution(running: Running) -> None:
    flow = new_flow(running, GREET)
    path = f"/sluiceway/v1/flows/{flow}/executions?wait=20"
    key = {"idempotency-key": "order-1"}
    body = {"fields": {"name": "Ada"}}

    first, second = (running("POST", path, body, headers=key) for _ in range(2))
    other = running("POST", path, {"fields": {"name": "Grace"}}, headers=key)
    elsewhere = running(
        "POST",
        f"/sluiceway/v1/flows/{new_flow(running, GREET)}/executions?wait=20",
        body,
        headers=key,
    )

    assert first[1]["id"] == second[1]["id"]
    assert (other[0], other[1]["errorCode"]) == (409, "idempotency_conflict")
    assert elsewhere[1]["id"] != first[1]["id"]
    assert len(running("GET", f"/api/v2/flows/{flow}/executions")[1]) == 1
    assert running("POST", path, body, headers={"idempotency-key": "k" * 256})[0] == 400


def test_starts_with_one_key_at_once_are_one_execution(running: Running) -> None:
    flow = new_flow(running, GREET)
    path = f"/sluiceway/v1/flows/{flow}/executions?wait=20"
    ids: list[str] = []

    def begin() -> None:
        ids.append(running("POST", path, {}, headers={"idempotency-key": "at-once"})[1]["id"])

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 8
    assert len(set(ids)) == 1


def events(running: Running, id_: str, **headers: str) -> Iterator[dict[str, Any]]:
    """Read server-sent events until the stream ends."""
    connection = http.client.HTTPConnection(running.host, timeout=30)
    sent = {"authorization": f"Bearer {running.token}", **headers}
    connection.request("GET", f"/sluiceway/v1/executions/{id_}/events", headers=sent)
    answer = connection.getresponse()
    if answer.status == 204:
        connection.close()
        return
    assert answer.status == 200, answer.read()
    assert answer.headers["content-type"].startswith("text/event-stream")
    found: dict[str, str] = {}
    for raw in answer:
        line = raw.decode().rstrip("\n")
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value
        elif found:
            yield {"id": found["id"], "event": found["event"], **json.loads(found["data"])}
            found = {}
    connection.close()


def test_events_are_told_in_order_and_go_on_where_a_reader_left(running: Running) -> None:
    flow = new_flow(running, [*GREET, step("again", "STORE_VARS", vars={"n": 1})])
    id_ = run(running, flow)["id"]

    told = list(events(running, id_))

    assert told[0]["event"] == "execution_started"
    assert told[-1]["event"] == "execution_finished"
    assert told[-1]["status"] == "COMPLETED"
    numbers = [one["seq"] for one in told]
    assert numbers == sorted(set(numbers))
    rest = list(events(running, id_, **{"last-event-id": told[0]["id"]}))
    assert rest == told[1:]
    assert list(events(running, id_, **{"last-event-id": told[-1]["id"]})) == []
    assert list(events(running, id_, **{"last-event-id": "nonsense"})) == told


def test_events_come_while_an_execution_goes_on(running: Running) -> None:
    flow = new_flow(running, WAIT)
    id_ = running("POST", f"/sluiceway/v1/flows/{flow}/executions", {})[1]["id"]

    seen: list[str] = []
    for one in events(running, id_):
        seen.append(one["event"])
        if one["event"] == "step_delayed":
            running("POST", f"/sluiceway/v1/executions/{id_}/cancel", {})

    assert "step_delayed" in seen
    assert seen[-1] == "execution_finished"


def test_an_unsaved_flow_runs_as_it_is(running: Running) -> None:
    body = {"flow": {"name": "Draft", "actions": GREET}, "fields": {"name": "Ada"}}

    status, record, _ = running("POST", "/sluiceway/v1/executions?wait=20", body)

    assert status == 200
    assert not record["flow"]["id"]
    assert record["debug"]["steps"][0]["input"] == {"vars": {"greeting": "Hello Ada"}}


def test_a_user_of_the_embedded_tenant_is_changed_through_the_wire(running: Running) -> None:
    user = running(
        "POST",
        "/api/v2/users",
        {
            "connection": "Username-Password-Authentication",
            "email": "ada@example.com",
            "password": "A-long-passw0rd",
        },
    )[1]["user_id"]
    update = {
        "id": "update",
        "type": "AUTH0",
        "action": "UPDATE_USER",
        "params": {
            "connection_id": "local",
            "user_id": "{{fields.id}}",
            "changes": {"user_metadata": {"seen": True}},
        },
    }

    record = run(running, new_flow(running, [update]), fields={"id": user})

    assert record["status"] == "COMPLETED", record["debug"]["error"]
    assert record["debug"]["steps"][0]["status_code"] == 200
    changed = running("GET", f"/api/v2/users/{user.replace('|', '%7C')}")[1]
    assert changed["user_metadata"] == {"seen": True}
