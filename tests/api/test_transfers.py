"""Files imported and exported over the API: plans, folders, what is kept beside flows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_door import token_with
from tests.api.test_flows import action

if TYPE_CHECKING:
    from tests.conftest import Door

IMPORTS = "/sluiceway/v1/imports"
EXPORTS = "/sluiceway/v1/exports"
SETUP = {
    "type": "OAUTH_APP",
    "domain": "shop.eu.auth0.com",
    "client_id": "made-up",
    "client_secret": "made-up-secret",
}


def folder(setup: Any = "@@PRODUCTION_SETUP@@") -> dict[str, Any]:
    sign_up = {"name": "Sign up", "actions": [action(params={**PARAMS})]}
    files: dict[str, Any] = {
        "tenant/flows/Sign up.json": sign_up,
        "tenant/flow-vault-connections/Production.json": {
            "name": "Production",
            "app_id": "AUTH0",
            "setup": setup,
        },
        "tenant/forms/Welcome.json": {"name": "Welcome", "flow_id": "Sign up"},
        "tenant/tenant.json": {"friendly_name": "Shop"},
    }
    return {path: json.dumps(document) for path, document in files.items()}


PARAMS = {"connection_id": "Production", "user_id": "{{fields.id}}"}


def test_a_plan_says_what_an_import_does_and_changes_nothing(door: Door) -> None:
    planned = door("POST", f"{IMPORTS}/plan", {"files": folder()})

    assert planned.status == 200, planned.body
    assert [(one["action"], one["name"]) for one in planned.body["flows"]] == [
        ("create", "Sign up")
    ]
    assert [(one["action"], one["name"]) for one in planned.body["connections"]] == [
        ("create", "Production")
    ]
    assert door("GET", "/api/v2/flows").body == []


def test_a_deploy_cli_folder_is_imported_with_its_connections_and_comes_out_again(
    door: Door,
) -> None:
    done = door("POST", IMPORTS, {"files": folder()})

    assert done.status == 201, done.body
    (connection,) = done.body["connections"]
    stored = door("GET", f"/api/v2/flows/vault/connections/{connection['id']}").body
    assert (stored["name"], stored["ready"]) == ("Production", False)
    flow = door("GET", f"/api/v2/flows/{done.body['flows'][0]['id']}").body
    assert flow["actions"][0]["params"]["connection_id"] == connection["id"]
    files = door("GET", EXPORTS, query={"flow": flow["id"]}).body["files"]
    assert files["forms/Welcome.json"] == {"name": "Welcome", "flow_id": "Sign up"}
    assert files["flows/Sign up.json"]["actions"][0]["params"] == PARAMS
    assert files["flow-vault-connections/Production.json"]["setup"] == "@@PRODUCTION_SETUP@@"


def test_importing_again_updates_by_name_or_adds_where_asked(door: Door) -> None:
    door("POST", IMPORTS, {"files": folder()})
    changed = json.loads(folder()["tenant/flows/Sign up.json"])
    changed["actions"][0]["alias"] = "Look up"
    files = {**folder(), "tenant/flows/Sign up.json": json.dumps(changed)}

    plan = door("POST", f"{IMPORTS}/plan", {"files": files}).body
    assert [one["action"] for one in plan["flows"]] == ["update"]
    assert plan["flows"][0]["lines"] == [{"mark": "~", "text": 'a1: alias is new: "Look up"'}]
    door("POST", IMPORTS, {"files": files})
    again = door("POST", f"{IMPORTS}/plan", {"files": files}).body
    assert again["changes"] is False
    door("POST", IMPORTS, {"files": files, "as_new": True})
    assert [one["name"] for one in door("GET", "/api/v2/flows").body] == ["Sign up", "Sign up"]


def test_a_connection_of_the_vault_takes_the_place_of_the_files_one(door: Door) -> None:
    body = {"name": "Staging", "app_id": "AUTH0"}
    staging = door("POST", "/api/v2/flows/vault/connections", body).body["id"]
    chosen = {"Production": "Staging"}
    done = door("POST", IMPORTS, {"files": folder(), "connections": chosen}).body

    flow = door("GET", f"/api/v2/flows/{done['flows'][0]['id']}").body
    assert flow["actions"][0]["params"]["connection_id"] == staging
    assert len(door("GET", "/api/v2/flows/vault/connections").body) == 1


def test_a_setup_in_clear_is_sealed_and_never_comes_out(door: Door) -> None:
    done = door("POST", IMPORTS, {"files": folder(SETUP)})

    id_ = done.body["connections"][0]["id"]
    assert door("GET", f"/api/v2/flows/vault/connections/{id_}").body["ready"] is True
    out = door("GET", EXPORTS).body
    kept = door("GET", IMPORTS).body
    assert "made-up-secret" not in json.dumps([done.body, out, kept])


def test_files_without_a_flow_are_refused_with_what_to_give(door: Door) -> None:
    files = {"notes/readme.md": "x", "a/tenant.json": "{}", "a/b.json": "[1]"}

    refused = door("POST", f"{IMPORTS}/plan", {"files": files})

    assert refused.status == 400
    assert "folder with flows/*.json" in json.dumps(refused.body)
    broken = door("POST", f"{IMPORTS}/plan", {"files": {"flows/x.json": "{"}})
    assert broken.status == 400
    assert "flows/x.json" in json.dumps(broken.body)


TENANT = """
flows:
  - name: Sign up
    body: ./flows/sign-up.json
  - name: Inline
    actions: []
