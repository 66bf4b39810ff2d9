"""What a template reads and calls, told without running it."""

from __future__ import annotations

import pytest

from sluiceway.expressions import FunctionCall, Reference, compile_template


def reference(path: str, column: int, *, default: bool = False, exact: bool = True) -> Reference:
    root, *segments = path.split(".")
    return Reference(root, tuple(segments), exact, default, 1, column)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ actions.get_user.body.x }}", [reference("actions.get_user.body.x", 4)]),
        ("{{ fields }}{{ vars['a b'][0] }}", [reference("fields", 4), reference("vars.a b.0", 16)]),
        (
            "{{ fields.a ?? vars.b }}",
            [reference("fields.a", 4, default=True), reference("vars.b", 16)],
        ),
        (
            "{{ (fields.a ?? vars.b) ?? context.c }}",
            [
                reference("fields.a", 5, default=True),
                reference("vars.b", 17, default=True),
                reference("context.c", 28),
            ],
        ),
        (
            "{{ fields.a[vars.i].b ?? 1 }}",
            [reference("fields.a", 4, default=True, exact=False), reference("vars.i", 13)],
        ),
        (
            "{{ functions.slice([fields.a], 1)[vars.b] }}",
            [reference("fields.a", 21), reference("vars.b", 35)],
        ),
        ("{{ (fields.a ?? 1).b }}", [reference("fields.a", 5, default=True)]),
        ("{{ nope(fields.a) }}", [reference("fields.a", 9)]),
        ("plain", []),
    ],
)
def test_lists_what_is_read(template: str, expected: list[Reference]) -> None:
    assert list(compile_template(template).references) == expected


def test_lists_calls_inner_ones_first() -> None:
    calls = compile_template("{{ functions.slice(functions.now(), 1) }}").calls

    assert calls == (FunctionCall("now", 0, 1, 20), FunctionCall("slice", 2, 1, 4))


@pytest.mark.parametrize(
    ("template", "kind", "message", "hint", "is_fatal"),
    [
        ("{{ functions.lenght('a') }}", "unknown_function", "lenght", "`length`", True),
        ("{{ toString(1) }}", "not_a_function", "toString", "functions.toString(1)", True),
        ("{{ functions.slice }}", "uncalled_function", "without a call", "functions.name", False),
        ("{{ state.x }}", "unknown_root", "`state`", "`vars` or `fields`", False),
        ("{{ user.email }}", "unknown_root", "`user`", "`context.user`", False),
        ("{{ Fields.x }}", "unknown_root", "`Fields`", "`fields`", False),
        ("{{ custom_vars.x }}", "unknown_root", "custom_vars", "Liquid", False),
        ("{{ zzz }}", "unknown_root", "zzz", "paths start with context", False),
        ("{{ functions.slice() }}", "arguments", "given 0", "slice(value, start, end?)", False),
        ("{{ functions.now(1) }}", "arguments", "given 1", "now()", False),
        ("{{ functions.merge(1) }}", "arguments", "given 1", "merge(base, value)", False),
    ],
)
def test_tells_what_cannot_be_meant(
    template: str,
    kind: str,
    message: str,
    hint: str,
    is_fatal: bool,  # noqa: FBT001
) -> None:
    (problem,) = compile_template(template).problems

    assert (problem.kind, problem.is_fatal, problem.line) == (kind, is_fatal, 1)
    assert message in problem.message
    assert hint in problem.hint


def test_sound_templates_have_no_problems() -> None:
    for template in ("{{ functions.slice('a', 1) }}", "{{ fields.a ?? 'x' }}", "x", "{{ [1] }}"):
        assert compile_template(template).problems == ()
