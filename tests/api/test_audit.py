"""The audit log: every change with who, what and from where; no value; nothing altered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Door

SECRET = "v3ry-s3cret-t0ken"


def entries(door: Door, **query: str) -> list[dict[str, Any]]:
    answer = door("GET", "/sluiceway/v1/audit", query=query)
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["entries"]
    return found


def test_a_change_is_noted_with_who_what_and_from_where(door: Door) -> None:
    body = {"name": "Api", "app_id": "HTTP", "setup": {"type": "BEARER", "token": SECRET}}
    made = door("POST", "/api/v2/flows/vault/connections", body).body
    door("PATCH", f"/api/v2/flows/vault/connections/{made['id']}", {"name": SECRET})
    changed, created = entries(door)[:2]
    assert created["actor"].startswith("client:")
    assert created["action"] == "POST /api/v2/flows/vault/connections"
    assert created["details"]["fields"] == ["name", "app_id", "setup"]
    assert created["details"]["from"]
    assert changed["target"].endswith(made["id"])
    assert created["seq"] < changed["seq"]
    assert SECRET not in str(entries(door))
    assert [one["seq"] for one in entries(door, target=changed["target"])] == [changed["seq"]]
    assert entries(door, before=str(created["seq"])) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v2/flows", None),
        ("POST", "/api/v2/flows", {"nmae": "x"}),
        ("DELETE", "/api/v2/flows/af_none", None),
    ],
)
def test_reading_and_what_was_refused_is_no_change(
    door: Door, method: str, path: str, body: Any
) -> None:
    door(method, path, body)
    assert entries(door) == []


def test_only_those_who_may_read_it(door: Door) -> None:
    assert door("GET", "/sluiceway/v1/audit", signed_in=False).status == 401
