"""The wheel, built and installed into an empty environment, works without the source tree."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".tools" / "uv"
MOST_BYTES = 3_000_000


def _run(*command: object, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist, and the wheel that was built from it: as an installer would."""
    if not UV.exists():
        pytest.skip("needs .tools/uv: make test")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [UV, "build", "--quiet", "--out-dir", folder, ROOT], check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def program(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    # The cache of the machine: the point is what is installed, not where it comes from.
    subprocess.run([UV, "venv", "--quiet", "--python", "3.11", folder / "venv"], check=True)
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", folder / "venv" / "bin" / "python", wheel],
        check=True,
    )
    return folder / "venv" / "bin" / "sluiceway"


def test_the_wheel_has_the_console_and_no_source_of_it(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()

    assert any(name.endswith("console_assets/index.html") for name in names)
    assert "sluiceway/py.typed" in names
    assert not [name for name in names if name.endswith((".tsx", ".map"))]
    assert not [name for name in names if name.split("/")[0] in {"tests", "bench", "console"}]
    assert wheel.stat().st_size < MOST_BYTES


def test_the_sdist_builds_without_node(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = [name.partition("/")[2] for name in opened.getnames()]

    assert "sluiceway/console_assets/index.html" in names
    assert "LICENSE" in names


def test_an_installed_command_runs_a_flow(program: Path, tmp_path: Path) -> None:
    flow = ROOT / "examples" / "flows" / "welcome.json"

    assert _run(program, "--version", cwd=tmp_path).startswith("sluiceway, version ")
    fields = flow.with_suffix(".fields.json")
    record = json.loads(_run(program, "run", flow, "--fields", fields, "--json", cwd=tmp_path))

    assert record["status"] == "COMPLETED"
    assert (tmp_path / ".sluiceway" / "sluiceway.db").exists()


def test_what_is_installed_can_be_imported(program: Path, tmp_path: Path) -> None:
    code = "from sluiceway import Runtime, AsyncRuntime; print(Runtime.__name__)"

    assert _run(program.parent / "python", "-c", code, cwd=tmp_path) == "Runtime\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_shipped_for(shell: str, program: Path, tmp_path: Path) -> None:
    script = _run(program, cwd=tmp_path, _SLUICEWAY_COMPLETE=f"{shell}_source")

    assert "sluiceway" in script
