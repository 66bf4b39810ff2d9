"""Recorded exchanges of real clients with Auth0, replayed against a fresh server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import LiveServer

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared beside the repository")
def test_every_recorded_exchange_is_answered_alike(live_server: LiveServer) -> None:
    finished = subprocess.run(
        [
            sys.executable,
            str(SHARED / "tools" / "replay.py"),
            "--base",
            live_server.url,
            "--client-id",
            live_server.client_id,
            "--client-secret",
            live_server.client_secret,
            str(SHARED / "recordings" / "public.jsonl"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-2000:]
    assert finished.stdout.strip().endswith("121 passed, 0 failed")
