"""node-auth0 and auth0-deploy-cli, unchanged, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clients.conftest import MODULES, NODE

if TYPE_CHECKING:
    from tests.clients.conftest import Server

FOLDER = Path(__file__).parent

pytestmark = [
    pytest.mark.node,
    pytest.mark.usefixtures("node_modules"),
]


def run(arguments: list[str], server: Server, **more: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(server.folder),
        "NODE_EXTRA_CA_CERTS": str(server.authority),
        **more,
    }
    finished = subprocess.run(
        [NODE, *arguments],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


def test_node_auth0_drives_every_method(server: Server, webhook_url: str) -> None:
    output = run(
        ["node_auth0.mjs"],
        server,
        WEBHOOK_URL=webhook_url,
        DOMAIN=server.domain,
        CLIENT_ID=server.client_id,
        CLIENT_SECRET=server.client_secret,
    )

    assert "methods answered as expected" in output


KINDS = [
    "flows",
    "flowVaultConnections",
    "emailProvider",
    "emailTemplates",
    "phoneProviders",
    "phoneTemplates",
    "clients",
    "clientGrants",
    "connections",
    "resourceServers",
    "roles",
    "organizations",
    "tenant",
]
API = "https://orders.example.com"
CALL_API = {
    "id": "http_request_a1b2",
    "alias": "Call the API",
    "type": "HTTP",
    "action": "SEND_REQUEST",
    "allow_failure": True,
    "mask_output": False,
    "params": {
        "connection_id": "API",
        "method": "GET",
        "url": "https://api.example.com/{{fields.path}}",
    },
}
UPDATE_USER = {
    "id": "update_user_c3d4",
    "type": "AUTH0",
    "action": "UPDATE_USER",
    "allow_failure": False,
    "mask_output": False,
    "params": {
        "connection_id": "Tenant",
        "user_id": "{{context.user.user_id}}",
        "changes": {"app_metadata": {"called": True, "nickname": None}},
    },
}
CONDITION = {
    "id": "if_then_condition_e5f6",
    "type": "FLOW",
    "action": "BOOLEAN_CONDITION",
    "allow_failure": False,
    "mask_output": False,
    "params": {
        "if": {
            "operator": "AND",
            "operands": [
                {
                    "operator": "EQ",
                    "operands": ["{{actions.http_request_a1b2.status}}", "200"],
                }
            ],
        },
        "then": [UPDATE_USER],
        "else": [],
    },
}
FILES = {
    "flow-vault-connections/API.json": {
        "name": "API",
        "app_id": "HTTP",
        "setup": {"type": "BEARER", "token": "a-secret-token"},
    },
    "flow-vault-connections/Tenant.json": {
        "name": "Tenant",
        "app_id": "AUTH0",
        "setup": {
            "type": "OAUTH_APP",
            "client_id": "c1",
            "client_secret": "secret-of-c1",
            "domain": "tenant.example.com",
        },
    },
    "flows/Call API.json": {"name": "Call API", "actions": [CALL_API, CONDITION]},
    "emails/provider.json": {
        "name": "smtp",
        "enabled": True,
        "default_from_address": "a@example.com",
        "credentials": {
            "smtp_host": "127.0.0.1",
            "smtp_port": 2525,
            "smtp_user": "u",
            "smtp_pass": "secret-pass",
        },
    },
    "emails/welcome_email.json": {
        "template": "welcome_email",
        "body": "./welcome_email.html",
        "from": "a@example.com",
        "subject": "Welcome",
        "syntax": "liquid",
        "urlLifetimeInSeconds": 3600,
        "enabled": True,
    },
    "phone-providers/provider.json": [
        {
            "name": "twilio",
            "disabled": False,
            "configuration": {
                "sid": "AC1",
                "default_from": "+15550100",
                "delivery_methods": ["text"],
            },
            "credentials": {"auth_token": "secret-of-twilio"},
        }
    ],
    "phone-templates/otp_verify.json": {
        "type": "otp_verify",
        "disabled": False,
        "content": {"from": "+15550100", "body": {"text": "{{ code }}", "voice": "{{ code }}"}},
    },
    "resource-servers/Orders.json": {
        "name": "Orders",
        "identifier": API,
        "scopes": [{"value": "read:orders", "description": "Read orders"}],
    },
    "roles/clerk.json": {
        "name": "clerk",
        "description": "May read",
        "permissions": [
            {"permission_name": "read:orders", "resource_server_identifier": API},
        ],
    },
    "clients/Shop.json": {
        "name": "Shop",
        "app_type": "non_interactive",
        "grant_types": ["client_credentials"],
    },
    "grants/Shop.json": {"client_id": "Shop", "audience": API, "scope": ["read:orders"]},
    "organizations/acme.json": {
        "name": "acme",
        "display_name": "Acme",
        "connections": [
            {"name": "Username-Password-Authentication", "assign_membership_on_login": False}
        ],
    },
}
SECRETS = ("a-secret-token", "secret-of-c1", "secret-pass", "secret-of-twilio")


def tenant_folder(folder: Path) -> Path:
    for name, document in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    (folder / "emails" / "welcome_email.html").write_text("<p>Hello {{ user.name }}</p>")
    return folder


def files_of(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found[str(path.relative_to(folder))] = path.read_text()
    return found


def without_empty_senders(files: dict[str, str]) -> dict[str, str]:
    """Leave out what phone templates that were never set have, and deploy-cli does not send."""
    return {name: text.replace(',\n    "from": ""', "") for name, text in files.items()}


@pytest.mark.slow
@pytest.mark.timeout(600)  # deploy-cli thinks for a quarter of a minute before each import
def test_deploy_cli_imports_twice_without_drift(server: Server, tmp_path: Path) -> None:
    source = tenant_folder(tmp_path / "tenant")
    config = {
        "AUTH0_DOMAIN": server.domain,
        "AUTH0_CLIENT_ID": server.client_id,
        "AUTH0_CLIENT_SECRET": server.client_secret,
        "AUTH0_ALLOW_DELETE": False,
        "AUTH0_INCLUDED_ONLY": KINDS,
    }
    config_file = tmp_path / "config.json"
    config_file.write_text(json.dumps(config))
    cli = str(MODULES / "auth0-deploy-cli" / "lib" / "index.js")
    exported: list[dict[str, str]] = []
    for number in range(2):
        run([cli, "import", "-c", str(config_file), "-i", str(source)], server)
        target = tmp_path / f"export-{number}"
        arguments = ["export", "-c", str(config_file), "-f", "directory", "-o", str(target)]
        run([cli, *arguments], server)
        exported.append(files_of(target))

    assert exported[0] == exported[1]
    flow = json.loads(exported[1]["flows/Call API.json"])
    # Exports name connections; the API knows them by id.
    assert flow["actions"][0] == CALL_API
    assert flow["actions"][1]["params"]["then"] == [UPDATE_USER]
    assert {str(Path(name).parent) for name in FILES} <= {
        str(Path(name).parent) for name in exported[1]
    }
    for secret in SECRETS:
        assert secret not in json.dumps(exported)

    # What was exported can be imported in its turn, and still nothing changes.
    run([cli, "import", "-c", str(config_file), "-i", str(tmp_path / "export-1")], server)
    target = tmp_path / "export-again"
    run([cli, "export", "-c", str(config_file), "-f", "directory", "-o", str(target)], server)
    assert without_empty_senders(files_of(target)) == without_empty_senders(exported[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_deploy_cli_carries_a_whole_tenant_and_deletes_what_its_folder_lacks(
    server: Server, tmp_path: Path
) -> None:
    config = {
        "AUTH0_DOMAIN": server.domain,
        "AUTH0_CLIENT_ID": server.client_id,
        "AUTH0_CLIENT_SECRET": server.client_secret,
        "AUTH0_ALLOW_DELETE": True,
        # What the other tests of this server made is not this one's to delete.
        "AUTH0_EXCLUDED": ["clients", "clientGrants", "resourceServers", "organizations"],
    }
    config_file = tmp_path / "config.json"
    config_file.write_text(json.dumps(config))
    cli = str(MODULES / "auth0-deploy-cli" / "lib" / "index.js")
    folder = tmp_path / "tenant"
    run([cli, "export", "-c", str(config_file), "-f", "directory", "-o", str(folder)], server)
    brute_force = folder / "attack-protection" / "brute-force-protection.json"
    brute_force.write_text(json.dumps(json.loads(brute_force.read_text()) | {"max_attempts": 7}))
    (folder / "flows").mkdir(exist_ok=True)
    for name in ("Kept", "Gone"):
        (folder / "flows" / f"{name}.json").write_text(json.dumps({"name": name, "actions": []}))
    run([cli, "import", "-c", str(config_file), "-i", str(folder)], server)

    (folder / "flows" / "Gone.json").unlink()
    run([cli, "import", "-c", str(config_file), "-i", str(folder)], server)

    target = tmp_path / "again"
    run([cli, "export", "-c", str(config_file), "-f", "directory", "-o", str(target)], server)
    flows = {path.name for path in (target / "flows").glob("*.json")}
    assert flows & {"Kept.json", "Gone.json"} == {"Kept.json"}
    kept = json.loads((target / "attack-protection" / "brute-force-protection.json").read_text())
    assert kept["max_attempts"] == 7
