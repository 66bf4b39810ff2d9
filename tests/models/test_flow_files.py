"""Containers: bare, named, Dashboard exports, deploy-cli folders; wrong files are one error."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sluiceway.errors import DefinitionError
from sluiceway.models.flow_files import load_flow_bundle, parse_flow_bundle

SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus"
STEP = {"id": "a", "type": "FLOW", "action": "DO_NOTHING", "params": {}}
EXPORT = {
    "version": "4.0.0",
    "form": {"name": "Sign-up"},
    "flows": {
        "#FLOW-2#": {"name": "Second", "actions": [STEP]},
        "#FLOW-1#": {"name": "First", "actions": []},
    },
    "connections": {"#CONN-1#": {"id": "ac_x", "app_id": "AUTH0", "name": "My tenant"}},
}


def write(folder: Path, name: str, value: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_an_export_keeps_its_flows_their_order_form_and_connections(tmp_path: Path) -> None:
    bundle = load_flow_bundle(write(tmp_path, "export.json", EXPORT))

    assert [(entry.token, entry.flow.name) for entry in bundle.entries] == [
        ("#FLOW-2#", "Second"),
        ("#FLOW-1#", "First"),
    ]
    assert bundle.connections["#CONN-1#"].name == "My tenant"
    assert bundle.form == {"name": "Sign-up"}


@pytest.mark.parametrize("name", ["First", "#FLOW-1#", "FLOW-1"])
def test_a_flow_is_picked_by_name_or_token(tmp_path: Path, name: str) -> None:
    bundle = load_flow_bundle(write(tmp_path, "export.json", EXPORT))

    assert bundle.pick(name).flow.name == "First"


def test_several_flows_and_no_name_say_which_there_are(tmp_path: Path) -> None:
    bundle = load_flow_bundle(write(tmp_path, "export.json", EXPORT))

    with pytest.raises(DefinitionError) as caught:
        bundle.pick(None)
    assert caught.value.hint == "Choose one with --flow: 'Second', 'First'."
    with pytest.raises(DefinitionError) as caught:
        bundle.pick("Frist")
    assert caught.value.hint == "Did you mean 'First'?"


def test_a_deploy_cli_folder_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path, "flows/Welcome.json", {"name": "Welcome", "actions": [STEP]})
    write(tmp_path, "flows/Other.json", {"actions": []})
    write(tmp_path, "flow-vault-connections/tenant.json", {"name": "tenant", "app_id": "AUTH0"})

    bundle = load_flow_bundle(tmp_path)

    assert [entry.flow.name for entry in bundle.entries] == ["Other", "Welcome"]
    assert list(bundle.connections) == ["tenant"]


def test_actions_written_by_hand_without_an_id_get_one(tmp_path: Path) -> None:
    bare = {"type": "FLOW", "action": "DO_NOTHING"}
    nested = {"type": "FLOW", "action": "BOOLEAN_CONDITION", "params": {"if": True, "then": [bare]}}

    flow = load_flow_bundle(write(tmp_path, "f.json", [bare, nested])).pick(None).flow

    assert [placed.action.id for placed in flow.walk()] == [
        "do_nothing_1",
        "boolean_condition_1",
        "do_nothing_2",
    ]


@pytest.mark.parametrize(
    ("data", "at", "words"),
    [
        pytest.param(b"", "f.json", "empty", id="empty"),
        pytest.param(b'{\n  "name": }', "f.json:2:11", "expected JSON", id="a place in the text"),
        pytest.param(b"\xff\xfe{\x00", "f.json", "UTF-16", id="utf-16"),
        pytest.param("[1]".encode("utf-16-be"), "f.json", "UTF-16", id="utf-16 without a mark"),
        pytest.param(b'"\xff"', "f.json", "UTF-8", id="not utf-8"),
        pytest.param(b"[" * 300 + b"]" * 300, "f.json", "too deep", id="a little too deep"),
        pytest.param(b"[1e999]", "f.json", "Number out of range", id="a number too large"),
        pytest.param(b"[" * 100_000, "f.json", "too deep", id="deep"),
        pytest.param(b"[NaN]", "f.json:1:2", "expected JSON", id="not a number"),
        pytest.param(b'"\\ud800"', "f.json", "expected JSON", id="a lone surrogate"),
        pytest.param(b"{}", "f.json", "an object with no keys", id="an empty object"),
        pytest.param(b'{"tenant": 1}', "f.json", "tenant", id="another document"),
        pytest.param(b"7", "f.json", "a number", id="a number"),
        pytest.param(b'{"flows": 1}', "f.json#/flows", "an object", id="flows"),
        pytest.param(b'{"flows": {"a/b": 1}}', "f.json#/flows/a~1b", "a number", id="a flow"),
        pytest.param(
            b'{"flows":{}, "connections":[1]}', "f.json#/connections", "a list", id="stubs"
        ),
        pytest.param(
            b'{"flows":{}, "connections":{"c":1}}', "f.json#/connections/c", "a number", id="a stub"
        ),
    ],
)
def test_a_wrong_file_is_one_clear_error(data: bytes, at: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse_flow_bundle(data, source="f.json", name="f")

    assert caught.value.at.startswith(at)
    assert words in caught.value.message


def test_a_byte_order_mark_is_no_error() -> None:
    assert (
        parse_flow_bundle(b"\xef\xbb\xbf[]", source="f.json", name="f").pick(None).flow.name == "f"
    )


def test_missing_and_large_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot read the file: No such file"):
        load_flow_bundle(tmp_path / "none.json")
    with pytest.raises(DefinitionError, match="no such file"):
        load_flow_bundle(tmp_path)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    with pytest.raises(DefinitionError, match="at most 20 MB"):
        load_flow_bundle(large)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/corpus is not there")
def test_every_flow_of_the_corpus_loads_and_comes_back_as_it_was() -> None:
    files = sorted(SHARED.glob("*.json"))
    assert files
    for file in files:
        bundle = load_flow_bundle(file)
        document = json.loads(file.read_text(encoding="utf-8"))
        flows = list(document["flows"].values()) if "flows" in document else [document]
        assert len(bundle.entries) == len(flows)
        for entry, flow in zip(bundle.entries, flows, strict=True):
            if all("id" in action for action in flow["actions"]):
                assert entry.flow.as_json()["actions"] == flow["actions"]


CONNECTED = {
    "id": "s1",
    "type": "AUTH0",
    "action": "GET_USER",
    "params": {"connection_id": "ac_1", "user_id": "${x} %{y}"},
}
RESOURCE = {"name": "Sign up", "actions": json.dumps([CONNECTED])}
CONFIGURED = json.dumps([CONNECTED]).replace("${", "$${").replace("%{", "%%{")


@pytest.mark.parametrize(
    ("document", "at"),
    [
        pytest.param([{"name": "Sign up", "actions": [CONNECTED]}], "/0", id="a list of flows"),
        pytest.param(RESOURCE, "", id="actions in a text"),
        pytest.param(
            {"resource": {"auth0_flow": {"f": {"name": "Sign up", "actions": CONFIGURED}}}},
            "/resource/auth0_flow/f",
            id="terraform's configuration",
        ),
        pytest.param(
            {"auth0_flow": {"f": {"actions": f"${{jsonencode({CONFIGURED})}}", "name": "Sign up"}}},
            "/auth0_flow/f",
            id="jsonencode",
        ),
        pytest.param(
            {
                "resources": [
                    {"type": "auth0_flow", "name": "f", "instances": [{"attributes": RESOURCE}]}
                ]
            },
            "/resources/0/instances/0/attributes",
            id="terraform's state",
        ),
        pytest.param(
            {
                "values": {
                    "root_module": {
                        "resources": [{"type": "auth0_flow", "name": "f", "values": RESOURCE}]
                    }
                }
            },
            "/values/root_module/resources/0/values",
            id="terraform show",
        ),
        pytest.param(
            {
                "resource_changes": [
                    {"type": "auth0_flow", "name": "f", "change": {"after": RESOURCE}}
                ]
            },
            "/resource_changes/0/change/after",
            id="terraform's plan",
        ),
        pytest.param(
            {"type": "auth0_flow", "name": "f", "values": RESOURCE}, "/values", id="one resource"
        ),
    ],
)
def test_flows_are_read_wherever_they_stand(tmp_path: Path, document: object, at: str) -> None:
    entry = load_flow_bundle(write(tmp_path, "f.json", document)).pick(None)

    assert entry.flow.name == "Sign up"
    assert entry.flow.as_json()["actions"] == [CONNECTED]
    assert entry.place("/actions/0/id").endswith(f"f.json#{at}/actions/0/id")


def test_one_action_alone_is_a_flow(tmp_path: Path) -> None:
    entry = load_flow_bundle(write(tmp_path, "one.json", CONNECTED)).pick(None)

    assert entry.flow.as_json() == {"name": "one", "actions": [CONNECTED]}
    assert entry.place("/actions/0/params").endswith("one.json#/params")
    with pytest.raises(DefinitionError) as caught:
        load_flow_bundle(write(tmp_path, "wrong.json", {**CONNECTED, "name": "x"}))
    assert caught.value.at.endswith("wrong.json#/name")


def test_actions_in_a_text_that_is_no_json_say_where(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="its JSON in a text") as caught:
        load_flow_bundle(write(tmp_path, "f.json", {"name": "f", "actions": "[{"}))
    assert caught.value.at.endswith("f.json#/actions")


def test_terraform_s_own_language_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "auth0_flow" "f" {}')

    with pytest.raises(DefinitionError) as caught:
        load_flow_bundle(tmp_path / "main.tf")

    assert "terraform show -json" in caught.value.hint


TENANT = """
flows:
  - name: Welcome
    body: ./flows/Welcome.json
  - name: Inline
    actions:
      - {id: s1, type: FLOW, action: STORE_VARS, params: {vars: {day: 2024-05-07, on: true}}}
