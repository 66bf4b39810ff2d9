"""What a failed run says: the step, the param, where it comes from, what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sluiceway.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    monkeypatch.chdir(tmp_path)

    def fail(*actions: dict[str, Any], arguments: tuple[str, ...] = ()) -> str:
        (tmp_path / "flow.json").write_text(json.dumps({"name": "f", "actions": actions}))
        assert main(["run", "flow.json", *arguments]) == 1
        return str(capsys.readouterr().err)

    return fail


def email(**params: Any) -> dict[str, Any]:
    whole = {"to": "a@example.com", "subject": "Hi", "body": "Hi", **params}
    return {"id": "tell", "type": "AUTH0", "action": "SEND_EMAIL", "params": whole}


def test_a_param_that_came_to_nothing_says_which_expression_and_how_to_give_it(fail: Any) -> None:
    error = fail(email(to="{{ fields.email }}"))

    assert "the step 'tell' failed: to must be string, found null" in error
    assert "at: flow.json#/actions/0/params/to" in error
    assert "{{ fields.email }} gave nothing" in error
    assert "--set fields.email=" in error


def test_a_param_of_another_type_says_where_it_comes_from(fail: Any) -> None:
    error = fail(email(to="{{ vars.list }}"), arguments=("--set", "vars.list=[1]"))

    assert "to must be string, found a list" in error
    assert "The value comes from {{ vars.list }}" in error


def test_a_text_around_an_expression_is_not_quoted(fail: Any) -> None:
    error = fail(email(to="hush-hush {{ fields.email }}"))

    assert "at: flow.json#/actions/0/params/to" in error
    assert "hush" not in error.partition("hint")[2]


def test_several_wrong_params_are_told_at_once(fail: Any) -> None:
    error = fail(email(to="{{ fields.a }}", **{"from": {"email": "{{ vars }}"}}))

    assert "to must be string, found null" in error
    assert "from.email must be string, found an object" in error


def test_a_template_that_cannot_be_parsed_is_shown_with_a_caret(fail: Any) -> None:
    error = fail(email(body="Dear\n  {% if x %}"))

    assert "at: flow.json#/actions/0/params/body, line 2, column 3" in error
    assert "      {% if x %}\n      ^" in error


def test_a_failed_step_deep_in_a_condition_is_found(fail: Any) -> None:
    condition = {
        "id": "choose",
        "type": "FLOW",
        "action": "BOOLEAN_CONDITION",
        "params": {
            "if": {"operator": "EQ", "operands": [1, 1]},
            "then": [email(to="{{fields.a}}")],
        },
    }

    assert "at: flow.json#/actions/0/params/then/0/params/to" in fail(condition)
