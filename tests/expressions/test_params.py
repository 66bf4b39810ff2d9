"""All the templates of an action's params: resolved, found, and checked before saving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sluiceway.errors import ExpressionEvaluationError, ExpressionSyntaxError
from sluiceway.expressions import (
    Scope,
    Template,
    find_problems,
    find_syntax_errors,
    find_templates,
    resolve_params,
)

PARAMS: dict[str, Any] = {
    "to": "{{ fields.email }}",
    "body": "Hi {{ user.name | upcase }}",
    "custom_vars": {"{{ key }}": ["{{ fields.missing }}", 1, None, "{{ vars.n }}!"]},
    "a/b~c": {"x": "plain"},
}


def test_resolves_everywhere_but_in_what_is_skipped(make_scope: Callable[..., Scope]) -> None:
    scope = make_scope(fields={"email": "a@x.example"}, vars={"n": 3})

    resolved = resolve_params(PARAMS, scope, skip={"body"})

    assert resolved == {
        "to": "a@x.example",
        "body": PARAMS["body"],
        "custom_vars": {"{{ key }}": [None, 1, None, "3!"]},
        "a/b~c": {"x": "plain"},
    }
    assert PARAMS["to"] == "{{ fields.email }}"


def test_only_the_outermost_keys_are_skipped(make_scope: Callable[..., Scope]) -> None:
    params: Any = {"a": {"body": "{{ 1 }}"}, "body": "{{ 1 }}"}

    assert resolve_params(params, make_scope(), skip={"body"}) == {
        "a": {"body": 1},
        "body": "{{ 1 }}",
    }
    assert resolve_params([["{{ 1 }}"]], make_scope(), skip={"body"}) == [[1]]
    assert resolve_params("{{ 1 }}", make_scope()) == 1


@pytest.mark.parametrize(
    ("params", "error", "at"),
    [
        ({"a": ["", "{{ || }}"]}, ExpressionSyntaxError, "/a/1"),
        ({"a/b~c": {"": "{{ nope() }}"}}, ExpressionEvaluationError, "/a~1b~0c/"),
        ("{{ nope() }}", ExpressionEvaluationError, ""),
    ],
)
def test_errors_say_where(
    params: Any, error: type[Exception], at: str, make_scope: Callable[..., Scope]
) -> None:
    with pytest.raises(error) as caught:
        resolve_params(params, make_scope())

    assert getattr(caught.value, "at", None) == at


def test_params_nested_too_deep_are_refused(make_scope: Callable[..., Scope]) -> None:
    params: Any = "{{ 1 }}"
    for _ in range(500):
        params = [params]

    with pytest.raises(ExpressionEvaluationError, match="nest deeper"):
        resolve_params(params, make_scope())
    # Looking does not need the stack.
    assert len([*find_templates(params)]) == 1


def test_finds_templates_in_document_order() -> None:
    found = [
        (pointer, template.source)
        for pointer, template in find_templates(PARAMS, skip={"body"})
        if isinstance(template, Template)
    ]

    assert found == [
        ("/to", "{{ fields.email }}"),
        ("/custom_vars/{{ key }}/0", "{{ fields.missing }}"),
        ("/custom_vars/{{ key }}/3", "{{ vars.n }}!"),
    ]


def test_what_cannot_be_saved_is_told_with_its_place() -> None:
    errors = find_syntax_errors(
        {
            "a": "{{ fields.a || 'x' }}",
            "b": ["{{ toString(fields.x) }} {{ functions.nope() }}", "{{ fields.ok }}"],
            "c": "{{ state.x }}",
            "body": "{{ user | upcase }}",
        },
        skip={"body"},
    )

    assert [(e.at, e.line, e.column, e.hint.split(":")[0]) for e in errors] == [
        ("/a", 1, 13, "write `??`"),
        ("/b/0", 1, 4, "write functions.toString(fields.x)"),
        ("/b/0", 1, 29, "the functions are " + errors[2].hint.partition("are ")[2]),
    ]
    assert errors[0].excerpt().endswith("            ^")


def test_what_gives_undefined_is_a_problem_not_an_error() -> None:
    params: Any = {
        "a": "{{ state.x }}",
        "b": "{{ functions.slice() }}{{ || }}",
        "c": "{{ functions }}",
    }

    assert [(at, problem.kind) for at, problem in find_problems(params)] == [
        ("/a", "unknown_root"),
        ("/c", "uncalled_function"),
    ]
    assert [e.at for e in find_syntax_errors(params)] == ["/b"]
