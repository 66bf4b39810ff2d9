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


_USER = "/api/v2/users/auth0%7Cada"
_BEARER = {
    "keyType": "other",
    "keyValue": "authorization",
    "valueType": "other",
    "valueValue": "Bearer bench-token",
}
_CHANGES = "msg.payload = {app_metadata: {seen: msg.payload.email}}; delete msg.headers; return msg"
_MAIL = (
    "msg.payload = {to: msg.payload.email, subject: 'Hello Ada', html: '<p>Hello Ada</p>'}; "
    "delete msg.headers; return msg"
)


def flows(tenant: str) -> str:
    """Return the flows: get user, if, update user, send email; and one that does nothing."""
    base = f"https://{tenant}"
    is_found = [{"t": "eq", "v": "200", "vt": "num"}, {"t": "else"}]
    nodes = [
        {"id": "tab", "type": "tab", "label": "bench"},
        _entry("in", "/real", "get"),
        _request("get", "GET", f"{base}{_USER}", "if"),
        {
            **_node("if", "switch", ["changes"], ["out"]),
            "property": "statusCode",
            "propertyType": "msg",
            "rules": is_found,
            "outputs": 2,
        },
        _function("changes", _CHANGES, "patch"),
        _request("patch", "PATCH", f"{base}{_USER}", "mail"),
        _function("mail", _MAIL, "send"),
        _request("send", "POST", f"{base}/mail", "out"),
        {**_node("out", "http response"), "statusCode": "200"},
        _entry("in2", "/noop", "fn2"),
        _function("fn2", "msg.payload = {ok: true}; return msg", "out"),
    ]
    return json.dumps(nodes)


def _node(id_: str, type_: str, *wires: list[str]) -> dict[str, Any]:
    return {"id": id_, "type": type_, "z": "tab", "wires": list(wires)}


def _entry(id_: str, url: str, to: str) -> dict[str, Any]:
    return {**_node(id_, "http in", [to]), "url": url, "method": "post"}


def _function(id_: str, code: str, to: str) -> dict[str, Any]:
    return {**_node(id_, "function", [to]), "func": code, "outputs": 1}


def _request(id_: str, method: str, url: str, to: str) -> dict[str, Any]:
    return {
        **_node(id_, "http request", [to]),
        "method": method,
        "ret": "obj",
        "paytoqs": "ignore",
        "url": url,
        "persist": True,
        "headers": [_BEARER],
    }
