"""Which vault connection a flow runs with: the flow's, the container's, the command's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

GET = {"id": "get_user", "type": "AUTH0", "action": "GET_USER"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(document: Any, *arguments: str) -> tuple[int, Any, str]:
        (tmp_path / "flow.json").write_text(json.dumps(document))
        status = main(["run", "flow.json", "--json", *arguments])
        shown = capsys.readouterr()
        return status, json.loads(shown.out) if shown.out else None, shown.err

    return run


def _flow(**params: Any) -> dict[str, Any]:
    return {"name": "Get", "actions": [{**GET, "params": {**params, "user_id": "auth0|1"}}]}


def _used(record: Any) -> list[str]:
    return [step["input"]["connection_id"] for step in record["debug"]["steps"]]


def test_an_unknown_connection_is_refused_before_anything_runs(run: Any) -> None:
    status, record, error = run(_flow(connection_id="ac_1"))

    assert (status, record) == (2, None)
    assert "at: flow.json#/actions/0/params/connection_id" in error
    assert "--connection 'ac_1=local'" in error


def test_a_token_is_mapped_to_a_name(run: Any) -> None:
    status, record, _ = run(_flow(connection_id="ac_1"), "--connection", "ac_1=local")

    assert (status, _used(record)) == (0, ["local"])


def test_a_name_alone_stands_wherever_the_vault_has_none(run: Any) -> None:
    nested = {
        "id": "choose",
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {
            "if": {"operator": "AND", "operands": [{"operator": "EQ", "operands": ["1", "1"]}]},
            "then": [{**GET, "id": "deep", "params": {"user_id": "auth0|2"}}],
        },
    }
    flow = _flow(connection_id="ac_1")
    flow["actions"].append(nested)

    status, record, error = run(flow, "--connection", "local")

    assert (status, error) == (0, "")
    by_id = {step["id"]: step["input"] for step in record["debug"]["steps"]}
    assert by_id["get_user"]["connection_id"] == by_id["deep"]["connection_id"] == "local"


def test_a_step_without_a_connection_is_told_what_to_write(run: Any) -> None:
    status, record, error = run([{**GET, "params": {"user_id": "auth0|1"}}])

    assert (status, record) == (2, None)
    assert "'get_user' names no vault connection" in error
    assert "at: flow.json#/0" in error
    assert "hint: Run it on the embedded tenant: --connection local" in error


def test_two_names_without_tokens_are_refused(run: Any) -> None:
    status, _, error = run(_flow(), "--connection", "local", "--connection", "other")

    assert status == 2
    assert "--connection TOKEN=local" in error


def test_a_containers_stub_is_found_by_its_name(run: Any) -> None:
    flow = _flow(connection_id="#CONN-1#")
    export = {
        "version": "4.0.0",
        "form": {},
        "flows": {"#FLOW-1#": {**flow, "name": "Get"}},
        "connections": {"#CONN-1#": {"id": "ac_9", "app_id": "AUTH0", "name": "Portal"}},
    }

    refused, _, error = run(export)
    status, record, _ = run(export, "--connection", "Portal=local")

    assert refused == 2
    assert "'#CONN-1#' ('Portal')" in error
    assert "at: flow.json#/flows/#FLOW-1#/actions/0/params/connection_id" in error
    assert (status, _used(record)) == (0, ["local"])


def test_a_connection_of_another_kind_is_not_offered_the_tenant(run: Any) -> None:
    flow = {
        "name": "Post",
        "actions": [
            {
                "id": "post",
                "type": "HTTP",
                "action": "SEND_REQUEST",
                "params": {
                    "connection_id": "#CONN-1#",
                    "method": "POST",
                    "url": "https://api.example.com/",
                },
            }
        ],
    }
    stub = {"id": "ac_9", "app_id": "HTTP", "name": "Partner"}

    status, _, error = run(
        {"flows": {"#FLOW-1#": flow}, "connections": {"#CONN-1#": stub}}, "--connection", "local"
    )

    assert status == 2
    assert "sluiceway vault" in error


def test_a_chosen_connection_that_is_not_there_is_never_passed_over(run: Any) -> None:
    status, record, error = run(_flow(connection_id="local"), "--connection", "local=Nowhere")

    assert (status, record) == (2, None)
    assert "the vault connection Nowhere" in error
