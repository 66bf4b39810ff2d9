"""SLW3xx: the expressions themselves: syntax, functions, types, comparisons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.analysis.comparisons import check_comparisons
from sluiceway.analysis.edits import offset_of
from sluiceway.analysis.findings import Edit, Finding, Rule, RuleFamily, Severity
from sluiceway.analysis.types import accepted_types, types_of_template
from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions.library import function_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.view import FlowView, Step, StepText
    from sluiceway.expressions import Problem, Template
    from sluiceway.models.json import JsonValue

__all__ = ["FAMILY"]

_ERROR: Final = Severity.ERROR
_LIQUID_TAG: Final = re.compile(
    r"\{%-?\s*(?:assign|break|capture|case|comment|continue|cycle|decrement|else|elsif|end\w+|for"
    r"|if|include|increment|layout|liquid|raw|render|tablerow|unless|when)\b"
)
_CALLED: Final = re.compile(r"functions\s*\.\s*(?P<name>[A-Za-z]\w*)(?=\s*\()")
_BARE_CALL: Final = re.compile(r"(?P<name>[A-Za-z]\w*)(?=\s*\()")
_KINDS: Final = {
    "unknown_function": "SLW302",
    "not_a_function": "SLW302",
    "arguments": "SLW303",
    "uncalled_function": "SLW304",
    "unknown_root": "SLW207",
}
_ARTICLES: Final = {
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def check(view: FlowView) -> Iterator[Finding]:
    """Yield what is wrong with the expressions of every step."""
    for step in view.steps:
        for text in step.texts:
            if isinstance(text.template, ExpressionSyntaxError):
                yield _syntax(step, text, text.template)
                continue
            yield from _problems(step, text, text.template)
            yield from _types(view, step, text, text.template)
        yield from _liquid(step)
        if step.is_condition and "if" in step.params:
            yield from check_comparisons(view, step)


def _syntax(step: Step, text: StepText, error: ExpressionSyntaxError) -> Finding:
    if "found `|`" in error.message or _LIQUID_TAG.search(text.text):
        return step.finding(
            "SLW308",
            _ERROR,
            f"{text.param!r} takes expressions, and this is Liquid",
            at=text.pointer,
            inner=(error.line, error.column),
            hint="Write a function, like {{ functions.toLowerCase(fields.email) }}.",
        )
    return step.finding(
        "SLW301",
        _ERROR,
        error.message,
        at=text.pointer,
        inner=(error.line, error.column),
        hint=_sentence(error.hint) or "Write a path, a value, `??` or functions.name(…).",
    )


def _problems(step: Step, text: StepText, template: Template) -> Iterator[Finding]:
    for problem in template.problems:
        code = _KINDS[problem.kind]
        yield step.finding(
            code,
            _ERROR if code in {"SLW302", "SLW207"} else Severity.WARNING,
            problem.message,
            at=text.pointer,
            inner=(problem.line, problem.column),
            hint=_sentence(problem.hint),
            edit=_mended_call(text, problem) if code == "SLW302" else None,
        )


def _mended_call(text: StepText, problem: Problem) -> Edit | None:
    """Correct the case of a function's name, or put ``functions.`` before a bare one."""
    at = offset_of(text.text, problem.line, problem.column)
    by_fold = {name.casefold(): name for name in function_names()}
    found = _CALLED.match(text.text, at)
    if found is not None:
        right = by_fold.get(found["name"].casefold())
        start, end = found.span("name")
        return _replaced(text, start, end, right) if right else None
    bare = _BARE_CALL.match(text.text, at)
    right = by_fold.get(bare["name"].casefold()) if bare else None
    return _replaced(text, *bare.span("name"), f"functions.{right}") if bare and right else None


def _replaced(text: StepText, start: int, end: int, new: str) -> Edit:
    return Edit(text.pointer, text.text[:start] + new + text.text[end:])


def _types(view: FlowView, step: Step, text: StepText, template: Template) -> Iterator[Finding]:
    if text.param == "if":
        return
    given = types_of_template(template, view)
    accepted = accepted_types(step, text.param, text.path)
    if given is None or accepted is None or not given - {"null"} or given & accepted:
        return
    expected = " or ".join(_ARTICLES[name] for name in sorted(accepted) if name != "null")
    found = " or ".join(_ARTICLES[name] for name in sorted(given))
    yield step.finding(
        "SLW305",
        _ERROR,
        f"{'/'.join((text.param, *text.path))} takes {expected}, and this gives {found}",
        at=text.pointer,
        inner=(1, 1),
        hint=_conversion(accepted),
    )


