"""The command line's entry: commands are files, errors are sentences with a status."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sluiceway import errors
from sluiceway.cli._errors import exit_status, report
from sluiceway.cli.main import PROGRAM, main

if TYPE_CHECKING:
    from pathlib import Path


def test_help_lists_every_command_without_importing_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    shown = capsys.readouterr().out
    for name in PROGRAM.list_commands(None):  # type: ignore[arg-type]
        assert f"\n  {name} " in shown


def test_help_is_quick() -> None:
    """Not a measurement: it would fail if the framework or the client were imported."""
    code = (
        "import sys; from sluiceway.cli.main import main; main(['--help']); "
        "heavy = {'aiohttp', 'starlette', 'rich', 'cryptography', 'sqlite3', 'msgspec'} & "
        "set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_module_runs_as_the_command() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "sluiceway", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith("sluiceway, version ")
    assert time.monotonic() - started < 30


def test_an_unknown_command_is_refused_with_a_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evla"]) == 2
    assert "no such command 'evla'. Did you mean 'eval'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "error[ERR_USAGE]: missing argument 'FLOW'\n  at: sluiceway run\n"),
        (["check", "--format", "x"], "error[ERR_USAGE]: invalid value for '--format': 'x' is not"),
        (["run", "f.json", "--set"], "error[ERR_USAGE]: option '--set' requires an argument\n"),
    ],
)
def test_wrong_usage_is_told_as_every_error_is(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(told)
    assert err.splitlines()[-1].startswith("  hint: See: sluiceway")


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["executions"]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_every_command_takes_the_common_options(capsys: pytest.CaptureFixture[str]) -> None:
    for name in PROGRAM.list_commands(None):  # type: ignore[arg-type]
        command = PROGRAM.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        if hasattr(command, "commands"):
            continue
        assert main([name, "--help"]) == 0
        assert "--database URL" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.TargetUnreachable("no answer"), 3),
        (errors.StorageError("locked"), 3),
        (errors.OutcomeUnknown("unknown"), 1),
        (errors.Conflict("taken"), 1),
        (errors.DefinitionError("wrong"), 2),
        (errors.NotFound("none"), 2),
    ],
)
def test_the_status_follows_the_class(error: errors.SluicewayError, status: int) -> None:
    assert exit_status(error) == status


def test_an_error_is_a_sentence_a_place_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.DefinitionError("expected a list", at="f.json#/actions", hint="Make it one.")

    assert report(error, debug=False) == 2
    assert capsys.readouterr().err == (
        "error[ERR_INVALID_FLOW]: expected a list\n  at: f.json#/actions\n  hint: Make it one.\n"
    )


def test_a_template_error_shows_the_place_with_a_caret(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.ExpressionSyntaxError(
        "expected ??, found ||", line=2, column=5, source="x\na.b || c", at="f.json#/x"
    )

    report(error, debug=False)

    assert capsys.readouterr().err == (
        "error[ERR_EXPRESSION_SYNTAX]: expected ??, found ||\n"
        "  at: f.json#/x, line 2, column 5\n    a.b || c\n        ^\n"
    )


def test_a_defect_is_one_sentence_unless_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(KeyError("x"), debug=False) == 70
    assert "Traceback" not in capsys.readouterr().err

    report(KeyError("x"), debug=True)
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        pytest.param("eval 1 | true", 0, "", id="the reader went away"),
        pytest.param("run flow.json | true", 1, "ERR_INVALID_ACTION", id="a run goes on"),
        pytest.param("eval 1 > /dev/full", 3, "No space left on device", id="a full disk"),
        pytest.param("eval 1 >&-", 0, "", id="no output"),
    ],
)
def test_output_that_cannot_be_written_is_no_defect(
    arguments: str, status: int, words: str, tmp_path: Path
) -> None:
    step = {"id": "s", "type": "AUTH0", "action": "GET_USER"}
    flow = [{**step, "params": {"connection_id": "local", "user_id": "{{fields.none}}"}}]
    (tmp_path / "flow.json").write_text(json.dumps(flow))
    script = f'{sys.executable} -m sluiceway {arguments}; echo "status ${{PIPESTATUS[0]}}" >&2'

    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, text=True, capture_output=True, check=False
    )

    assert done.stderr.endswith(f"status {status}\n")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr


@pytest.mark.parametrize("given", [{}, {"NO_COLOR": "1"}], ids=["colour", "NO_COLOR"])
def test_no_color_is_honoured_on_a_terminal(given: dict[str, str], tmp_path: Path) -> None:
    master, slave = os.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}

    subprocess.run(
        [sys.executable, "-m", "sluiceway", "run", "none.json"],
        cwd=tmp_path,
        env={**plain, **given, "TERM": "xterm"},
        stdout=slave,
        stderr=slave,
        check=False,
    )
    os.close(slave)
    shown = os.read(master, 65_536).decode()
    os.close(master)

    assert "ERR_INVALID_FLOW" in shown
    assert ("\x1b[" in shown) is (not given)


def test_a_file_of_the_system_that_cannot_be_used_is_no_defect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/srv/flows")

    assert report(error, debug=False) == 2
    assert "expected to use /srv/flows, found: Permission denied" in capsys.readouterr().err
