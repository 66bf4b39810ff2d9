"""``sluiceway run --each`` and ``sluiceway executions``: here, and through a running server."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROW_FLOW = {
    "name": "Greet",
    "actions": [
        {
            "id": "get",
            "type": "AUTH0",
            "action": "GET_USER",
            "params": {"connection_id": "local", "user_id": "auth0|{{ fields.n }}"},
        },
        {
            "id": "end",
            "type": "FLOW",
            "action": "RETURN_JSON",
            "params": {"payload": {"n": "{{ fields.n }}", "team": "{{ fields.team }}"}},
        },
    ],
}
FAILING = {
    "name": "Fails",
    "actions": [
        {
            "id": "get",
            "type": "HTTP",
            "action": "SEND_REQUEST",
            "params": {"method": "GET", "url": "http://127.0.0.1:1/"},
        }
    ],
}


class Shell:
    """Runs the command in a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "SLUICEWAY_DATABASE_URL": url,
            "SLUICEWAY_ALLOW_HOSTS": "127.0.0.1",
            "NO_COLOR": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sluiceway", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(given, timeout=90)
        return process.returncode, out, err

    def json(self, *arguments: str, given: str = "") -> Any:
        status, out, err = self(*arguments, "--json", given=given)
        assert status in {0, 1}, err
        return json.loads(out)


