"""``sluiceway check``: what a person and what CI see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sluiceway.cli.main import main

GOOD = {"name": "good", "actions": [{"id": "d", "type": "FLOW", "action": "DO_NOTHING"}]}
WRONG = {
    "name": "wrong",
    "actions": [
        {
            "id": "store",
            "alias": "Remember",
            "type": "FLOW",
            "action": "STORE_VARS",
            "params": {"vars": {"a": "{{ user.email }}"}},
        },
        {
            "id": "tell",
            "type": "FLOW",
            "action": "ERROR_MESSAGE",
            "params": {"message": "{{ actions.remember.x }}"},
        },
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return path


def test_a_good_flow_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "good.json", GOOD)

    assert main(["check", "good.json"]) == 0
    assert capsys.readouterr().out == "No problems in 1 flow.\n"


def test_a_wrong_flow_is_shown_with_its_line_and_a_caret(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "wrong.json", WRONG)

    assert main(["check", "wrong.json"]) == 1
    out = capsys.readouterr().out
    assert "wrong.json:11:20  error[SLW207]" in out
    assert '    11 | "a": "{{ user.email }}"\n       |          ^^^^^^^^^^\n' in out
    assert "fix: Write actions.store.  (--fix does it)" in out
    assert out.endswith("2 errors in 1 flow; --fix mends 1.\n")


def test_fix_mends_the_file_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(folder / "wrong.json", WRONG)
    before = path.read_text()

    assert main(["check", "--fix", "wrong.json"]) == 1
    assert "Mended 1 place in wrong.json." in capsys.readouterr().out
    assert path.read_text() == before.replace("actions.remember", "actions.store")


def test_json_lists_findings_flows_and_scopes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    get = {"connection_id": "m2m", "user_id": "{{ user.user_id }}"}
    step = {"id": "g", "type": "AUTH0", "action": "GET_USER", "params": get}
    write(folder / "f.json", {"name": "f", "actions": [step]})

    assert main(["check", "--format", "json", "f.json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["flows"] == [
        {"file": "f.json", "pointer": "", "name": "f", "scopes": {"m2m": ["read:users"]}}
    ]
    (finding,) = report["findings"]
    assert finding["code"] == "SLW207"
    assert finding["pointer"] == "/actions/0/params/user_id"
    assert finding["template"] == {"line": 1, "column": 4}
    assert report["summary"] == {
        "flows": 1, "errors": 1, "warnings": 0, "notes": 0, "fixable": 0,
    }  # fmt: skip


def test_github_annotations_escape_what_github_reads(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "a,b.json", WRONG)

    assert main(["check", "--format", "github", "a,b.json"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("::error file=a%2Cb.json,line=11,col=20,endColumn=30,title=SLW207 ")


def test_sarif_has_the_shape_that_code_scanning_reads(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "wrong.json", WRONG)

    main(["check", "--format", "sarif", "wrong.json"])
    log = json.loads(capsys.readouterr().out)
    region = {"type": "object", "required": ["startLine", "startColumn", "endColumn"]}
    schema = {
        "properties": {
            "version": {"const": "2.1.0"},
            "runs": {
                "items": {
                    "required": ["tool", "results"],
                    "properties": {
                        "results": {
                            "minItems": 2,
                            "items": {
                                "required": ["ruleId", "ruleIndex", "level", "message"],
                                "properties": {
                                    "locations": {
                                        "items": {
                                            "properties": {
                                                "physicalLocation": {
                                                    "properties": {"region": region}
                                                }
                                            }
                                        }
                                    }
                                },
                            },
                        }
                    },
                }
            },
        }
    }
    jsonschema_rs.validate(schema, log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


def test_a_deploy_cli_folder_brings_its_connections_grants_and_forms(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"user_metadata": {"a": "{{fields.colour}}"}}
    params = {"connection_id": "M2M", "user_id": "{{context.user.user_id}}", "changes": changes}
    step = {"id": "u", "type": "AUTH0", "action": "UPDATE_USER", "params": params}
    write(folder / "flows" / "Save.json", {"name": "Save", "actions": [step]})
    setup = {"type": "OAUTH_APP", "client_id": "Flows client"}
    write(
        folder / "flow-vault-connections" / "M2M.json",
        {"name": "M2M", "app_id": "AUTH0", "setup": setup},
    )
    write(
        folder / "grants" / "g.json",
        {"client_id": "Flows client", "audience": "https://t/api/v2/", "scope": ["read:users"]},
    )
    field = {"category": "FIELD", "id": "color", "type": "TEXT"}
    node = {"id": "n", "type": "STEP", "config": {"components": [field], "next_node": "f"}}
    run = {"id": "f", "type": "FLOW", "config": {"flow_id": "Save", "next_node": "$ending"}}
    write(
        folder / "forms" / "F.json",
        {"name": "F", "start": {"next_node": "n"}, "nodes": [node, run]},
    )

    assert main(["check", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["code"] for finding in found] == ["SLW208", "SLW701"]
    assert "color" in found[0]["fix"]
    assert "update:users" in found[1]["message"]


def test_sample_input_says_what_is_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = {"vars": {"a": "{{fields.b}}"}}
    step = {"id": "s", "type": "FLOW", "action": "STORE_VARS", "params": params}
    write(folder / "f.json", [step])

    assert main(["check", "f.json", "--fields", '{"c": 1}', "--strict"]) == 1
    assert "SLW208" in capsys.readouterr().out
    assert main(["check", "f.json", "--fields", '{"b": 1}', "--strict"]) == 0


def test_the_settings_file_decides_what_is_reported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "wrong.json", WRONG)
    (folder / "sluiceway.toml").write_text('[check]\nignore = ["SLW207", "SLW202"]\n')

    assert main(["check", "wrong.json"]) == 0
    assert main(["check", "wrong.json", "--ignore", "SLW999"]) == 0
    (folder / "sluiceway.toml").write_text('[check]\nlevels = "x"\n')
    assert main(["check", "wrong.json"]) == 2
    assert "Did you mean 'level'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.json"], "found none"),
        (["other.json"], "expected a flow"),
        (["empty"], "found none"),
        (["--explain", "SLW20"], "there is no code"),
    ],
    ids=["no file", "no flow", "an empty folder", "no code"],
)
def test_what_cannot_be_checked_is_wrong_usage(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (folder / "other.json").write_text('{"a": 1}')
    (folder / "empty").mkdir()

    assert main(["check", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_the_tenant_says_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get = {"user_id": "auth0|1"}
    steps = [
        {"id": i, "type": "AUTH0", "action": "GET_USER", "params": {"connection_id": i, **get}}
        for i in ("local", "lokal")
    ]
    write(folder / "f.json", steps)

    assert main(["check", "f.json", "--tenant", "--database", "sqlite://"]) == 1
    out = capsys.readouterr().out
    assert "SLW702" in out
    assert "Did you mean 'local'?" in out
    assert out.endswith("1 error in 1 flow.\n")


def test_a_code_is_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "slw402"]) == 0
    assert "Undefined value that deletes metadata" in capsys.readouterr().out


def test_a_file_that_is_no_json_is_shown_and_the_others_are_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "flows" / "good.json", GOOD)
    (folder / "flows" / "broken.json").write_text('{"name": "x",\n  "actions": [}\n', "utf-8")

    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "flows/broken.json:2:" in out
    assert "error[SLW100]  expected JSON" in out
    assert '    2 | "actions": [}' in out
    assert out.endswith("1 error in 1 flow.\n")
    assert main(["check", "flows/broken.json"]) == 1


def test_a_folder_s_providers_are_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    params = {"to": "a@b.example", "subject": "Hi", "body": "Hi"}
    step = {"id": "m", "type": "AUTH0", "action": "SEND_EMAIL", "params": params}
    write(folder / "flows" / "f.json", {"name": "f", "actions": [step]})
    write(folder / "emails" / "provider.json", {"name": "ses", "enabled": False})

    assert main(["check"]) == 1
    assert "SLW704" in capsys.readouterr().out
    write(folder / "emails" / "provider.json", {"name": "ses", "enabled": True})
    assert main(["check"]) == 0
