"""Node-RED with the same calls: ``POST /real`` and ``POST /noop`` as Node-RED's own nodes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VERSION", "flows", "install", "settings"]

VERSION = "5"


def install(folder: Path, npm: str) -> str | None:
    """Install Node-RED into *folder* unless it is there; return why it cannot be."""
    if (folder / "node_modules" / "node-red").exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"node-red@{VERSION}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1][:120]


def settings(port: int, flow_file: Path) -> str:
    """Return ``settings.js``: no editor, no projects, quiet."""
    return (
        f"module.exports = {{ uiPort: {port}, uiHost: '127.0.0.1', flowFile: '{flow_file}', "
        "httpAdminRoot: false, credentialSecret: 'bench', telemetry: { enabled: false }, "
        "logging: { console: { level: 'warn' } } }\n"
    )


def flows(tenant: str) -> str:
    """Return the flows: get user, if, update user, send email; and one that does nothing."""
    bearer = [
        {
            "keyType": "other",
            "keyValue": "authorization",
            "valueType": "other",
            "valueValue": "Bearer bench-token",
        }
    ]

    def request(id_: str, method: str, path: str, wires: list[str]) -> dict[str, Any]:
        return {
            "id": id_,
            "type": "http request",
            "z": "tab",
            "method": method,
            "ret": "obj",
            "paytoqs": "ignore",
            "url": f"https://{tenant}{path}",
            "persist": True,
            "headers": bearer,
            "wires": [wires],
        }

    def function(id_: str, code: str, wires: list[str]) -> dict[str, Any]:
        return {
            "id": id_,
            "type": "function",
            "z": "tab",
            "func": code,
            "outputs": 1,
            "wires": [wires],
        }

    def entry(id_: str, url: str, to: str) -> dict[str, Any]:
        node = {"id": id_, "type": "http in", "z": "tab", "url": url}
        return {**node, "method": "post", "wires": [[to]]}

    user = "/api/v2/users/auth0%7Cada"
    nodes = [
        {"id": "tab", "type": "tab", "label": "bench"},
        {
            "id": "in",
            "type": "http in",
            "z": "tab",
            "url": "/real",
            "method": "post",
            "wires": [["get"]],
        },
        request("get", "GET", user, ["if"]),
        {
            "id": "if",
            "type": "switch",
            "z": "tab",
            "property": "statusCode",
            "propertyType": "msg",
            "rules": [{"t": "eq", "v": "200", "vt": "num"}, {"t": "else"}],
            "outputs": 2,
            "wires": [["changes"], ["out"]],
        },
        function(
            "changes",
            "msg.payload = {app_metadata: {seen: msg.payload.email}};"
            "delete msg.headers; return msg",
            ["patch"],
        ),
        request("patch", "PATCH", user, ["mail"]),
        function(
            "mail",
            "msg.payload = {to: msg.payload.email, subject: 'Hello Ada', html: '<p>Hello</p>'}; "
            "delete msg.headers; return msg",
            ["send"],
        ),
        request("send", "POST", "/mail", ["out"]),
        {"id": "out", "type": "http response", "z": "tab", "statusCode": "200", "wires": []},
        {
            "id": "in2",
            "type": "http in",
            "z": "tab",
            "url": "/noop",
            "method": "post",
            "wires": [["fn2"]],
        },
        function("fn2", "msg.payload = {ok: true}; return msg", ["out"]),
    ]
    return json.dumps(nodes)
