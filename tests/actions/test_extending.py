"""The guide's action, in a package of its own: built, installed, and used by a flow."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending" / "action.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the guide's package into a wheel, and unpack that as installers do."""
    folder = tmp_path_factory.mktemp("acme")
    (folder / "acme_actions").mkdir()
    (folder / "acme_actions" / "__init__.py").write_text("")
    (folder / "acme_actions" / "format_number.py").write_text(BLOCKS["python"])
    (folder / "pyproject.toml").write_text(BLOCKS["toml"])
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def _run(*arguments: str, folder: Path, site: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1"}
    if site is not None:
        environment["PYTHONPATH"] = str(site)
    return subprocess.run(
        [sys.executable, "-m", "sluiceway", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_is_as_short_as_it_says() -> None:
    code = [line for line in BLOCKS["python"].splitlines() if line.strip()]

    assert len(code) <= 40


@pytest.mark.parametrize(
    ("phone", "result"),
    [
        ("030 901820", {"valid": True, "number": "+4930901820"}),
        ("no number", {"valid": False, "number": None}),
    ],
)
def test_a_flow_uses_the_installed_action(
    installed: Path, tmp_path: Path, phone: str, result: dict[str, Any]
) -> None:
    (tmp_path / "flow.json").write_text(BLOCKS["json"])

    done = _run(
        "run",
        "flow.json",
        "--set",
        f'fields.phone="{phone}"',
        "--json",
        folder=tmp_path,
        site=installed,
    )

    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["debug"]["output"] == result
    assert [step["type"] for step in record["debug"]["steps"]] == ["PHONE", "FLOW"]


def test_its_params_are_checked_like_any_others(installed: Path, tmp_path: Path) -> None:
    flow = BLOCKS["json"].replace('"DE"', '"Germany"').replace('"number"', '"nummer"')
    (tmp_path / "flow.json").write_text(flow)

    done = _run("run", "flow.json", folder=tmp_path, site=installed)

    assert done.returncode == 2
    assert "PHONE/FORMAT_NUMBER" in done.stderr
    checked = _run("check", "flow.json", folder=tmp_path, site=installed)
    assert "'nummer'" in checked.stdout


def test_without_the_package_the_name_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text(BLOCKS["json"])

    done = _run("run", "flow.json", folder=tmp_path, site=None)

    assert done.returncode == 2
    assert "PHONE/FORMAT_NUMBER" in done.stderr
