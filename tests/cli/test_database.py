"""``sluiceway database``: what a database has, and bringing it up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluiceway.cli.main import main
from tests.postgres_cluster import Cluster


def test_a_file_is_installed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    assert main(["database", "status", "--database", url]) == 1
    assert "Schema    none" in capsys.readouterr().out
    assert not (tmp_path / "s.db").exists()
    assert main(["database", "upgrade", "--database", url]) == 0
    assert "Applied 0001_initial.sql\n" in capsys.readouterr().out
    assert main(["database", "upgrade", "--database", url]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert main(["database", "status", "--database", url]) == 0
    assert capsys.readouterr().out.endswith("Up to date.\n")


@pytest.mark.postgres
def test_a_server_is_installed_once_and_its_password_is_not_shown(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    url = cluster.new_database(is_empty=True).replace("postgres@", "postgres:s3cret@")
    assert main(["database", "status", "--database", url]) == 1
    assert main(["database", "upgrade", "--database", url]) == 0
    assert "Installed Absurd 0.5.1\nApplied 0001_initial.sql\n" in capsys.readouterr().out
    assert main(["database", "status", "--database", url, "--json"]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)["is_current"] is True
    assert "s3cret" not in shown


def test_a_server_that_is_not_there_is_unreachable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["database", "status", "--database", "postgresql://localhost:1/x"]) == 3
    assert "expected a PostgreSQL server at postgresql://localhost:1/x" in capsys.readouterr().err
