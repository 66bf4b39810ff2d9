"""n8n with the same calls: ``POST /webhook/real`` and ``POST /webhook/noop`` as n8n's own nodes.

Its packages are installed without their install scripts, because librdkafka's does not build on a
bare machine; what goes with them is n8n's SQLite, so that it runs on PostgreSQL. Everything else is
as n8n sets it: it keeps the data of every execution.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PATHS", "VERSION", "environment", "import_workflows", "install", "script"]

VERSION = "2.40.7"
PATHS = {"real": "/webhook/real", "no-op": "/webhook/noop"}
_SIZE_GB = 4
_INSTALL_S = 1_200


def script(folder: Path) -> Path:
    """Return what node runs."""
    return folder / "node_modules" / "n8n" / "bin" / "n8n"


def install(folder: Path, npm: str) -> str | None:
    """Install n8n into *folder* unless it is there; return why it cannot be."""
    done = folder / f".{VERSION}"
    if done.exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < _SIZE_GB * 1e9:
        return f"less than {_SIZE_GB} GB of disk for its packages"
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    command = [npm, "install", *flags, f"n8n@{VERSION}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_S)
    if ended.returncode != 0:
        return ended.stderr.strip().splitlines()[-1][:120]
    done.touch()
    return None


def environment(port: int, database_url: str, folder: Path, authority: Path) -> dict[str, str]:
    """Return n8n's settings: its port, its database, its folder, and nothing that calls home."""
    database = urlsplit(database_url)
    [host] = parse_qs(database.query).get("host", [database.hostname or "localhost"])
    return {
        "N8N_PORT": str(port),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_USER_FOLDER": str(folder),
        "NODE_EXTRA_CA_CERTS": str(authority),
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": host,
        "DB_POSTGRESDB_PORT": str(database.port or 5432),
        "DB_POSTGRESDB_USER": database.username or "",
        "DB_POSTGRESDB_PASSWORD": database.password or "",
        "DB_POSTGRESDB_DATABASE": database.path.removeprefix("/"),
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
    }


def import_workflows(
    command: list[str], settings: dict[str, str], folder: Path, tenant: str
) -> None:
    """Put the two workflows into n8n's database and publish them."""
    file = folder / "workflows.json"
    file.write_text(json.dumps(_workflows(tenant)))
    _n8n(command, settings, "import:workflow", f"--input={file}")
    for name in ("real", "noop"):
        _n8n(command, settings, "publish:workflow", f"--id={name}")


def _n8n(command: list[str], settings: dict[str, str], *arguments: str) -> None:
    subprocess.run([*command, *arguments], env=settings, check=True, capture_output=True)


_USER = "/api/v2/users/auth0%7Cada"
_FOUND = "$('get').item.json.body"


def _workflows(tenant: str) -> list[dict[str, Any]]:
    """Return the workflows: get user, if, update user, send email; and one that does nothing."""
    base = f"https://{tenant}"
    # Two braces in a row would end the expression.
    changes = _expression(f"{{app_metadata: {{seen: {_FOUND}.email}} }}")
    mail = _expression(f"{{to: {_FOUND}.email, subject: 'Hello Ada', html: '<p>Hello Ada</p>'}}")
    real = [
        _webhook("real"),
        _request("get", "GET", f"{base}{_USER}"),
        _if("if", _expression("$json.statusCode"), 200),
        _request("patch", "PATCH", f"{base}{_USER}", changes),
        _request("mail", "POST", f"{base}/mail", mail),
    ]
    return [
        _workflow("real", real),
        _workflow("noop", [_webhook("noop"), _node("nothing", "noOp", 1, {})]),
    ]


def _expression(code: str) -> str:
    return f"={{{{ {code} }}}}"


def _workflow(name: str, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    chain = itertools.pairwise(nodes)
    return {
        "id": name,
        "name": name,
        "active": False,
        "nodes": nodes,
        "connections": {
            one["name"]: {"main": [[{"node": other["name"], "type": "main", "index": 0}]]}
            for one, other in chain
        },
        "settings": {"executionOrder": "v1"},
    }


def _node(name: str, kind: str, version: float, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": f"n8n-nodes-base.{kind}",
        "typeVersion": version,
        "position": [0, 0],
        "parameters": parameters,
    }


def _webhook(path: str) -> dict[str, Any]:
    parameters = {"httpMethod": "POST", "path": path, "responseMode": "lastNode", "options": {}}
    return {**_node("webhook", "webhook", 2, parameters), "webhookId": path}


def _request(name: str, method: str, url: str, body: str | None = None) -> dict[str, Any]:
    bearer = {"name": "authorization", "value": "Bearer bench-token"}
    parameters = {
        "method": method,
        "url": url,
        "sendHeaders": True,
        "headerParameters": {"parameters": [bearer]},
        "options": {"response": {"response": {"fullResponse": True, "neverError": True}}},
    }
    if body is not None:
        parameters |= {"sendBody": True, "specifyBody": "json", "jsonBody": body}
    return _node(name, "httpRequest", 4.2, parameters)


def _if(name: str, left: str, right: int) -> dict[str, Any]:
    operator = {"type": "number", "operation": "equals"}
    condition = {"id": "found", "leftValue": left, "rightValue": right, "operator": operator}
    strict = {"caseSensitive": True, "typeValidation": "strict", "version": 2}
    conditions = {"options": strict, "combinator": "and", "conditions": [condition]}
    return _node(name, "if", 2.2, {"conditions": conditions, "options": {}})
