"""The commands about messages: outbox, providers, preview; as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.cli._columns import columns, labelled
from sluiceway.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

MAIL = {
    "id": "mail",
    "type": "AUTH0",
    "action": "SEND_EMAIL",
    "params": {
        "to": "{{fields.email}}",
        "subject": "Hello {{ custom_vars.name }}",
        "body": "<p>Hello {{ custom_vars.name }}, {{ custom_vars.code | escape }}</p>",
        "custom_vars": {"name": "{{fields.name}}", "code": "{{fields.code}}"},
    },
}
TEXT = {
    "id": "text",
    "type": "AUTH0",
    "action": "SEND_SMS",
    "params": {"to": "+12025550123", "message": "Grüße 🎉"},
}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


@pytest.fixture
def flow(tmp_path: Path) -> str:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps({"name": "f", "actions": [MAIL, TEXT]}), encoding="utf-8")
    return str(path)


def parsed(cli: Cli, *arguments: str) -> Any:
    status, out, err = cli(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def queue(cli: Cli, flow: str) -> dict[str, Any]:
    values = ("fields.email=ada@x.example", "fields.name=Ada", "fields.code=481516")
    sets = [part for value in values for part in ("--set", value)]
    assert cli("run", flow, *sets)[0] == 0
    return {message["channel"]: message for message in parsed(cli, "outbox", "list")}


def test_messages_are_listed_shown_and_delivered(cli: Cli, flow: str) -> None:
    assert cli("outbox", "list")[1] == "No messages.\n"
    mail = queue(cli, flow)["email"]

    status, out, err = cli("outbox", "list", "--queue", "email")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].split() == ["ID", "KIND", "STATUS", "DELIVERY", "TRIES", "QUEUED", "AT", "TO"]
    assert lines[1].startswith(mail["id"])
    assert "ada@x.example  Hello Ada" in lines[1]
    assert err.splitlines() == [
        "In all: 2 QUEUED",
        "No server delivers them here. Send them now: sluiceway outbox deliver",
    ]

    assert cli("outbox", "deliver")[1] == "2 tries. In all: 2 SENT\n"
    assert cli("outbox", "deliver")[1] == "0 tries. In all: 2 SENT\n"
    shown = cli("outbox", "show", mail["id"])[1]
    assert "481516" not in shown
    assert "taken by capture" in shown
    assert "Hello Ada, 481516" in cli("outbox", "show", mail["id"], "--content")[1]
    assert parsed(cli, "outbox", "show", mail["id"], "--content")["content"]["subject"]
    assert parsed(cli, "outbox", "list", "--status", "queued") == []
    (text,) = parsed(cli, "outbox", "list", "--queue", "sms")
    said = cli("outbox", "show", text["id"], "--content")[1]
    assert "Segments:  1 (UCS-2, 8 units)" in said


def test_messages_are_given_up_and_queued_again(cli: Cli, flow: str) -> None:
    mail = queue(cli, flow)["email"]["id"]

    assert cli("outbox", "discard", mail)[1] == f"Discarded: {mail}\n"
    status, _, err = cli("outbox", "discard", mail)
    assert (status, "found DISCARDED" in err) == (1, True)
    assert cli("outbox", "retry", mail)[1] == f"Queued again: {mail}\n"
    assert cli("outbox", "retry", "--all")[1] == "Queued 0 again.\n"
    assert cli("outbox", "retry")[0] == 2
    assert cli("outbox", "show", "msg_none")[0] == 2


def test_a_provider_is_set_up_tried_and_put_away(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "* email capture" in " ".join(cli("providers", "list")[1].split())
    key = tmp_path / "key.txt"
    key.write_text("re_made_up_key\n", encoding="utf-8")
    args = ("email", "resend", f"api_key=@{key}", "--from", "a@shop.example")
    assert cli("providers", "set", *args)[0] == 0
    shown = cli("providers", "show", "email")[1]
    assert "Provider:  resend" in shown
    assert "a@shop.example" in shown
    assert "re_made_up_key" not in shown

    # A provider of another name starts afresh, and nobody listens there.
    smtp = ("email", "smtp", "smtp_host=127.0.0.1", "smtp_port=1", "settings.headers.X-A=b")
    assert cli("providers", "set", *smtp)[0] == 0
    assert parsed(cli, "providers", "show", "email")["provider"]["settings"] == {
        "headers": {"X-A": "b"}
    }
    guarded = cli("providers", "try", "email", "ada@x.example")
    assert guarded[0] == 1
    assert "SLUICEWAY_ALLOW_HOSTS" in guarded[2]
    monkeypatch.setenv("SLUICEWAY_ALLOW_HOSTS", "127.0.0.1")
    status, out, err = cli("providers", "try", "email", "ada@x.example")
    assert (status, out) == (1, "")
    assert "cannot reach 127.0.0.1 port 1" in err
    assert "It may pass" in err

    assert cli("providers", "set", "email", "capture")[0] == 0
    told = parsed(cli, "providers", "try", "email", "ada@x.example")
    assert (told["ok"], told["provider"]) == (True, "capture")


def test_a_phone_provider_takes_both_methods_unless_told(cli: Cli) -> None:
    args = ("auth_token=made-up-token", "sid=ACmadeup", "--from", "+12025550100")
    assert cli("providers", "set", "phone", "twilio", *args)[0] == 0
    (provider,) = parsed(cli, "providers", "show", "phone")["providers"]
    assert provider["configuration"] == {
        "sid": "ACmadeup",
        "default_from": "+12025550100",
        "delivery_methods": ["text", "voice"],
    }
    again = ("auth_token=t", "sid=ACother", "default_from=+12025550100", "delivery_methods=text")
    assert cli("providers", "set", "phone", "twilio", *again)[0] == 0
    (provider,) = parsed(cli, "providers", "show", "phone")["providers"]
    assert provider["configuration"]["delivery_methods"] == ["text"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["email", "sendgird"], "Did you mean 'sendgrid'?"),
        (["email", "sendgrid"], "expected api_key, found none"),
        (["email", "sendgrid", "api_kye=x"], "Did you mean 'api_key'?"),
        (["email", "sendgrid", "api_key"], "expected KEY=VALUE"),
        (["email", "smtp", "smtp_host=x", "smtp_port=many"], "expected a whole number"),
        (["email", "sendgrid", "api_key=@none.txt"], "cannot read the file of api_key"),
    ],
)
def test_wrong_settings_are_explained(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    status, _, err = cli("providers", "set", *arguments)

    assert status == 2
    assert words in err


def test_limits_are_shown_and_changed(cli: Cli) -> None:
    assert "the usual" in cli("providers", "limits", "email")[1]
    changed = parsed(cli, "providers", "limits", "email", "--rate", "5", "--max-age", "15m")
    assert (changed["rate_per_s"], changed["max_age_s"]) == (5, 900)
    assert parsed(cli, "providers", "limits", "email", "--rate", "usual")["rate_per_s"] is None
    assert cli("providers", "limits", "email", "--rate", "fast")[0] == 2
    assert cli("providers", "limits", "email", "--concurrency", "0")[0] == 2


def test_reports_are_believed_with_a_key(cli: Cli, tmp_path: Path) -> None:
    assert "https://localhost:4080/sluiceway/v1/webhooks/resend" in cli("providers", "reports")[1]
    key = tmp_path / "key.txt"
    key.write_text("whsec_made_up", encoding="utf-8")
    (entry,) = parsed(cli, "providers", "reports", "resend", f"@{key}")
    assert entry["is_set"]
    assert "whsec_made_up" not in str(entry)
    assert cli("providers", "reports", "pigeon", "key")[0] == 2


def test_a_step_is_previewed_from_a_file_without_a_database(
    cli: Cli, flow: str, tmp_path: Path
) -> None:
    status, out, err = cli("preview", flow, "mail", "--html", "out.html")

    assert status == 0
    assert "Subject:  Hello [name]" in out
    assert "warning[unescaped] /body:1:13: custom_vars.name comes from outside" in err
    assert (tmp_path / "out.html").read_text() == "<p>Hello [name], 123456</p>"
    assert not (tmp_path / ".sluiceway").exists()

    sets = ("--set", "fields.name=Bob", "--set", "fields.email=bob@x.example")
    assert parsed(cli, "preview", flow, "mail", *sets)["subject"] == "Hello Bob"
    status, _, err = cli("preview", flow, "mail", "--set", "fields.name=Bob")
    assert (status, "there is no recipient" in err) == (1, True)
    assert "Segments:  1 (UCS-2, 8 units, because of 🎉)" in cli("preview", flow, "text")[1]
    status, _, err = cli("preview", flow)
    assert status == 2
    assert "There are: mail, text." in err


def test_errors_in_a_template_are_told_and_fail(cli: Cli, tmp_path: Path) -> None:
    broken = {**MAIL, "params": {**MAIL["params"], "body": "{% if %}"}}
    path = tmp_path / "broken.json"
    path.write_text(json.dumps([broken]), encoding="utf-8")

    status, out, err = cli("preview", str(path))

    assert status == 1
    assert "Hello [name]" in out
    assert "error[syntax] /body:1" in err


def test_an_executions_values_are_previewed(cli: Cli, flow: str) -> None:
    execution = queue(cli, flow)["email"]["execution_id"]

    shown = parsed(cli, "preview", flow, "mail", "--execution", execution)

    assert (shown["to"], shown["subject"]) == ("ada@x.example", "Hello Ada")
    assert shown["url"].startswith("/sluiceway/v1/previews/")
    assert cli("preview", "--template", "welcome_email")[0] == 2
    assert cli("preview")[0] == 2


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    shown = columns(["A", "B", "C"], [["日本", "x", "long " * 10], ["a", "yy", "z"]], width=30)

    assert shown.splitlines() == [
        "A     B   C",
        "日本  x   long long long long…",
        "a     yy  z",
    ]
    assert labelled([("A", "1"), ("Long", "2"), ("None", "")]) == "A:     1\nLong:  2"
