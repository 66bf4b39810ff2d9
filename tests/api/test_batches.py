"""Batches over the API: rows as JSON, CSV or lines; started once; counted, told one by one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.engine.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Answer, Door

FLOW = {
    "name": "Greet",
    "actions": [
        {
            "id": "end",
            "type": "FLOW",
            "action": "RETURN_JSON",
            "params": {"payload": {"hello": "{{ fields.name }}"}},
        }
    ],
}


@pytest.fixture
def flow_id(door: Door) -> str:
    return str(door("POST", "/api/v2/flows", FLOW).body["id"])


@pytest.fixture
def work(door: Door, run: Callable[[Any], Any]) -> Callable[[], None]:
    """Carry out whatever waits."""
    executions: Any = door.services.executions

    async def scenario() -> None:
        nothing: Any = None
        worker = Worker(executions._engine, nothing, executions._live)
        task = asyncio.create_task(worker.run())
        while any(
            number
            for status, number in (await executions.count_by_status()).items()
            if not status.is_terminal
        ):
            await asyncio.sleep(0.01)
        worker.stop()
        await task

    return lambda: run(scenario())


def _rows(*names: str) -> list[dict[str, Any]]:
    return [{"fields": {"name": name}} for name in names]


def _report(door: Door, batch: str) -> list[dict[str, Any]]:
    answer: Answer = door("GET", f"/sluiceway/v1/batches/{batch}/report")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    return [json.loads(line) for line in lines.splitlines()]


def test_each_row_is_run_once_however_often_the_batch_is_posted(
    door: Door, flow_id: str, work: Callable[[], None]
) -> None:
    path = f"/sluiceway/v1/flows/{flow_id}/batches"
    first = door("POST", path, {"id": "b1", "rows": _rows("Ada", "Bob")})
    assert first.status == 202
    assert first.headers["location"] == "/sluiceway/v1/batches/b1"
    assert (first.body["total"], first.body["new"], first.body["done_before"]) == (2, 2, 0)
    work()
    again = door("POST", path, {"id": "b1", "rows": _rows("Ada", "Bob", "Cy")})
    assert (again.body["new"], again.body["done_before"]) == (1, 2)
    assert again.body["executions"][:2] == first.body["executions"]
    work()
    more = door("POST", path, {"id": "b1", "first_row": 4, "rows": _rows("Di")})
    assert more.body["rows"][0]["row"] == "4"
    work()
    shown = door("GET", "/sluiceway/v1/batches/b1").body
    assert (shown["total"], shown["ended"], shown["statuses"]["COMPLETED"]) == (4, 4, 4)
    assert shown["flow"] == {"id": flow_id, "name": "Greet"}
    told = {line["row"]: line["output"] for line in _report(door, "b1")}
    assert told == {
        1: {"hello": "Ada"},
        2: {"hello": "Bob"},
        3: {"hello": "Cy"},
        4: {"hello": "Di"},
    }


@pytest.mark.parametrize(
    ("media", "data"),
    [
        ("text/csv; charset=utf-8", b"name\nAda\nBob\n"),
        ("application/x-ndjson", b'{"name": "Ada"}\n{"fields": {"name": "Bob"}}'),
    ],
)
def test_a_file_is_taken_as_it_comes(
    door: Door,
    flow_id: str,
    work: Callable[[], None],
    *,
    media: str,
    data: bytes,
) -> None:
    path = f"/sluiceway/v1/flows/{flow_id}/batches"
    headers = {"content-type": media}
    answer = door("POST", path, raw=data, headers=headers, query={"id": "b2"})
    assert answer.status == 202
    assert answer.body == {"id": "b2", "total": 2, "new": 2, "done_before": 0}
    work()
    assert {line["output"]["hello"] for line in _report(door, "b2")} == {"Ada", "Bob"}
    again = door("POST", path, raw=data, headers=headers, query={"id": "b2"})
    assert (again.body["new"], again.body["done_before"]) == (0, 2)


def test_a_file_larger_than_any_body_is_taken(door: Door, flow_id: str) -> None:
    path = f"/sluiceway/v1/flows/{flow_id}/batches"
    data = b"name,notes\n" + b"\n".join(b"%d,%s" % (n, b"x" * 9000) for n in range(600))
    assert len(data) > door.services.max_body_bytes
    headers = {"content-type": "text/csv"}
    answer = door("POST", path, raw=data, headers=headers, query={"id": "big"})
    assert (answer.status, answer.body["new"]) == (202, 600)


def test_what_cannot_be_read_is_named_by_its_line(door: Door, flow_id: str) -> None:
    path = f"/sluiceway/v1/flows/{flow_id}/batches"
    headers = {"content-type": "text/csv"}
    answer = door("POST", path, raw=b"a,b\n1\n", headers=headers, query={"id": "b"})
    assert answer.status == 400
    assert "expected 2 columns, found 1 (at the body, line 2)" in answer.body["message"]
    assert door("POST", path, raw=b"a\n1\n", headers=headers).status == 400
    assert door("POST", path, {"id": "b b", "rows": _rows("a")}).status == 400
    missing = "/sluiceway/v1/flows/af_none/batches"
    assert door("POST", missing, {"id": "b", "rows": _rows("a")}).status == 404


def test_rows_of_a_flow_that_is_not_saved_are_told_as_they_end(
    door: Door, work: Callable[[], None]
) -> None:
    started = door(
        "POST", "/sluiceway/v1/batches", {"id": "b3", "flow": FLOW, "rows": _rows("Ada", "Bob")}
    )
    ids = started.body["executions"]
    path = "/sluiceway/v1/batches/b3/ended"
    assert door("POST", path, {"executions": ids}).body == {"reports": []}
    work()
    reports = door("POST", path, {"executions": ids}, query={"wait": 5}).body["reports"]
    assert [(one["row"], one["status"]) for one in reports] == [(1, "COMPLETED"), (2, "COMPLETED")]
    assert door("POST", path, {"executions": ["afe_none"]}).status == 404


def test_batches_are_listed_the_latest_first(
    door: Door, flow_id: str, work: Callable[[], None]
) -> None:
    path = f"/sluiceway/v1/flows/{flow_id}/batches"
    for name in ("old", "new"):
        door("POST", path, {"id": name, "rows": _rows("Ada", "Bob")})
    work()
    door("POST", path, {"id": "new", "first_row": 3, "rows": _rows("Cy")})
    listed = door("GET", "/sluiceway/v1/batches").body["batches"]
    assert [(one["id"], one["total"], one["ended"]) for one in listed] == [
        ("new", 3, 2),
        ("old", 2, 2),
    ]
    assert [one["id"] for one in door("GET", "/sluiceway/v1/batches?take=1").body["batches"]]
    assert door("GET", "/sluiceway/v1/batches/none").status == 404


def test_a_batch_is_cancelled_as_a_whole(door: Door, flow_id: str) -> None:
    path = f"/sluiceway/v1/flows/{flow_id}/batches"
    door("POST", path, {"id": "b1", "rows": _rows("Ada", "Bob")})
    cancel = "/sluiceway/v1/batches/b1/cancel"
    assert door("POST", cancel).body == {"id": "b1", "cancelled": 2, "refused": []}
    assert door("GET", "/sluiceway/v1/batches/b1").body["statuses"]["CANCELLED"] == 2
    assert door("POST", cancel).status == 409
    assert door("POST", "/sluiceway/v1/batches/none/cancel").status == 404


def test_executions_are_found_by_the_flows_name_and_pruned(
    door: Door, flow_id: str, work: Callable[[], None]
) -> None:
    door("POST", f"/sluiceway/v1/flows/{flow_id}/executions", {})
    work()
    for flow in ("Greet", flow_id):
        found = door("GET", "/sluiceway/v1/executions", query={"flow": flow}).body["executions"]
        assert len(found) == 1
    assert door("GET", "/sluiceway/v1/executions", query={"flow": "x"}).body["executions"] == []
    prune = "/sluiceway/v1/executions/prune"
    assert door("POST", prune, {"ended_before": "2020-01-01T00:00:00Z"}).body == {"deleted": 0}
    assert door("POST", prune, {"ended_before": "2999-01-01T00:00:00Z"}).body == {"deleted": 1}
    assert door("POST", prune, {"ended_before": "yesterday"}).status == 400
