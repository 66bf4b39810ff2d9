"""What stands between a clone and the first run says what is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_machine_without_a_network_is_told_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "scripts" / "get_uv.py"
    script.parent.mkdir()
    shutil.copy(ROOT / "scripts" / "get_uv.py", script)

    done = subprocess.run(
        [sys.executable, script],
        env={"PATH": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Could not fetch uv ")
    assert "set HTTPS_PROXY" in done.stderr
    assert "Traceback" not in done.stderr
