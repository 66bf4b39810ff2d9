"""``sluiceway replay``: one execution, many, and what is shown of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluiceway.cli.main import main

FLOW: dict[str, Any] = {
    "name": "Price",
    "actions": [
        {
            "id": "map",
            "type": "FLOW",
            "action": "MAP_VALUE",
            "params": {"input": "{{fields.plan}}", "cases": {"gold": 10}, "fallback": 0},
        },
        {
            "id": "give",
            "type": "FLOW",
            "action": "RETURN_JSON",
            "params": {"payload": {"price": "{{actions.map.result}}"}},
        },
    ],
}


@pytest.fixture
def records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("price.json").write_text(json.dumps(FLOW), encoding="utf-8")
    changed = json.loads(json.dumps(FLOW))
    changed["actions"][0]["params"]["cases"] = {"gold": 12}
    Path("edited.json").write_text(json.dumps(changed), encoding="utf-8")
    main(["flows", "create", "price.json"])
    capsys.readouterr()
    found: list[dict[str, Any]] = []
    for plan in ("gold", "free"):
        assert main(["run", "Price", "--set", f"fields.plan={plan}", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    return found


def test_the_same_flow_shows_no_difference(
    records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", records[0]["id"], "price.json", "--exit-code"]) == 0

    out = capsys.readouterr().out
    assert out.splitlines()[0] == f"{records[0]['id']}  Price"
    assert out.endswith("  No difference in 2 steps.\n")


def test_an_edited_flow_shows_where_it_parts(
    records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", records[0]["id"], "edited.json", "--exit-code"]) == 1

    out = capsys.readouterr().out
    assert "      params/cases/gold: 10 → 12" in out
    assert "      output/result: 10 → 12" in out
    assert "  output/price: 10 → 12" in out


def test_many_executions_are_summed_up(
    records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "Price", "edited.json", "--last", "10"]) == 0
    out = capsys.readouterr().out
    assert "2 executions: 0 the same, 0 with another path" in out
    assert "2 with other params, 1 with other outputs." in out

    lines = "\n".join(json.dumps(record) for record in records)
    Path("records.jsonl").write_text(lines, encoding="utf-8")
    assert main(["replay", "records.jsonl", "Price", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["executions"], summary["same"]) == (2, 2)


def test_mocks_come_from_a_file(
    records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    call = {
        "id": "call",
        "type": "HTTP",
        "action": "SEND_REQUEST",
        "params": {"url": "https://api.example.com/"},
    }
    flow = {**FLOW, "actions": [call, *FLOW["actions"]]}
    Path("more.json").write_text(json.dumps(flow), encoding="utf-8")
    Path("mocks.yaml").write_text("http: [{request: {url: 'https://*'}}]", encoding="utf-8")

    main(["replay", records[0]["id"], "more.json"])
    assert "ERR_TARGET_FORBIDDEN: expected a mock for GET" in capsys.readouterr().out
    main(["replay", records[0]["id"], "more.json", "--mocks", "mocks.yaml"])
    assert "+ call" in capsys.readouterr().out
    Path("mocks.yaml").write_text("https: []", encoding="utf-8")
    assert main(["replay", records[0]["id"], "more.json", "--mocks", "mocks.yaml"]) == 2


def test_what_cannot_be_replayed_is_said(
    records: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "afe_1111111111111111111111", "price.json"]) == 2
    assert main(["replay", records[0]["id"], "gone.json"]) == 2
    assert "cannot read the file" in capsys.readouterr().err
