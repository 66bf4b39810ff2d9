"""`sluiceway vault`, as people and scripts type it."""

from __future__ import annotations

import base64
import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluiceway.cli.main import main

Cli = Callable[..., tuple[int, str, str]]
SECRET = "v3ry-s3cret-t0ken"
BEARER = ("create", "Api", "--app", "HTTP", "--type", "BEARER", "token=@-")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = main(["vault", *arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


def parsed(cli: Cli, *arguments: str, stdin: str = "") -> Any:
    status, out, err = cli(*arguments, "--json", stdin=stdin)
    assert status == 0, err
    return json.loads(out)


def test_a_connection_from_its_making_to_its_end(cli: Cli) -> None:
    status, out, err = cli("list")
    assert (status, out) == (0, "")
    assert "The vault is empty" in err
    made = parsed(cli, *BEARER, stdin=f"{SECRET}\n")
    assert (made["app_id"], made["ready"]) == ("HTTP", True)
    _, out, _ = cli("list")
    assert out.splitlines()[1].split() == [made["id"], "HTTP", "ready", "Api"]
    for name in ("Api", made["id"]):
        assert parsed(cli, "show", name)["id"] == made["id"]
    _, out, _ = cli("show", "Api")
    assert "State:        ready" in out
    changed = parsed(cli, "update", "Api", "token=@-", "--name", "Other", stdin="n3w\n")
    assert changed["fingerprint"] != made["fingerprint"]
    status, out, _ = cli("delete", "Other")
    assert out == f"Deleted Other ({made['id']}).\n"
    status, _, err = cli("show", "Other")
    assert status == 2
    assert "There is no connection 'Other' in the vault." in err


def test_no_command_shows_a_secret(cli: Cli) -> None:
    shown = ""
    for arguments in (
        BEARER,
        ("list", "--json"),
        ("show", "Api", "--json"),
        ("test", "Api"),
        ("where-used", "Api"),
        ("rotate-key", "--json"),
        ("verify", "--json"),
        ("keys",),
        ("update", "Api", "token=@-"),
    ):
        status, out, err = cli(*arguments, stdin=f"{SECRET}\n")
        assert status == 0, err
        shown += out + err
    assert SECRET not in shown
    assert base64.b64encode(SECRET.encode()).decode()[:12] not in shown


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(cli: Cli) -> None:
    status, out, err = cli("create", "Api", "--app", "HTTP", f"token={SECRET}")
    assert status == 2
    assert "others can read a command line" in err
    assert "token=@-" not in err
    assert SECRET not in out + err


def test_secrets_come_from_files_and_whole_setups(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(f"{SECRET}\n")
    values = ("domain=acme.eu.auth0.com", "client_id=abc", "client_secret=@secret.txt")
    assert parsed(cli, "create", "One", "--app", "auth0", *values)["ready"]
    setup = {"type": "API_KEY", "name": "x-key", "value": SECRET, "in": "HEADER"}
    (tmp_path / "setup.json").write_text(json.dumps(setup))
    assert parsed(cli, "create", "Two", "--app", "HTTP", "--setup", "setup.json")["ready"]
    whole = json.dumps({"setup": setup})
    assert parsed(cli, "create", "Three", "--app", "HTTP", "--setup", "-", stdin=whole)["ready"]
    assert not parsed(cli, "create", "Four", "--app", "STRIPE", "--empty")["ready"]
    key = ("algorithm=HS256", "secret=@secret.txt")
    assert parsed(cli, "create", "Five", "--app", "JWT", *key)["ready"]


WRONG = [
    (("create", "x", "--app", "HTPP"), "expected an app, found 'HTPP'", "HTTP"),
    (("create", "x", "--app", "HTTP"), "expected the kind of setup of HTTP", "BASIC_AUTH"),
    (("create", "x", "--app", "HTTP", "--type", "COOKIE"), "found 'COOKIE'", "There are: BEARER"),
    (("create", "x", "--app", "HTTP", "--type", "BEARER"), "expected token, found none", "@FILE"),
    (("create", "x", "--app", "AUTH0", "domian=d"), "found 'domian'", "domain"),
    (("create", "x", "--app", "AUTH0", "domain"), "expected NAME=VALUE", ""),
    (("create", "x", "--app", "JWT", "algorithm=RS256"), "expected private_key", "@FILE"),
    (("create", "x", "--app", "HTTP", "token=@gone.txt"), "cannot read the file of token", ""),
    (("create", "x", "--app", "HTTP", "--setup", "gone.json"), "cannot read the setup", ""),
    (("create", "x", "--app", "HTTP", "--setup", "-"), "found no JSON", ""),
    (("create", "x", "--app", "HTTP", "--setup", "a", "b=c"), "found both", ""),
    (("update", "local", "--name", "x"), "cannot be changed", ""),
    (("delete", "nobody"), "There is no connection 'nobody'", ""),
]


@pytest.mark.parametrize(("arguments", "message", "hint"), WRONG)
def test_what_is_wrong_is_told(
    cli: Cli, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    status, _, err = cli(*arguments, stdin="{not json")
    assert status == 2
    assert message in err
    assert hint in err
    assert "not json" not in err


def test_a_setup_that_does_not_fit_the_app_is_refused_without_its_values(cli: Cli) -> None:
    setup = json.dumps({"type": "BEARER", "tokken": SECRET})
    status, _, err = cli("create", "x", "--app", "HTTP", "--setup", "-", stdin=setup)
    assert status == 2
    assert SECRET not in err
    status, _, err = cli("create", "x", "--app", "HTTP", "--setup", "-", stdin=f'["{SECRET}"]')
    assert "found another value" in err


def test_a_name_that_two_have_must_be_said_by_id(cli: Cli) -> None:
    ids = [parsed(cli, "create", "Twin", "--app", "HTTP", "--empty")["id"] for _ in range(2)]
    status, _, err = cli("show", "Twin")
    assert status == 2
    assert all(id_ in err for id_ in ids)
    assert parsed(cli, "show", ids[1])["id"] == ids[1]


def test_the_embedded_tenant_can_be_tried(cli: Cli) -> None:
    result = parsed(cli, "test", "local")
    assert result["ok"] is True
    assert "create:users" in result["scopes"]["granted"]
    status, out, _ = cli("test", "local")
    assert status == 0
    assert out.startswith("✓ local: The tenant gave an access token.")


def test_a_wrong_secret_is_an_exit_status_of_one(cli: Cli) -> None:
    values = ("domain=localhost:4080", "client_id=nobody", "client_secret=@-")
    parsed(cli, "create", "Wrong", "--app", "AUTH0", *values, stdin=f"{SECRET}\n")
    status, out, err = cli("test", "Wrong")
    assert status == 1
    assert out.startswith("✗ Wrong: the tenant localhost:4080 refused an access token")
    assert "Check the connection's client id and client secret." in err
    status, out, _ = cli("test", "Wrong", "--json")
    assert (status, json.loads(out)["ok"]) == (1, False)


def test_rotation_goes_on_and_is_verified(cli: Cli) -> None:
    cli(*BEARER, stdin=f"{SECRET}\n")
    status, out, _ = cli("rotate-key")
    assert status == 0
    assert "secrets anew, with data key 2." in out
    assert parsed(cli, "verify")["by_key"].keys() == {"2"}
    _, out, _ = cli("verify")
    assert "secrets open." in out
    _, out, _ = cli("keys")
    assert [line.split()[:2] for line in out.splitlines()[2:]] == [
        ["1", "retired"],
        ["2", "active"],
    ]


def test_the_master_key_is_renewed_and_the_old_one_kept_for_backups(
    cli: Cli, tmp_path: Path
) -> None:
    cli(*BEARER, stdin=f"{SECRET}\n")
    path = tmp_path / ".sluiceway" / "vault.key"
    old = path.read_text()
    status, out, _ = cli("rotate-key", "--master")
    assert status == 0
    assert "A new master key is in force." in out
    assert path.read_text() != old
    (earlier,) = path.parent.glob("vault.key.2*")
    assert earlier.read_text() == old
    assert {stat.S_IMODE(file.stat().st_mode) for file in (path, earlier)} == {0o600}
    assert parsed(cli, "show", "Api")["ready"]
    path.write_text(old)
    status, _, err = cli("list")
    assert status == 2
    assert "the vault key does not open this database: it was made with another" in err


def test_a_master_key_that_is_a_setting_is_changed_in_two_steps(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("SLUICEWAY_VAULT_KEY", old)
    cli(*BEARER, stdin=f"{SECRET}\n")
    status, _, err = cli("rotate-key", "--master")
    assert status == 2
    assert "--new-key-file" in err
    offered = parsed(cli, "rotate-key", "--master", "--new-key-file", "new.key")
    assert offered["only_new"] is False
    assert parsed(cli, "show", "Api")["ready"]
    monkeypatch.delenv("SLUICEWAY_VAULT_KEY")
    monkeypatch.setenv("SLUICEWAY_VAULT_KEY_FILE", str(tmp_path / "new.key"))
    assert parsed(cli, "show", "Api")["ready"]
    done = parsed(cli, "rotate-key", "--master", "--new-key-file", "new.key")
    assert done["only_new"] is True
    assert parsed(cli, "verify")["ok"]
    monkeypatch.setenv("SLUICEWAY_VAULT_KEY", old)
    assert cli("list")[0] == 2


def test_a_running_server_is_asked_in_place_of_the_database(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "serve", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Serving on ")
        try:
            assert parsed(cli, *BEARER, stdin=f"{SECRET}\n")["ready"]
            assert parsed(cli, "rotate-key")["version"] == 2
            assert parsed(cli, "verify")["ok"]
            status, _, err = cli("rotate-key", "--master", "--new-key-file", "new.key")
            assert status == 2
            assert "Stop the server" in err
            assert cli("rotate-key", "--master")[0] == 0
            assert parsed(cli, "test", "local")["ok"]
        finally:
            process.terminate()
    assert parsed(cli, "show", "Api")["ready"]


def test_what_flows_use_is_kept(cli: Cli, tmp_path: Path) -> None:
    made = parsed(cli, *BEARER, stdin=f"{SECRET}\n")
    params = {"connection_id": made["id"], "url": "https://api.example.com/"}
    step = {"id": "call", "type": "HTTP", "action": "SEND_REQUEST", "params": params}
    flow = tmp_path / "flow.json"
    flow.write_text(json.dumps({"name": "Caller", "actions": [step]}))
    assert main(["import", str(flow)]) == 0
    status, out, _ = cli("where-used", "Api")
    assert out.splitlines()[-1].split() == ["Caller", "call", "HTTP/SEND_REQUEST", "/actions/0"]
    status, _, err = cli("delete", "Api")
    assert status == 1
    assert "The connection is used by 1 flow: Caller." in err
    assert cli("delete", "Api", "--force")[0] == 0


def test_a_connection_is_kept_to_its_hosts(cli: Cli) -> None:
    hosts = ("--host", "API.example.com", "--host", "*.partner.example:8443")
    parsed(cli, *BEARER, *hosts, stdin=f"{SECRET}\n")
    assert parsed(cli, "show", "Api")["hosts"] == ["api.example.com", "*.partner.example:8443"]
    assert "api.example.com, *.partner" in cli("show", "Api")[1]

    parsed(cli, "update", "Api", "--host", "other.example")
    assert parsed(cli, "show", "Api")["hosts"] == ["other.example"]
    parsed(cli, "update", "Api", "--name", "Renamed")
    assert parsed(cli, "show", "Renamed")["hosts"] == ["other.example"]
    parsed(cli, "update", "Renamed", "--any-host")
    assert "those that flows write" in cli("show", "Renamed")[1]


@pytest.mark.parametrize("host", ["https://api.example.com", "a/b", "", "*", "a b", "a:b"])
def test_what_is_no_host_is_refused_and_nothing_is_made(cli: Cli, host: str) -> None:
    status, _, err = cli(*BEARER, "--host", host, stdin=f"{SECRET}\n")

    assert status == 2
    assert "expected a host" in err
    assert parsed(cli, "list") == []


def test_hosts_are_for_connections_that_steps_lead(cli: Cli) -> None:
    status, _, err = cli("create", "T", "--app", "AUTH0", "--empty", "--host", "a.example")

    assert status == 2
    assert "of app HTTP" in err
