"""``sluiceway test``: what it prints, writes and exits with."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluiceway.cli.main import main

FLOW: dict[str, Any] = {
    "name": "Asked",
    "actions": [
        {
            "id": "asked",
            "type": "FLOW",
            "action": "BOOLEAN_CONDITION",
            "params": {
                "if": {"operator": "EQ", "operands": ["{{fields.a}}", 1]},
                "then": [
                    {
                        "id": "tell",
                        "type": "FLOW",
                        "action": "ERROR_MESSAGE",
                        "params": {"message": "It is one."},
                    }
                ],
            },
        }
    ],
}
CASES: dict[str, Any] = {
    "cases": [
        {"name": "one is told", "fields": {"a": 1}, "expect": {"output": {"message": "/one/"}}},
        {"name": "later", "skip": "not yet"},
    ]
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "asked.json").write_text(json.dumps(FLOW), encoding="utf-8")
    (tmp_path / "asked.test.yaml").write_text(yaml.safe_dump(CASES), encoding="utf-8")
    return tmp_path


def test_a_run_says_what_passed_and_what_was_covered(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "-v"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "asked.test.yaml"
    assert lines[1].startswith("  ✓ one is told  ")
    assert lines[2] == "  - later  skipped: not yet"
    assert lines[4] == "  Asked   50.0 %  1/2 branches  not taken: asked/else"
    assert lines[5].startswith("1 passed, 1 skipped in ")


def test_a_failure_is_shown_and_exits_with_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "asked.test.yaml").read_text().replace("/one/", "/two/")
    (folder / "asked.test.yaml").write_text(text)

    assert main(["test", "asked.json", "--junit", "out/r.xml"]) == 1
    out = capsys.readouterr().out
    assert "  ✗ one is told" in out
    assert '      output/message: expected "/two/", found "It is one."' in out
    assert "<failure message='output/message" in Path("out/r.xml").read_text()


def test_coverage_can_be_demanded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--min-coverage", "50"]) == 0
    assert main(["test", "--min-coverage", "100"]) == 1
    assert "expected 100 % of every flow, found 50.0 %" in capsys.readouterr().err


def test_results_are_json_for_scripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--json", "-k", "ONE"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert [(case["name"], case["result"]) for case in report["cases"]] == [
        ("one is told", "passed")
    ]
    assert report["coverage"][0]["missing"] == ["asked/else"]
    assert main(["test", "-k", "nothing"]) == 2


def test_a_case_is_recorded_from_an_execution(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "asked.json", "--set", "fields.a=1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    Path("record.json").write_text(json.dumps(record), encoding="utf-8")

    assert main(["test", "--record", record["id"], "new.test.yaml", "--name", "as it was"]) == 0
    (case,) = yaml.safe_load(Path("new.test.yaml").read_text())["cases"]
    assert case["fields"] == {"a": 1}
    assert case["expect"]["path"] == ["asked", "tell"]
    assert case["expect"]["branches"] == {"asked": "then"}
    Path("new.json").write_text(json.dumps(FLOW), encoding="utf-8")
    assert main(["test", "new.test.yaml"]) == 0

    assert main(["test", "--record", "record.json", "asked.test.yaml"]) == 0
    capsys.readouterr()
    assert main(["test", "asked.json", "-v"]) == 0
    assert f"✓ Asked: {record['id']}" in capsys.readouterr().out
    assert main(["test", "--record", "record.json"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["cases"][0]["expect"]["status"] == "COMPLETED"


def test_what_calls_made_is_mocked_in_a_recorded_case(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step = {
        "id": "get",
        "type": "AUTH0",
        "action": "GET_USER",
        "params": {"connection_id": "local", "user_id": "auth0|nobody"},
    }
    Path("get.json").write_text(json.dumps({"name": "Get", "actions": [step]}), encoding="utf-8")
    main(["run", "get.json", "--json"])
    record = json.loads(capsys.readouterr().out)

    assert main(["test", "--record", record["id"], "get.test.yaml"]) == 0
    (case,) = yaml.safe_load(Path("get.test.yaml").read_text())["cases"]
    assert case["mocks"]["steps"]["get"]["output"]["status"] == 404
    assert case["expect"]["params"]["get"]["user_id"] == "auth0|nobody"
    assert main(["test", "get.json"]) == 0


def test_watching_runs_again_after_a_change(folder: Path) -> None:
    program = [sys.executable, "-u", "-m", "sluiceway", "test", "--watch"]
    with subprocess.Popen(program, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("Watching"):
                    break
            time.sleep(0.05)
            text = (folder / "asked.test.yaml").read_text().replace("/one/", "/two/")
            (folder / "asked.test.yaml").write_text(text)
            again = []
            for line in process.stdout:
                again.append(line)
                if line.startswith("Watching"):
                    break
        finally:
            process.kill()

    assert any("1 failed" in line for line in again)
