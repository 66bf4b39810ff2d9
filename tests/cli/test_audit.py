"""`sluiceway audit`: who changed what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluiceway.cli.main import main


def test_changes_by_command_are_told_with_the_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setenv("COLUMNS", "300")
    assert main(["audit"]) == 0
    assert "Nothing has been changed yet." in capsys.readouterr().err
    for number in range(3):
        assert main(["vault", "create", f"c{number}", "--app", "HTTP", "--empty"]) == 0
    capsys.readouterr()
    assert main(["audit", "--take", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "sluiceway command (ada)" in lines[1]
    assert lines[1].endswith("POST /api/v2/flows/vault/connections")
    assert main(["audit", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
