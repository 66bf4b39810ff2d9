"""The guides' function and filter, in packages of their own, used from the command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[2] / "docs" / "extending"


def install(guide: str, site: Path) -> None:
    """Lay the guide's package out as installers do: modules, and metadata beside them."""
    page = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL))
    (name,) = re.findall(r"`(\w+/\w+\.py)`:", page)
    module = site / name
    module.parent.mkdir()
    module.write_text(blocks["python"])
    project = tomllib.loads(blocks["toml"])["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = "".join(
        f"[{group}]\n" + "".join(f"{key} = {target}\n" for key, target in named.items())
        for group, named in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(points)


def sluiceway(*arguments: str, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sluiceway", *arguments],
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("expression", "output"),
    [
        ("functions.initials('ada lovelace')", "AL\n"),
        ("functions.initials(fields.missing) ?? 'nobody'", "nobody\n"),
        ("Dear {{ functions.initials(['Ana María', 5]) }}", "Dear AM\n"),
    ],
)
def test_the_guide_s_function(tmp_path: Path, expression: str, output: str) -> None:
    install("function", tmp_path)

    done = sluiceway("eval", expression, site=tmp_path)

    assert (done.stdout, done.returncode) == (output, 0), done.stderr


def test_without_its_package_the_function_is_unknown(tmp_path: Path) -> None:
    done = sluiceway("eval", "functions.initials('x')", site=tmp_path)

    assert done.returncode != 0
    assert "there is no function `initials`" in done.stderr


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ("{{ 1234.5 | money: 'EUR' }}", "1,234.50 EUR"),
        ("{{ '7' | plus: 0.5 | money }}", "7.50 USD"),
        ("{{ nil | money | downcase }}", "0.00 usd"),
    ],
)
def test_the_guide_s_filter(tmp_path: Path, template: str, output: str) -> None:
    install("filter", tmp_path)

    done = sluiceway("render", template, "--strict-filters", site=tmp_path)

    assert (done.stdout, done.returncode) == (output, 0), done.stderr


def test_without_its_package_the_filter_is_unknown(tmp_path: Path) -> None:
    done = sluiceway("render", "{{ 1 | money }}", "--strict-filters", site=tmp_path)

    assert done.returncode != 0
    assert "undefined filter: money" in done.stderr