def _conversion(accepted: frozenset[str]) -> str:
    for name, function in (("string", "toString"), ("number", "toNumber"), ("array", "toArray")):
        if name in accepted:
            return f"Convert it: {{{{ functions.{function}(…) }}}}."
    return "Write a value of that type."


def _liquid(step: Step) -> Iterator[Finding]:
    """Find Liquid's tags in texts that are not Liquid."""
    waiting: list[tuple[str, JsonValue]] = [
        (f"{step.at}/params/{key.replace('~', '~0').replace('/', '~1')}", value)
        for key, value in step.own_params.items()
        if key not in step.liquid_params and step.spec is not None
    ]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, str):
            found = _LIQUID_TAG.search(value) if "{%" in value else None
            if found is not None and not _is_reported(step, pointer):
                before = value[: found.start()]
                yield step.finding(
                    "SLW308",
                    _ERROR,
                    "this param takes expressions: Liquid's tags stay in the text as they are",
                    at=pointer,
                    inner=(before.count("\n") + 1, len(before) - before.rfind("\n")),
                    hint="Use an If/Then condition, or a notification's subject, body or message.",
                )
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{index}", item) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            waiting += [
                (f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", item)
                for key, item in value.items()
            ]


def _is_reported(step: Step, pointer: str) -> bool:
    return any(
        text.pointer == pointer and isinstance(text.template, ExpressionSyntaxError)
        for text in step.texts
    )


def _sentence(hint: str) -> str:
    """Return a hint of the language as a sentence."""
    return f"{hint[:1].upper()}{hint[1:]}{'' if hint.endswith(('.', '?')) else '.'}" if hint else ""


FAMILY: Final = RuleFamily(
    name="expressions",
    title="Expressions",
    check=check,
    rules=(
        Rule(
            code="SLW207",
            title="Unknown first name of a path",
            severity=_ERROR,
            meaning="Paths start with context, fields, vars, actions or functions; anything else "
            "is undefined.",
            fix="Write the path in full, like `context.user.email` for `user.email`.",
        ),
        Rule(
            code="SLW301",
            title="Expression that cannot be read",
            severity=_ERROR,
            meaning="What stands between the braces is not in the language: it has paths, values, "
            "`??` and functions, and no operators of JavaScript.",
            fix="Write it as the hint says; a comparison belongs into an If/Then condition.",
        ),
        Rule(
            code="SLW302",
            title="Unknown function",
            severity=_ERROR,
            meaning="No helper function has this name: the step fails when it is reached.",
            fix="Correct the name. `--fix` corrects upper and lower case, and adds a missing "
            "`functions.`.",
            is_fixable=True,
        ),
        Rule(
            code="SLW303",
            title="Wrong number of arguments",
            severity=Severity.WARNING,
            meaning="The function takes more or fewer arguments.",
            fix="Call it as its form in the message says.",
        ),
        Rule(
            code="SLW304",
            title="Function without a call",
            severity=Severity.WARNING,
            meaning="`functions.name` without `( )` is undefined.",
            fix="Write the call.",
        ),
        Rule(
            code="SLW305",
            title="Type that cannot fit",
            severity=_ERROR,
            meaning="The expression always gives a type that the param does not take: the step "
            "fails with ERR_INVALID_ACTION_PARAMS.",
            fix="Convert the value with functions.toString, toNumber or toArray.",
        ),
        Rule(
            code="SLW306",
            title="Comparison that never holds",
            severity=Severity.WARNING,
            meaning="The two sides are of types, or have values, that can never be equal, so one "
            "branch is dead.",
            fix="Compare with a value that the left side can have.",
        ),
        Rule(
            code="SLW307",
            title="Condition that is always the same",
            severity=Severity.WARNING,
            meaning="No side of the comparison holds an expression: one branch is dead.",
            fix="Put the braces in: `{{fields.plan}}`, not `fields.plan`.",
        ),
        Rule(
            code="SLW308",
            title="Liquid where expressions are meant",
            severity=_ERROR,
            meaning="Filters (`|`) and tags (`{% %}`) belong to Liquid. It is the language of a "
            "notification's subject, body and message only.",
            fix="Use a helper function or a condition; or build the text in the message.",
        ),
        Rule(
            code="SLW401",
            title="Stray quotes around a literal",
            severity=_ERROR,
            meaning="The quotes are a part of the text, so a comparison with it can never hold, "
            "and a value is stored with them.",
            fix="Remove them; `--fix` does.",
            is_fixable=True,
        ),
    ),
)
