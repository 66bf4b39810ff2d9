"""A server as people start it: its own process, https, a fresh database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Server:
    """Where the server is, and who may call it."""

    url: str
    domain: str
    client_id: str
    client_secret: str
    authority: Path
    folder: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICEWAY_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0", "--tls"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        found = _wait(folder / ".sluiceway" / "server.json", process)
        yield Server(
            url=found["url"],
            domain=found["url"].removeprefix("https://"),
            client_id=found["client_id"],
            client_secret=found["client_secret"],
            authority=Path(found["ca_file"]),
            folder=folder,
        )
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=20)
        sys.stdout.write(output.decode())


def _wait(path: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and path.read_text().endswith("}"):
            return json.loads(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the server did not start")
