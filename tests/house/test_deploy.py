"""The files for deploying have the right form. Nothing here can run a container."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluiceway.cli.main import PROGRAM
from sluiceway.settings import SETTINGS
from sluiceway.telemetry.metrics import METRICS

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
_SETTING = re.compile(r"SLUICEWAY_([A-Z_]+)")


def _texts() -> dict[str, str]:
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    return {str(path.relative_to(DEPLOY)): path.read_text("utf-8") for path in files}


def test_every_setting_that_is_named_exists() -> None:
    known = {setting.name.upper() for setting in SETTINGS}
    known |= {f"{setting.name.upper()}_FILE" for setting in SETTINGS if setting.is_secret}

    named = {name for text in _texts().values() for name in _SETTING.findall(text)}

    assert named - {""} <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_can_be_read_and_starts_a_command(unit: Path) -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read(unit)
    program, command = parsed["Service"]["ExecStart"].split()[:2]

    assert program.endswith("/sluiceway")
    assert PROGRAM.get_command(None, command)  # type: ignore[arg-type]
    assert parsed["Service"]["NoNewPrivileges"] == "yes"


def test_compose_names_what_it_has() -> None:
    compose: Any = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))

    for service in compose["services"].values():
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        if "build" in service:
            command = service["command"][0]
            assert PROGRAM.get_command(None, command)  # type: ignore[arg-type]


def test_the_chart_renders_where_helm_is() -> None:
    helm = shutil.which("helm")
    chart = DEPLOY / "helm" / "sluiceway"
    if helm is None:
        for name in ("Chart.yaml", "values.yaml"):
            assert yaml.safe_load((chart / name).read_text("utf-8"))
        for template in (chart / "templates").iterdir():
            text = template.read_text("utf-8")
            assert text.count("{{") == text.count("}}"), template.name
        return
    done = subprocess.run([helm, "lint", "--strict", chart], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_dashboard_shows_metrics_that_exist() -> None:
    dashboard: Any = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    known = set(METRICS) | {f"{name}_bucket" for name in METRICS}
    known |= {"sluiceway_executions", "sluiceway_outbox_messages", "sluiceway_requests_total"}

    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            assert set(re.findall(r"sluiceway_[a-z_]+", target["expr"])) <= known