flowVaultConnections:
  - {name: Management, app_id: AUTH0}
"""


def test_a_tenant_of_deploy_cli_in_yaml_is_read(tmp_path: Path) -> None:
    write(tmp_path, "flows/Welcome.json", {"actions": [STEP]})
    (tmp_path / "tenant.yaml").write_text(TENANT)

    bundle = load_flow_bundle(tmp_path / "tenant.yaml")

    assert [entry.flow.name for entry in bundle.entries] == ["Welcome", "Inline"]
    assert bundle.entries[1].flow.actions[0].params["vars"] == {"day": "2024-05-07", "true": True}
    assert bundle.connections["Management"].app_id == "AUTH0"


def test_a_folder_with_a_tenant_in_yaml_alone_is_read(tmp_path: Path) -> None:
    (tmp_path / "tenant.yaml").write_text("flows: [{name: A, actions: []}]")

    assert load_flow_bundle(tmp_path).pick("A").flow.name == "A"


@pytest.mark.parametrize("body", ["/etc/passwd", "../x.json", "flows/../../x.json", "..\\x"])
def test_a_body_outside_the_folder_is_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "tenant.yaml").write_text(f"flows:\n  - {{name: a, body: '{body}'}}\n")

    with pytest.raises(DefinitionError, match="below the folder"):
        load_flow_bundle(tmp_path / "tenant.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "expected YAML"),
        ("a: @@X@@", "expected YAML"),
        ("a: !!binary aGk=", "a bytes is no JSON"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n"
                for n in range(8)
            ),
            "too many values",
        ),
        ("\xff", "found an object|expected"),
    ],
)
def test_wrong_yaml_is_one_clear_error(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "flow.yaml").write_text(text, encoding="latin-1")

    with pytest.raises(DefinitionError, match=words):
        load_flow_bundle(tmp_path / "flow.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir(mode=0o000)

    with pytest.raises(DefinitionError, match="cannot read the folder: Permission denied"):
        load_flow_bundle(tmp_path)