flowVaultConnections:
  - {name: Production, app_id: AUTH0}
"""


def test_a_tenant_in_yaml_is_imported_with_the_files_that_it_names(door: Door) -> None:
    sign_up = json.dumps({"actions": [action(params={**PARAMS})]})
    files = {
        "shop/tenant.yaml": TENANT,
        "shop/flows/sign-up.json": sign_up,
        "shop/flows/left over.json": sign_up,
        "other/flow.json": json.dumps({"name": "Apart", "actions": []}),
        "other/compose.yml": "services: {}",
    }

    done = door("POST", IMPORTS, {"files": files})

    assert done.status == 201, done.body
    names = [one["name"] for one in done.body["flows"]]
    assert names == ["Sign up", "Inline", "Apart"]
    (connection,) = done.body["connections"]
    flow = door("GET", f"/api/v2/flows/{done.body['flows'][0]['id']}").body
    assert flow["actions"][0]["params"]["connection_id"] == connection["id"]
    alone = door("POST", f"{IMPORTS}/plan", {"files": {"flow.yaml": "{name: A, actions: []}"}})
    assert [one["name"] for one in alone.body["flows"]] == ["A"]


@pytest.mark.parametrize("body", ["./flows/sign-up.json", "pyproject.toml", "../x", "/etc/passwd"])
def test_a_tenant_in_yaml_reads_no_file_of_the_server(door: Door, body: str) -> None:
    files = {"tenant.yaml": f"flows: [{{name: A, body: '{body}'}}]"}

    refused = door("POST", f"{IMPORTS}/plan", {"files": files})

    assert refused.status == 400
    assert "the YAML" in json.dumps(refused.body)


def test_an_export_of_the_dashboard_and_terraform(door: Door) -> None:
    flow = door("POST", "/api/v2/flows", {"name": "One/Two", "actions": [action()]}).body

    dashboard = door("GET", EXPORTS, query={"flow": flow["id"], "format": "dashboard"}).body
    terraform = door("GET", EXPORTS, query={"format": "terraform"}).body

    assert list(dashboard["files"]) == ["One-Two.json"]
    assert list(dashboard["files"]["One-Two.json"]["flows"]) == ["#FLOW-1#"]
    assert next(iter(terraform["files"])).endswith(".tf.json")
    assert door("GET", EXPORTS, query={"flow": "af_nobody"}).status == 404


def test_an_import_asks_for_the_scope_of_each_thing_that_it_does(door: Door) -> None:
    only = {"authorization": f"Bearer {token_with(door, ['create:flows', 'read:flows'])}"}

    refused = door("POST", IMPORTS, {"files": folder()}, headers=only)

    assert refused.status == 403
    assert refused.body["message"].endswith("create:flows_vault_connections")
    assert door("GET", "/api/v2/flows").body == []
    bare = {"x.json": json.dumps({"name": "Bare", "actions": []})}
    assert door("POST", IMPORTS, {"files": bare}, headers=only).status == 201
