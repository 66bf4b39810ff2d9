"""A server as people start it, for what only a running one shows."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Running:
    """A server in a process of its own."""

    host: str
    client_id: str
    client_secret: str
    folder: Path
    process: subprocess.Popen[str] = field(repr=False)
    token: str = ""
    document: dict[str, Any] = field(default_factory=dict, repr=False)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Call it; return status, body and headers."""
        connection = http.client.HTTPConnection(self.host, timeout=30)
        sent = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body)
        connection.request(method, path, body=data, headers={**sent, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        is_json = found.get("content-type", "").startswith("application/json")
        value = json.loads(text) if text and is_json else text
        self._check(method, path, answer.status, value)
        return answer.status, value, found

    def _check(self, method: str, path: str, status: int, value: Any) -> None:
        """Check that the answer is as our own API's document says."""
        plain = path.partition("?")[0]
        if not plain.startswith("/sluiceway/v1/") or plain.endswith(".json"):
            return
        self.document = self.document or self("GET", "/sluiceway/v1/openapi.json")[1]
        fitting = [
            template
            for template, operations in self.document["paths"].items()
            if method.lower() in operations
            and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), plain)
        ]
        template = min(fitting, key=lambda one: one.count("{"))
        responses = self.document["paths"][template][method.lower()]["responses"]
        described = responses.get(str(status)) or responses[f"{status // 100}XX"]
        content = described.get("content", {}).get("application/json")
        if content is not None:
            schema = {**content["schema"], "components": self.document["components"]}
            jsonschema_rs.Draft202012Validator(schema).validate(value)


def start(folder: Path, *arguments: str, **settings: str) -> Running:
    """Start ``sluiceway serve`` on a free port, and sign in."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICEWAY_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0", *arguments],
        cwd=folder,
        env={**environment, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    path = folder / ".sluiceway" / "server.json"
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text().endswith("}")):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(process.communicate()[0])
        time.sleep(0.02)
    found = json.loads(path.read_text())
    running = Running(
        host=found["url"].removeprefix("http://"),
        client_id=found["client_id"],
        client_secret=found["client_secret"],
        folder=folder,
        process=process,
    )
    grant = {
        "grant_type": "client_credentials",
        "client_id": running.client_id,
        "client_secret": running.client_secret,
    }
    running.token = running("POST", "/oauth/token", grant)[1]["access_token"]
    return running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for the tests of a module."""
    server = start(tmp_path_factory.mktemp("running"))
    yield server
    server.process.terminate()
    sys.stdout.write(server.process.communicate(timeout=20)[0])
