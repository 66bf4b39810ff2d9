"""``plan``, ``import``, ``export``, ``flows`` and ``diff``, on a database and on a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sluiceway.cli.main import main

STEP = {
    "id": "update_user_x1Yz",
    "type": "AUTH0",
    "action": "UPDATE_USER",
    "allow_failure": False,
    "mask_output": False,
    "params": {
        "connection_id": "#CONN-1#",
        "user_id": "{{context.user.user_id}}",
        "changes": {"name": "{{fields.name}}"},
    },
}
EXPORT = {
    "version": "4.0.0",
    "form": {"name": "Profile", "nodes": [{"config": {"flow_id": "#FLOW-1#"}}]},
    "flows": {"#FLOW-1#": {"name": "Save profile", "actions": [STEP], "x_note": "kept"}},
    "connections": {"#CONN-1#": {"id": "ac_9", "app_id": "AUTH0", "name": "M2M"}},
}


class Cli:
    """Runs commands in a folder of their own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        found = main(list(arguments))
        out = self._capsys.readouterr()
        assert found == status, out.out + out.err
        return out.out + (out.err if status else "")

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments))


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("export.json").write_text(json.dumps(EXPORT), encoding="utf-8")
    return Cli(capsys)


def edit(path: str, **changes: Any) -> None:
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    document["flows"]["#FLOW-1#"]["actions"][0]["params"]["changes"] = changes
    Path(path).write_text(json.dumps(document), encoding="utf-8")


def test_a_plan_changes_nothing_and_the_import_does_what_it_says(cli: Cli) -> None:
    plan = cli("plan", "export.json")

    assert "+ connection 'M2M'  not set up yet" in plan
    assert "+ flow 'Save profile'" in plan
    assert cli.json("flows", "list", "--json") == []
    assert cli("plan", "export.json", "--exit-code", status=1)

    done = cli("import", "export.json")

    assert "2 created." in done
    assert [flow["name"] for flow in cli.json("flows", "list", "--json")] == ["Save profile"]
    assert cli("plan", "export.json", "--exit-code") == "1 flow unchanged.\n"


def test_an_update_is_shown_by_meaning_and_makes_a_version(cli: Cli) -> None:
    cli("import", "export.json")
    edit("export.json", name="{{fields.full_name}}")

    plan = cli("plan", "export.json")
    assert '~ update_user_x1Yz: changes/name: "{{fields.name}}" → "{{fields.full_name}}"' in plan
    assert "1 to update." in plan
    assert cli.json("plan", "export.json", "--json")["flows"][0]["action"] == "update"
    cli("import", "export.json")

    versions = cli.json("flows", "versions", "Save profile", "--json")
    assert [version["version"] for version in versions] == [2, 1]
    assert "full_name" in cli("diff", "Save profile@1", "Save profile")
    cli("flows", "rollback", "Save profile", "1")
    assert cli("diff", "Save profile@1", "Save profile") == "No differences in 1 flow.\n"


def test_the_export_of_an_import_is_the_same_file(cli: Cli) -> None:
    cli("import", "export.json")

    cli("export", "again.json")

    assert Path("again.json").read_text(encoding="utf-8") == f"{json.dumps(EXPORT, indent=2)}\n"
    assert "already" in cli("export", "again.json", status=2)
    cli("export", "again.json", "--force")


@pytest.mark.parametrize("path", ["out", "out.tf.json", "out.json"])
def test_another_tenant_gets_the_same_flow_from_any_format(cli: Cli, path: str) -> None:
    cli("import", "export.json")
    cli("export", path)

    other = ["--database", "sqlite:///other.db"]
    cli("import", path, *other)

    first = cli.json("flows", "show", "Save profile", "--json")
    second = cli.json("flows", "show", "Save profile", "--json", *other)
    for flow in (first, second):
        assert flow["actions"][0]["params"].pop("connection_id").startswith("ac_")
    assert first["actions"] == second["actions"]
    assert first["id"] != second["id"]
    assert cli("plan", path, "--exit-code", *other) == "1 flow unchanged.\n"


