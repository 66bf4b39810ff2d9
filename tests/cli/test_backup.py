"""`sluiceway backup` and `restore`: whole, private, with the key told, nothing overwritten."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sluiceway.cli.main import main

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def fill(cli: Cli) -> None:
    setup = Path("setup.json")
    setup.write_text(json.dumps({"type": "BEARER", "token": "t0ken"}))
    assert cli("vault", "create", "Api", "--app", "HTTP", "--setup", str(setup))[0] == 0


def test_a_backup_is_whole_private_and_says_which_key_opens_it(cli: Cli, tmp_path: Path) -> None:
    fill(cli)
    status, out, err = cli("backup", "copy.db")
    assert status == 0, err
    assert out.startswith("Copied 0 flows and 0 executions to copy.db")
    key_file = tmp_path / ".sluiceway" / "vault.key"
    assert str(key_file) in err
    copy, note = tmp_path / "copy.db", json.loads((tmp_path / "copy.db.json").read_text())
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    key = key_file.read_text().strip()
    assert key not in json.dumps(note)
    assert key.encode() not in copy.read_bytes()
    assert len(note["key"]["fingerprint"]) == 16
    assert sorted(path.name for path in tmp_path.glob("copy.db*")) == ["copy.db", "copy.db.json"]


def test_one_is_told_as_one(cli: Cli) -> None:
    Path("flow.json").write_text(json.dumps({"name": "Alone", "actions": []}))
    assert cli("import", "flow.json")[0] == 0
    assert cli("backup", "copy.db")[1].startswith("Copied 1 flow and 0 executions to copy.db")


def test_a_backup_comes_back_with_its_key_and_only_with_it(cli: Cli, tmp_path: Path) -> None:
    fill(cli)
    assert cli("backup", "copy.db")[0] == 0
    folder = tmp_path / ".sluiceway"
    status, _, err = cli("restore", "copy.db")
    assert status == 2
    assert "it is not overwritten" in err
    for path in folder.glob("sluiceway.db*"):
        path.unlink()
    key = (folder / "vault.key").read_text()
    (folder / "vault.key").unlink()
    status, _, err = cli("restore", "copy.db")
    assert status == 2
    assert "expected the vault key of the backup" in err
    (folder / "vault.key").write_text("A" * 43 + "=\n")
    (folder / "vault.key").chmod(0o600)
    status, _, err = cli("restore", "copy.db")
    assert status == 2
    assert "it was made with another" in err
    assert not list(folder.glob("sluiceway.db*"))
    (folder / "vault.key").write_text(key)
    status, out, _ = cli("restore", "copy.db", "--json")
    assert status == 0
    assert json.loads(out)["size_bytes"] > 0
    status, out, _ = cli("vault", "show", "Api", "--json")
    assert json.loads(out)["ready"] is True
    assert json.loads(cli("vault", "verify", "--json")[1])["ok"]


def test_elsewhere_on_the_same_machine_the_key_comes_along(cli: Cli, tmp_path: Path) -> None:
    fill(cli)
    assert cli("backup", "copy.db")[0] == 0
    (tmp_path / "new").mkdir()
    elsewhere = ("--database", "sqlite:///new/elsewhere.db")
    assert cli("restore", "copy.db", *elsewhere)[0] == 0
    key = tmp_path / "new" / "vault.key"
    assert key.read_text() == (tmp_path / ".sluiceway" / "vault.key").read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert json.loads(cli("vault", "verify", "--json", *elsewhere)[1])["ok"]
    (tmp_path / "bad.db").write_text("no database")
    (tmp_path / "bad.db.json").write_text((tmp_path / "copy.db.json").read_text())
    assert cli("restore", "bad.db", "--database", "sqlite:///other/x.db")[0] == 3
    assert list((tmp_path / "other").iterdir()) == []


def test_nothing_is_overwritten(cli: Cli, tmp_path: Path) -> None:
    fill(cli)
    (tmp_path / "copy.db").write_text("precious")
    status, _, err = cli("backup", "copy.db")
    assert status == 2
    assert "it is not overwritten" in err
    assert (tmp_path / "copy.db").read_text() == "precious"
    assert cli("backup", "other.db")[0] == 0
    for path in (tmp_path / ".sluiceway").glob("sluiceway.db"):
        path.unlink()
    (tmp_path / ".sluiceway" / "sluiceway.db-wal").write_bytes(b"of another database")
    assert cli("restore", "other.db")[0] == 2


def test_a_damaged_or_another_file_is_refused(cli: Cli, tmp_path: Path) -> None:
    fill(cli)
    assert cli("backup", "copy.db")[0] == 0
    for path in (tmp_path / ".sluiceway").glob("sluiceway.db*"):
        path.unlink()
    data = bytearray((tmp_path / "copy.db").read_bytes())
    data[4096:12288] = b"\x5a" * 8192
    (tmp_path / "damaged.db").write_bytes(data)
    assert cli("restore", "damaged.db")[0] == 3
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE x (y)")
    status, _, err = cli("restore", "other.db")
    assert status == 3
    assert "expected a database of Sluiceway" in err
    (tmp_path / "text.db").write_text("no database" * 1000)
    assert cli("restore", "text.db")[0] == 3
    assert cli("restore", "gone.db")[0] == 2
    assert not (tmp_path / ".sluiceway" / "sluiceway.db").exists()


def test_a_running_server_is_copied_while_it_works(cli: Cli, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Serving on ")
        try:
            fill(cli)
            for number in range(3):
                assert cli("backup", f"copy{number}.db")[0] == 0
                fill(cli)
        finally:
            process.terminate()
    counts = []
    for number in range(3):
        with closing(sqlite3.connect(tmp_path / f"copy{number}.db")) as connection:
            sql = "SELECT count(*) FROM documents WHERE kind = 'vault_connection'"
            counts.append(connection.execute(sql).fetchone()[0])
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert counts == [1, 2, 3]


def test_postgresql_has_its_own_tools(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEWAY_DATABASE_URL", "postgresql://127.0.0.1/x")
    for arguments in (("backup", "copy.db"), ("restore", __file__)):
        status, _, err = cli(*arguments)
        assert status == 2
        assert "pg_dump" in err


def test_without_a_database_there_is_nothing_to_copy(cli: Cli) -> None:
    status, _, err = cli("backup", "copy.db")
    assert status == 3
    assert "expected a database at" in err
