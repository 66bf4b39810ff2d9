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
    pytest.mark.xdist_group("node-clients"),
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


def tenant_folder(folder: Path) -> Path:
    flows, vault, emails = folder / "flows", folder / "flow-vault-connections", folder / "emails"
    for path in (flows, vault, emails):
        path.mkdir(parents=True)
    (vault / "API.json").write_text(
        json.dumps(
            {
                "name": "API",
                "app_id": "HTTP",
                "setup": {"type": "BEARER", "token": "a-secret-token"},
            }
        )
    )
    (flows / "Call API.json").write_text(
        json.dumps(
            {
                "name": "Call API",
                "actions": [
                    {
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
                ],
            }
        )
    )
    (emails / "provider.json").write_text(
        json.dumps(
            {
                "name": "smtp",
                "enabled": True,
                "default_from_address": "a@example.com",
                "credentials": {
                    "smtp_host": "127.0.0.1",
                    "smtp_port": 2525,
                    "smtp_user": "u",
                    "smtp_pass": "secret-pass",
                },
            }
        )
    )
    return folder


def files_of(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.json")):
        text = path.read_text()
        found[str(path.relative_to(folder))] = text
    return found


def test_deploy_cli_imports_twice_without_drift(server: Server, tmp_path: Path) -> None:
    source = tenant_folder(tmp_path / "tenant")
    config = {
        "AUTH0_DOMAIN": server.domain,
        "AUTH0_CLIENT_ID": server.client_id,
        "AUTH0_CLIENT_SECRET": server.client_secret,
        "AUTH0_ALLOW_DELETE": False,
        "AUTH0_INCLUDED_ONLY": ["flows", "flowVaultConnections", "emailProvider"],
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
    assert flow["actions"][0]["params"]["connection_id"] == "API"
    assert "a-secret-token" not in json.dumps(exported)
    assert "secret-pass" not in json.dumps(exported)

    # What was exported can be imported in its turn, and still nothing changes.
    run([cli, "import", "-c", str(config_file), "-i", str(tmp_path / "export-1")], server)
    target = tmp_path / "export-again"
    run([cli, "export", "-c", str(config_file), "-f", "directory", "-o", str(target)], server)
    assert files_of(target) == exported[1]
