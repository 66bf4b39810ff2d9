"""`sluiceway doctor`: what is set up, what is wrong, and whether secrets leak."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sluiceway.cli._leak_search import LeakSearch, encodings_of
from sluiceway.cli._leaks import search_leaks
from sluiceway.cli.main import main
from sluiceway.engine.record_book import RecordBook
from sluiceway.models.masking import Masker

Cli = Callable[..., tuple[int, str, str]]
SECRET = "v3ry-s3cret"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def checks(cli: Cli, expected: int = 0, *more: str) -> dict[str, dict[str, Any]]:
    status, out, err = cli("doctor", "--json", *more)
    assert status == expected, out + err
    return {check["name"]: check for check in json.loads(out)["checks"]}


def test_a_fresh_folder_is_in_order(cli: Cli) -> None:
    found = checks(cli)
    assert {check["status"] for check in found.values()} == {"ok", "warn"}
    assert found["email provider"]["status"] == "warn"
    assert "opens all" in found["vault key"]["message"]
    status, out, _ = cli("doctor")
    assert status == 0
    assert out.splitlines()[0].split() == ["SETTING", "VALUE", "FROM"]
    assert "✓ clock: it has not stepped back" in out


def test_settings_are_told_with_their_origin_and_secrets_masked(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("SLUICEWAY_CLIENT_SECRET_FILE", "secret")
    monkeypatch.setenv("SLUICEWAY_CLIENT_ID", "me")
    (tmp_path / "sluiceway.toml").write_text(
        f'webhook_secret = "{SECRET}"\nallow_hosts = ["10.0.0.0/8", "mail"]\n'
    )
    status, out, err = cli("doctor", "--json")
    assert status == 0, err
    settings = {one["name"]: (one["value"], one["from"]) for one in json.loads(out)["settings"]}
    assert settings["client_secret"] == ("███", "SLUICEWAY_CLIENT_SECRET_FILE")
    assert settings["webhook_secret"] == ("███", "sluiceway.toml")
    assert settings["client_id"] == ("me", "SLUICEWAY_CLIENT_ID")
    assert settings["allow_hosts"] == ("10.0.0.0/8, mail", "sluiceway.toml")
    assert SECRET not in out + err


@pytest.mark.parametrize("given", ["14d", "36h", "90m", "45s", "0.5s", "0s"])
def test_a_duration_is_told_as_one_writes_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("SLUICEWAY_RETENTION", given)
    _, out, _ = cli("doctor", "--json")
    [shown] = [one["value"] for one in json.loads(out)["settings"] if one["name"] == "retention"]
    assert shown == given


def test_the_password_of_a_database_is_masked_and_being_down_is_status_3(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICEWAY_DATABASE_URL", f"postgresql://me:{SECRET}@127.0.0.1:1/db")
    status, out, err = cli("doctor", "--json")
    assert status == 3
    assert SECRET not in out + err
    assert "postgresql://me:███@127.0.0.1:1/db" in out


def test_what_is_wrong_is_found(cli: Cli, tmp_path: Path) -> None:
    checks(cli)
    folder = tmp_path / ".sluiceway"
    (folder / "client.json").chmod(0o644)
    assert "chmod 600" in checks(cli, 1)["state folder"]["hint"]
    (folder / "client.json").chmod(0o600)
    with closing(sqlite3.connect(folder / "sluiceway.db")) as connection, connection:
        connection.execute(
            "INSERT INTO executions (id, flow_id, flow_name, flow_version, flow_digest, trace_id,"
            " status, created_at, updated_at, ended_at, payload)"
            " VALUES ('afe_1', 'f', 'f', 1, 'd', 't', 'COMPLETED', 0, ?, 0, x'00')",
            (int(time.time() * 1000) + 3_600_000,),
        )
    found = checks(cli, 1)
    assert "s from now" in found["clock"]["message"]
    assert found["vault key"]["status"] == "fail"
    (folder / "vault.key").write_text("A" * 43 + "=")
    assert "made with another" in checks(cli, 1)["vault key"]["message"]


def test_connections_are_tried_online(cli: Cli) -> None:
    assert cli("vault", "create", "Empty", "--app", "HTTP", "--empty")[0] == 0
    found = checks(cli, 0, "--online")
    assert found["connections"]["message"] == "1 of 1 are not set up: Empty"


def test_a_damaged_database_file_is_told(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / ".sluiceway" / "sluiceway.db"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"no database at all" * 500)
    path.chmod(0o600)
    found = checks(cli, 3)
    assert found["database"]["status"] == "fail"
    assert found["database file"]["status"] == "fail"


@pytest.fixture(scope="module")
def report() -> Any:
    return asyncio.run(search_leaks())


def test_no_canary_leaks_anywhere(report: Any) -> None:
    assert report.hits == []
    assert report.is_good
    assert len(report.canaries) >= 13
    assert report.executions.pop("Fails") == "FAILED"
    assert set(report.executions.values()) == {"COMPLETED"}
    places = " ".join(report.places)
    for place in ("leaks.db-wal", "log lines", "webhook", "metrics", "debug", "audit", "events of"):
        assert place in places
    assert any("execution Masks" in hit.place for hit in report.control)


def test_without_the_mask_the_canaries_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search can fail: each way of hiding that is taken away is noticed."""
    monkeypatch.setattr(Masker, "apply", lambda _, value: value)
    monkeypatch.setattr(RecordBook, "shown", lambda _, value: value)
    found = asyncio.run(search_leaks())
    assert not found.is_good
    leaked = {hit.canary for hit in found.hits}
    assert {"bearer_token", "masked_field", "basic_password", "api_key"} <= leaked


@pytest.mark.parametrize("name", [name for name, _ in encodings_of("x" * 12)])
def test_each_encoding_is_found_also_in_part_and_across_chunks(name: str) -> None:
    canary = 'c4nary/+ "Grüße" <&> 9f3a77e1\\x'
    search = LeakSearch({"it": canary})
    for part in (canary, canary[3:11]):
        text = dict(encodings_of(part))[name].encode()
        for before in (0, 1000, 256 * 1024 - 4):
            (hit, *_) = search.look("there", b"." * before + text + b".")
            assert (hit.canary, hit.place) == ("it", "there")
            assert before <= hit.offset < before + len(text)
    assert search.look("there", b"nothing of the kind") == []
    assert search.look("there", canary[:7].encode()) == []