def test_a_connection_is_set_up_from_the_environment_and_kept(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = {
        "type": "OAUTH_APP",
        "client_id": "c",
        "client_secret": "##FLOW_SECRET##",
        "domain": "t.example",
    }
    Path("dc/flows").mkdir(parents=True)
    Path("dc/flow-vault-connections").mkdir()
    Path("dc/flows/Save.json").write_text(json.dumps({"name": "Save", "actions": []}))
    Path("dc/flow-vault-connections/M2M.json").write_text(
        json.dumps({"name": "M2M", "app_id": "AUTH0", "setup": setup})
    )

    assert "not set up yet" in cli("import", "dc")
    monkeypatch.setenv("FLOW_SECRET", "hunter2hunter2")
    assert "~ connection 'M2M'  its secret is set" in cli("plan", "dc")
    cli("import", "dc")
    assert cli("plan", "dc", "--exit-code") == "1 flow unchanged.\n"
    cli("export", "back")
    kept = json.loads(Path("back/flow-vault-connections/M2M.json").read_text(encoding="utf-8"))
    assert kept == {"name": "M2M", "app_id": "AUTH0", "setup": setup}


def test_the_embedded_tenant_can_stand_for_a_connection(cli: Cli) -> None:
    cli("import", "export.json", "--connection", "#CONN-1#=local")

    (step,) = cli.json("flows", "show", "Save profile", "--json")["actions"]
    assert step["params"]["connection_id"] == "local"


def test_flows_are_created_shown_and_deleted(cli: Cli) -> None:
    inner = {"id": "tell", "type": "FLOW", "action": "ERROR_MESSAGE", "params": {"message": "No"}}
    condition = {
        "id": "if_x",
        "alias": "Is it so?",
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {"if": {"operator": "IS_TRUE", "operands": ["{{fields.a}}"]}, "then": [inner]},
    }
    Path("f.json").write_text(json.dumps([condition]), encoding="utf-8")

    id_ = cli("flows", "create", "f.json", "--name", "Asked").strip()

    assert id_.startswith("af_")
    assert cli("flows", "show", id_) == (
        f"Asked  {id_}\n"
        "  if_x  FLOW/BOOLEAN_CONDITION  Is it so?\n"
        "    then\n"
        "      tell  FLOW/ERROR_MESSAGE\n"
    )
    cli("flows", "delete", "Asked", "--yes")
    assert "no 'Asked'" in cli("flows", "show", "Asked", status=2)


def test_diff_says_what_is_different_and_tells_scripts(cli: Cli) -> None:
    Path("other.json").write_text(json.dumps(EXPORT), encoding="utf-8")
    assert cli("diff", "export.json", "other.json", "--exit-code") == "No differences in 1 flow.\n"
    edit("other.json", name="x", nickname=None)

    cli("diff", "export.json", "other.json", "--exit-code", status=1)
    (change,) = cli.json("diff", "export.json", "other.json", "--json")["flows"]
    assert change["changed"] == [
        {
            "id": "update_user_x1Yz",
            "pointer": "/params/changes/name",
            "before": "{{fields.name}}",
            "after": "x",
        },
        {"id": "update_user_x1Yz", "pointer": "/params/changes/nickname", "after": None},
    ]
    markdown = cli("diff", "export.json", "other.json", "--format", "markdown")
    assert markdown.startswith("### Save profile\n\n```diff\n! update_user_x1Yz: changes/name")


def test_folders_are_compared_flow_by_flow(cli: Cli) -> None:
    def flow(folder: str, name: str, *messages: str) -> None:
        actions = [
            {"id": f"m{n}", "type": "FLOW", "action": "ERROR_MESSAGE", "params": {"message": text}}
            for n, text in enumerate(messages)
        ]
        path = Path(folder) / "flows" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"name": name, "actions": actions}), encoding="utf-8")

    flow("a", "Same", "x")
    flow("b", "Same", "x")
    flow("a", "Old name", "p", "q", "r")
    flow("b", "New name", "p", "q", "r")
    flow("a", "Gone", "g")
    flow("b", "Came", "c")

    out = cli("diff", "a", "b")

    assert "New name\n  = the flow is renamed: 'Old name' → 'New name'" in out
    assert "Came\n  + the flow is new, with 1 action" in out
    assert "Gone\n  - the flow is gone, with 1 action" in out
    assert out.endswith("1 flow unchanged.\n")


def test_a_file_that_is_no_flow_is_named(cli: Cli) -> None:
    Path("wrong.json").write_text('{"name": "w", "actions": [{"id": "a", "type": "X"}]}')

    for command in (["plan", "wrong.json"], ["import", "wrong.json"]):
        assert "wrong.json#/actions/0" in cli(*command, status=2)
    assert "wrong.json#/actions/0" in cli("diff", "wrong.json", "export.json", status=2)
