"""Conditions: groups and comparisons, and the one table of operators.

Auth0's exports show two comparison codes, ``EQ`` and ``INCLUDES``, and the group ``AND``; the
labels of the other fifteen are in its router page, their codes are ours (docs/differences.md).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from sluiceway.errors import DefinitionError
from sluiceway.expressions import UNDEFINED, Undefined
from sluiceway.expressions.javascript import shown_text
from sluiceway.models.json_text import did_you_mean, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "GROUPS",
    "OPERATORS",
    "Comparison",
    "Condition",
    "Group",
    "Operator",
    "Resolve",
    "evaluate",
    "parse_condition",
]

Side: TypeAlias = "JsonValue | Undefined"
Resolve: TypeAlias = "Callable[[JsonValue], Side]"

_MAX_DEPTH: Final = 50


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison: its code, the editor's label, and what it says of its sides."""

    code: str
    label: str
    is_binary: bool
    holds: Callable[[Side, Side], bool]


class Comparison(msgspec.Struct, frozen=True):
    """``left operator right``; *right* is ``None`` where the operator has one side."""

    operator: Operator
    left: JsonValue
    right: JsonValue


class Group(msgspec.Struct, frozen=True):
    """All (``AND``) or any (``OR``) of the conditions in it."""

    operator: str
    conditions: tuple[Condition, ...]


Condition: TypeAlias = "Group | Comparison | bool | str"

GROUPS: Final = ("AND", "OR")


def parse_condition(value: JsonValue, *, at: str = "", depth: int = 0) -> Condition:
    """Read the ``if`` of a condition: a group, a comparison, true or false, or one expression.

    Raises:
        DefinitionError: it is none of these; ``at`` names the place.
    """
    if isinstance(value, bool | str):
        return value
    if not isinstance(value, dict):
        raise DefinitionError(
            f"expected a condition {{operator, operands}}, found {type_name(value)}", at=at
        )
    if depth > _MAX_DEPTH:
        raise DefinitionError(f"expected at most {_MAX_DEPTH} levels of groups", at=at)
    code = value.get("operator")
    if not isinstance(code, str):
        raise DefinitionError(
            f"expected the code of an operator, found {type_name(code)}", at=f"{at}/operator"
        )
    operands = value.get("operands")
    if not isinstance(operands, list):
        raise DefinitionError(f"expected a list, found {type_name(operands)}", at=f"{at}/operands")
    if code in GROUPS:
        return Group(
            code,
            tuple(
                parse_condition(item, at=f"{at}/operands/{index}", depth=depth + 1)
                for index, item in enumerate(operands)
            ),
        )
    return _parse_comparison(code, operands, at=at)


def _parse_comparison(code: str, operands: list[JsonValue], *, at: str) -> Comparison:
    operator = OPERATORS.get(code)
    if operator is None:
        known = [*GROUPS, *OPERATORS]
        raise DefinitionError(
            f"expected one of {', '.join(known)}, found {code!r}",
            at=f"{at}/operator",
            hint=did_you_mean(code, known),
        )
    expected = 2 if operator.is_binary else 1
    # Editors may keep an empty second side beside an operator that has one.
    if len(operands) != expected and not (expected == 1 and operands[1:] == [None]):
        raise DefinitionError(
            f"expected {expected} operand{'s' if expected > 1 else ''} for {code}, "
            f"found {len(operands)}",
            at=f"{at}/operands",
        )
    return Comparison(operator, operands[0], operands[1] if expected > 1 else None)


def evaluate(condition: Condition, resolve: Resolve) -> tuple[bool, JsonValue]:
    """Evaluate *condition*; groups stop at the first side that decides.

    Returns:
        Whether it holds, and the condition with its sides resolved, as records show it; sides that
        were not reached stand as they were written.
    """
    if isinstance(condition, bool):
        return condition, condition
    if isinstance(condition, str):
        value = resolve(condition)
        return _is_true(value, UNDEFINED), _shown(value)
    if isinstance(condition, Comparison):
        return _compare(condition, resolve)
    decides = condition.operator == "OR"
    result = not decides
    shown: list[JsonValue] = []
    for part in condition.conditions:
        if result == decides:
            shown.append(_as_written(part))
            continue
        result, part_shown = evaluate(part, resolve)
        shown.append(part_shown)
    return result, {"operator": condition.operator, "operands": shown}


def _compare(comparison: Comparison, resolve: Resolve) -> tuple[bool, JsonValue]:
    left = resolve(comparison.left)
    right = resolve(comparison.right) if comparison.operator.is_binary else UNDEFINED
    sides = [_shown(left), _shown(right)] if comparison.operator.is_binary else [_shown(left)]
    shown: JsonObject = {"operator": comparison.operator.code, "operands": sides}
    return comparison.operator.holds(left, right), shown


