"""Comparisons that cannot hold, that are always the same, or that compare with stray quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.actions.flow._conditions import GROUPS
from sluiceway.analysis.findings import Edit, Finding, Severity
from sluiceway.analysis.types import output_schema_at, type_of_value, types_of_template
from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions import compile_template
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.analysis.types import Types
    from sluiceway.analysis.view import FlowView, Step
    from sluiceway.models.json import JsonValue

__all__ = ["check_comparisons", "has_stray_quotes", "without_quotes"]

_QUOTED: Final = re.compile(r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*""")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_EQUALITY: Final = frozenset({"EQ", "NEQ"})
_MAX_DEPTH: Final = 50


def has_stray_quotes(value: JsonValue) -> bool:
    """Tell whether *value* is a text whose quotes the author most likely did not mean."""
    return isinstance(value, str) and _QUOTED.fullmatch(value) is not None and len(value) > 1


def without_quotes(text: str) -> str:
    """Return *text* without the quotes around it."""
    found = _QUOTED.fullmatch(text)
    return (found["double"] or found["single"] or "") if found else text


def check_comparisons(view: FlowView, step: Step) -> Iterator[Finding]:
    """Yield what is wrong with the comparisons of a condition."""
    for at, operator, operands in _comparisons(step.params["if"], f"{step.at}/params/if", 0):
        for index, operand in enumerate(operands):
            if has_stray_quotes(operand) and isinstance(operand, str):
                bare = without_quotes(operand)
                pointer = f"{at}/operands/{index}"
                yield step.finding(
                    "SLW401",
                    Severity.ERROR,
                    "the quotes are a part of the text: the comparison is with the quotes",
                    at=pointer,
                    hint=f"Write {bare!r} without them." if len(bare) < 80 else "Remove them.",  # noqa: PLR2004 - what reads well
                    edit=Edit(pointer, bare),
                )
        if not any(isinstance(operand, str) and "{{" in operand for operand in operands):
            yield _constant(step, at, operands)
        elif operator in _EQUALITY and len(operands) == 2:  # noqa: PLR2004 - two sides
            yield from _never_equal(view, step, at, operands)
        elif operator == "INCLUDES" and operands:
            yield from _never_includes(view, step, at, operands[0])


def _comparisons(
    value: JsonValue, at: str, depth: int
) -> Iterator[tuple[str, str, list[JsonValue]]]:
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return
    operator, operands = value.get("operator"), value.get("operands")
    if not isinstance(operator, str) or not isinstance(operands, list):
        return
    if operator in GROUPS:
        for index, item in enumerate(operands):
            yield from _comparisons(item, f"{at}/operands/{index}", depth + 1)
    else:
        yield at, operator, operands


def _constant(step: Step, at: str, operands: list[JsonValue]) -> Finding:
    path = next((item for item in operands if isinstance(item, str) and _looks_like_path(item)), "")
    return step.finding(
        "SLW307",
        Severity.WARNING,
        "no side holds an expression, so the result is always the same",
        at=at,
        hint=f"Put braces around the path: {{{{ {path} }}}}." if path else "Compare an expression.",
    )


def _looks_like_path(text: str) -> bool:
    return re.fullmatch(r"(context|fields|vars|actions|functions)\.[\w.$()-]+", text) is not None


def _never_equal(
    view: FlowView, step: Step, at: str, operands: list[JsonValue]
) -> Iterator[Finding]:
    for expression, other in (operands, operands[::-1]):
        allowed = _allowed_values(view, expression)
        is_literal = isinstance(other, str) and "{{" not in other
        if allowed and is_literal and other not in allowed and not has_stray_quotes(other):
            known = [str(value) for value in allowed if value is not None]
            yield step.finding(
                "SLW306",
                Severity.WARNING,
                f"{str(other)[:60]!r} is none of the values that the other side can have",
                at=f"{at}/operands/{operands.index(other)}",
                hint=did_you_mean(str(other), known) or f"It can be {', '.join(known)}.",
            )
            return
    left, right = (_types(view, operand) for operand in operands)
    if left is None or right is None or _may_be_equal(left, right, operands):
        return
    yield step.finding(
        "SLW306",
        Severity.WARNING,
        f"one side is {_named(left)}, the other {_named(right)}: they are never equal",
        at=at,
        hint="Compare with a value of the same type.",
    )


def _may_be_equal(left: Types, right: Types, operands: list[JsonValue]) -> bool:
    if left & right or "null" in left | right:
        return True
    for types, other, value in ((left, right, operands[1]), (right, left, operands[0])):
        if "string" in other and types & {"number", "boolean"}:
            # A number or boolean equals a text that is its own text.
            if not isinstance(value, str) or "{{" in value or has_stray_quotes(value):
                return True
            text = value.strip()
            if "boolean" in types and text in {"true", "false"}:
                return True
            if "number" in types and _NUMBER.fullmatch(text):
                return True
    return False


def _never_includes(view: FlowView, step: Step, at: str, left: JsonValue) -> Iterator[Finding]:
    types = _types(view, left)
    if types is not None and not types & {"string", "array", "object", "null"}:
        yield step.finding(
            "SLW306",
            Severity.WARNING,
            f"{_named(types)} includes nothing",
            at=f"{at}/operands/0",
            hint="Put the list or text on the left side.",
        )


def _types(view: FlowView, operand: JsonValue) -> Types | None:
    if isinstance(operand, str) and "{{" in operand:
        try:
            return types_of_template(compile_template(operand), view)
        except ExpressionSyntaxError:
            return None
    return frozenset({type_of_value(operand)})


def _allowed_values(view: FlowView, operand: JsonValue) -> list[JsonValue]:
    """Return the values that an output's schema lists, where *operand* is just that output."""
    if not isinstance(operand, str) or "{{" not in operand:
        return []
    try:
        template = compile_template(operand)
    except ExpressionSyntaxError:
        return []
    if not template.is_whole or len(template.references) != 1 or template.calls:
        return []
    reference = template.references[0]
    if reference.root != "actions" or not reference.segments or not reference.is_exact:
        return []
    step = view.by_id.get(reference.segments[0])
    if step is None or step.spec is None:
        return []
    try:
        schema = output_schema_at(step.spec.output, reference.segments[1:]) or {}
    except KeyError:
        return []
    values = schema.get("enum")
    return [*values] if isinstance(values, list) else []


def _named(types: Types) -> str:
    names = {"string": "a text", "number": "a number", "boolean": "true or false"}
    more = {"array": "a list", "object": "an object", "null": "null"}
    return " or ".join({**names, **more}[name] for name in sorted(types))