@pytest.fixture(
    params=["here", "server", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "flow.json").write_text(json.dumps(ROW_FLOW))
    (tmp_path / "fails.json").write_text(json.dumps(FAILING))
    url = f"sqlite:///{tmp_path}/s.db"
    if request.param == "postgres":
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        url = new_database()
    made = Shell(tmp_path, url)
    if request.param != "server":
        yield made
        return
    with made.start("serve", "--port", "0") as server:
        assert server.stdout is not None
        assert "Serving" in server.stdout.readline()
        yield made
        server.terminate()
        server.communicate(timeout=30)


def _csv(count: int) -> str:
    return "n,team\n" + "".join(f"{n},red\n" for n in range(1, count + 1))


def test_each_row_runs_once_and_the_same_batch_again_runs_what_is_new(shell: Shell) -> None:
    (shell.folder / "users.csv").write_text(_csv(20))
    arguments = ["run", "flow.json", "--each", "users.csv", "--batch", "b1"]
    told = shell.json(*arguments, "--report", "out.jsonl", "--set", "fields.team=none")
    assert (told["completed"], told["failed"], told["done_before"]) == (20, 0, 0)
    lines = [json.loads(line) for line in (shell.folder / "out.jsonl").read_text().splitlines()]
    assert sorted(line["row"] for line in lines) == list(range(1, 21))
    assert {line["output"]["team"] for line in lines} == {"red"}

    (shell.folder / "users.csv").write_text(_csv(23))
    told = shell.json(*arguments)
    assert (told["completed"], told["done_before"]) == (3, 20)

    status, _, err = shell("run", "fails.json", "--each", "users.csv", "--batch", "b1")
    assert status == 2
    assert "found that 'b1' ran 'Greet'" in err

    listed = shell.json("executions", "list", "--batch", "b1", "--take", "100")
    assert len(listed) == 23
    assert {one["status"] for one in listed} == {"COMPLETED"}


def test_a_column_that_is_a_path_lies_over_what_every_row_starts_from(tmp_path: Path) -> None:
    flow = json.loads(json.dumps(ROW_FLOW))
    flow["actions"][1]["params"]["payload"] = {"user": "{{ context.user }}"}
    (tmp_path / "flow.json").write_text(json.dumps(flow))
    (tmp_path / "users.csv").write_text("context.user.user_id,n\nauth0|1,1\nauth0|2,2\n")

    shell = Shell(tmp_path, f"sqlite:///{tmp_path}/s.db")
    shell.json(
        *["run", "flow.json", "--each", "users.csv", "--report", "out.jsonl"],
        *["--set", "context.user.app_metadata.plan=gold"],
    )

    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(line["output"]["user"]["user_id"] for line in lines) == ["auth0|1", "auth0|2"]
    assert {line["output"]["user"]["app_metadata"]["plan"] for line in lines} == {"gold"}


def test_rows_come_from_a_pipe_too(shell: Shell) -> None:
    status, out, _ = shell("run", "flow.json", "--each", "-", given='{"n": 1}\n{"n": 2}\n')
    assert status == 0
    assert out.startswith("Greet: 2 completed, 0 failed, in ")
    assert shell("run", "flow.json", "--each", "-.csv", given="n\n1\n")[0] == 0
    status, _, err = shell("run", "flow.json", "--each", "-.csv", given="n,m\n1\n")
    assert status == 2
    assert "expected 2 columns, found 1" in err
    assert "at: standard input, line 2" in err


@pytest.mark.parametrize("shell", ["here"], indirect=True)
def test_a_batch_is_cancelled_as_a_whole(shell: Shell) -> None:
    (shell.folder / "users.csv").write_text(_csv(2))
    assert shell("run", "fails.json", "--each", "users.csv", "--batch", "b1")[0] == 1
    cancel = ("executions", "cancel", "--batch", "b1")
    status, _, err = shell(*cancel)
    assert (status, "expected rows that have not ended" in err) == (1, True)
    failed = [one["id"] for one in shell.json("executions", "list")]
    assert shell("executions", "retry", *failed)[0] == 0
    assert shell(*cancel)[:2] == (0, "Cancelled 2 executions of the batch b1.\n")
    assert {one["status"] for one in shell.json("executions", "list")} == {"CANCELLED"}

    assert shell("executions", "cancel", "--batch", "none")[0] == 2
    status, _, err = shell("executions", "cancel")
    assert (status, "expected the ids of executions, or --batch ID" in err) == (2, True)
    assert shell(*cancel, "afe_one")[0] == 2


@pytest.mark.parametrize("shell", ["server"], indirect=True)
def test_rows_that_a_call_keeps_from_stopping_are_told(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        posting: dict[str, Any] = json.loads(json.dumps(FAILING))
        posting["actions"][0]["params"] = {"method": "POST", "url": f"http://127.0.0.1:{port}/"}
        (shell.folder / "posts.json").write_text(json.dumps(posting))
        (shell.folder / "users.csv").write_text(_csv(1))
        with shell.start("run", "posts.json", "--each", "users.csv", "--batch", "b1") as running:
            asked, _ = silent.accept()
            told = shell.json("executions", "cancel", "--batch", "b1")
            assert told["cancelled"] == 0
            assert told["refused"][0]["error"]["code"] == "ERR_CONFLICT"
            status, out, err = shell("executions", "cancel", "--batch", "b1")
            assert (status, out) == (1, "Cancelled 0 executions of the batch b1.\n")
            assert "must not be interrupted" in err
            asked.close()
            running.communicate(timeout=60)


def test_executions_are_listed_shown_retried_cancelled_and_pruned(shell: Shell) -> None:
    given = json.dumps({"n": 1}) + "\n"
    told = shell.json("run", "fails.json", "--each", "-", "--batch", "b2", given=given)
    assert told["failed"] == 1
    (one,) = shell.json("executions", "list", "--flow", "Fails", "--status", "failed")
    assert shell.json("executions", "list", "--flow", "Nothing") == []
    assert shell.json("executions", "list", "--until", "1h") == []
    assert len(shell.json("executions", "list", "--since", "1h", "--search", "fails")) == 1
    status, out, _ = shell("executions", "list")
    assert out.splitlines()[0].split() == ["ID", "STATUS", "STARTED", "TOOK", "FLOW"]
    status, out, _ = shell("executions", "show", one["id"])
    assert status == 1
    assert "FAILED  get  HTTP/SEND_REQUEST" in out
    assert shell.json("executions", "show", one["id"])["debug"]["error"]["step"] == "get"
    status, _, err = shell("executions", "cancel", one["id"], "afe_none")
    assert status == 1
    assert err.count("error[") == 2
    status, out, _ = shell("executions", "retry", one["id"])
    assert (status, out.split()[0]) == (0, one["id"])
    assert shell("executions", "prune", "--older-than", "soon", "--yes")[0] == 2
    told = shell.json("executions", "prune", "--older-than", "7d")
    assert told == {"deleted": 0}


def test_options_of_batches_need_rows(shell: Shell) -> None:
    status, _, err = shell("run", "flow.json", "--batch", "x")
    assert (status, "expected --each with --batch" in err) == (2, True)
    status, _, err = shell("run", "flow.json", "--each", "rows.txt")
    assert (status, "ends in .csv or .jsonl" in err) == (2, True)
    for batch in ("", "a b", "a:1", "x" * 101):
        status, _, err = shell("run", "flow.json", "--each", "-", "--batch", batch)
        assert (status, "digits and . _ - after --batch" in err) == (2, True)
    (shell.folder / "ROWS.CSV").write_text(_csv(1))
    assert shell("run", "flow.json", "--each", "ROWS.CSV")[0] == 0
    status, _, err = shell("run", "flow.json", "--each", "none.csv")
    assert (status, "cannot read the rows" in err) == (2, True)


@pytest.mark.parametrize("shell", ["here"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_batch_that_was_stopped_goes_on(shell: Shell, number: signal.Signals) -> None:
    (shell.folder / "users.csv").write_text(_csv(400))
    arguments = ["run", "flow.json", "--each", "users.csv", "--batch", "b", "--report", "r.jsonl"]
    report = shell.folder / "r.jsonl"
    with shell.start(*arguments) as process:
        while not (report.exists() and report.read_text().count("\n") > 10):
            time.sleep(0.05)
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    if number is signal.SIGINT:
        assert process.returncode == 130
        assert "--batch b does what is left" in out
    before = {json.loads(line)["row"] for line in report.read_text().splitlines()}
    assert 10 < len(before) < 400
    told = shell.json(*arguments)
    assert told["completed"] + told["done_before"] == 400
    assert told["done_before"] >= len(before)
    rows = [json.loads(line)["row"] for line in report.read_text().splitlines()]
    assert set(rows) == set(range(1, 401))
    listed = shell.json("executions", "list", "--take", "3000")
    assert len(listed) == 400


@pytest.mark.parametrize("shell", ["here"], indirect=True)
def test_the_bar_shows_rate_and_failures_on_a_terminal(shell: Shell) -> None:
    (shell.folder / "users.csv").write_text(_csv(300))
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sluiceway", "run", "flow.json", "--each", "users.csv"],
        cwd=shell.folder,
        env={**shell.environment, "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.DEVNULL,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 4096):
                shown += chunk
        except OSError:  # the other end was closed
            pass
        os.close(master)
    assert process.returncode == 0
    text = shown.decode("utf-8", "replace")
    assert "/300 rows" in text
    assert "0 failed" in text


@pytest.mark.parametrize("shell", ["here"], indirect=True)
def test_a_run_deletes_what_was_kept_long_enough(shell: Shell) -> None:
    assert shell("run", "flow.json", "--set", "fields.n=1")[0] == 0
    shell.environment["SLUICEWAY_RETENTION"] = "1ms"
    assert shell("run", "flow.json", "--set", "fields.n=2")[0] == 0
    shell.environment["SLUICEWAY_RETENTION"] = "14d"
    assert len(shell.json("executions", "list")) < 2
