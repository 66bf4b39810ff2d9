"""Commands that delete ask first, and tell scripts what they did."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from sluiceway.cli._asking import confirm
from sluiceway.cli.main import main

FLOW = {"name": "Asked", "actions": []}


class Terminal(io.StringIO):
    """Standard input of somebody who sits there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    monkeypatch.chdir(tmp_path)
    Path("f.json").write_text(json.dumps(FLOW), encoding="utf-8")

    def run(*arguments: str, answer: io.StringIO | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", answer or io.StringIO())
        status = main(list(arguments))
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


@pytest.mark.parametrize(
    "command",
    [
        ("flows", "delete", "Asked"),
        ("executions", "prune", "--older-than", "1d"),
        ("tenant", "reset"),
    ],
    ids=" ".join,
)
def test_what_deletes_asks_and_says_so_where_nobody_can_answer(run: Any, command: Any) -> None:
    run("flows", "create", "f.json")

    status, out, err = run(*command)
    assert (status, out) == (2, "")
    assert "expected an answer, found the end of standard input" in err
    assert "Give --yes" in err

    status, out, err = run(*command, answer=Terminal("n\n"))
    assert (status, out) == (1, "")
    assert "Nothing was deleted." in err
    assert "Asked" in run("flows", "list")[1]

    assert run(*command, answer=Terminal("y\n"))[0] == 0


def test_an_interrupt_at_the_question_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())

    with pytest.raises(click.Abort):
        confirm("Delete it?")


def test_scripts_are_told_what_was_done(run: Any) -> None:
    def told(*arguments: str) -> Any:
        status, out, err = run(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    id_ = run("flows", "create", "f.json")[1].strip()
    again = told("flows", "rollback", "Asked", "1")
    assert (again["id"], again["name"]) == (id_, "Asked")
    deleted = told("flows", "delete", "Asked", "--yes")
    assert deleted == {"id": id_, "name": "Asked", "deleted": True}

    connection = told("vault", "create", "Empty", "--app", "HTTP", "--empty")
    deleted = told("vault", "delete", "Empty")
    assert deleted == {"id": connection["id"], "name": "Empty", "deleted": True}

    client = told("clients", "create", "Robot")
    revoked = told("clients", "revoke", client["client_id"])
    assert revoked == {"client_id": client["client_id"], "name": "Robot", "revoked": True}

    assert told("check", "f.json") == json.loads(run("check", "f.json", "--format", "json")[1])