def _as_written(condition: Condition) -> JsonValue:
    if isinstance(condition, Group):
        return {
            "operator": condition.operator,
            "operands": [_as_written(part) for part in condition.conditions],
        }
    if isinstance(condition, Comparison):
        sides = [condition.left]
        if condition.operator.is_binary:
            sides.append(condition.right)
        return {"operator": condition.operator.code, "operands": sides}
    return condition


def _shown(value: Side) -> JsonValue:
    return None if isinstance(value, Undefined) else value


def _is_nothing(value: Side) -> bool:
    return value is None or isinstance(value, Undefined)


def _equal(left: Side, right: Side) -> bool:
    """Equal, or a number or boolean against a string equal to its text; undefined equals null."""
    if _is_nothing(left) or _is_nothing(right):
        return _is_nothing(left) and _is_nothing(right)
    if isinstance(left, str) != isinstance(right, str):
        text, other = (left, right) if isinstance(left, str) else (right, left)
        return isinstance(other, bool | int | float) and shown_text(other) == text
    return _same(left, right)


def _same(left: Side, right: Side) -> bool:
    """Deep equality in which true is not 1, as JSON has it."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return left == right


def _order(left: Side, right: Side) -> int | None:
    """Return -1, 0 or 1; None where the sides have no order between them.

    Numbers go by size, also against a number written as text; other texts by UTF-16 units, so that
    ISO 8601 dates go by time.
    """
    left_number, right_number = _number(left), _number(right)
    if left_number is not None and right_number is not None:
        return (left_number > right_number) - (left_number < right_number)
    if isinstance(left, str) and isinstance(right, str):
        one, other = left.encode("utf-16-be"), right.encode("utf-16-be")
        return (one > other) - (one < other)
    return None


def _number(value: Side) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _includes(left: Side, right: Side) -> bool:
    """A list has the item, a text the part, an object the key."""
    if isinstance(left, list):
        return any(_equal(item, right) for item in left)
    if _is_nothing(right) or isinstance(right, list | dict):
        return False
    if isinstance(left, str):
        return shown_text(right) in left
    return isinstance(left, dict) and shown_text(right) in left


def _text(value: Side) -> str | None:
    return shown_text(value) if isinstance(value, bool | int | float | str) else None


def _starts_with(left: Side, right: Side) -> bool:
    text, part = _text(left), _text(right)
    return text is not None and part is not None and text.startswith(part)


def _ends_with(left: Side, right: Side) -> bool:
    text, part = _text(left), _text(right)
    return text is not None and part is not None and text.endswith(part)


def _is_true(left: Side, _: Side) -> bool:
    return left is True or left == "true"


def _is_false(left: Side, _: Side) -> bool:
    return left is False or left == "false"


def _has_no_value(left: Side, _: Side) -> bool:
    return _is_nothing(left) or left in ("", [], {})


def _table() -> dict[str, Operator]:
    rows: tuple[tuple[str, str, bool, Callable[[Side, Side], bool]], ...] = (
        ("EQ", "is equal to", True, _equal),
        ("NEQ", "is different to", True, lambda a, b: not _equal(a, b)),
        ("GT", "is greater than", True, lambda a, b: _order(a, b) == 1),
        ("GTE", "is greater or equal than", True, lambda a, b: _order(a, b) in {0, 1}),
        ("LT", "is less than", True, lambda a, b: _order(a, b) == -1),
        ("LTE", "is less than or equal", True, lambda a, b: _order(a, b) in {0, -1}),
        ("INCLUDES", "includes", True, _includes),
        ("NOT_INCLUDES", "does not include", True, lambda a, b: not _includes(a, b)),
        ("STARTS_WITH", "starts with", True, _starts_with),
        ("ENDS_WITH", "ends with", True, _ends_with),
        ("EXISTS", "exists", False, lambda a, _: not isinstance(a, Undefined)),
        ("NOT_EXISTS", "does not exist", False, lambda a, _: isinstance(a, Undefined)),
        ("IS_NULL", "is null", False, lambda a, _: _is_nothing(a)),
        ("IS_NOT_NULL", "is not null", False, lambda a, _: not _is_nothing(a)),
        ("HAS_NO_VALUE", "has not value", False, _has_no_value),
        ("IS_TRUE", "is true", False, _is_true),
        ("IS_FALSE", "is false", False, _is_false),
    )
    return {
        code: Operator(code=code, label=label, is_binary=is_binary, holds=holds)
        for code, label, is_binary, holds in rows
    }


OPERATORS: Final = _table()
"""The seventeen comparisons of Auth0's editor, by code."""
