"""How much one expression may ask for, so that no template takes long or fills the memory.

Lengths of text count UTF-16 units, as JavaScript does; the figures are ours, Auth0 names none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.errors import ExpressionEvaluationError

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = [
    "ITEM_WEIGHT",
    "MAX_ARGUMENTS",
    "MAX_CHAIN",
    "MAX_DEPTH",
    "MAX_EXPRESSION_LENGTH",
    "MAX_ITEMS",
    "MAX_NESTING",
    "MAX_NODES",
    "MAX_TEXT",
    "MAX_WORK",
    "SMALL",
    "WIDE",
    "check_items",
    "check_text",
    "measure",
]

MAX_EXPRESSION_LENGTH = 10_000
"""Characters of all the expressions of one template together."""

MAX_DEPTH = 64
"""Parentheses, arrays and calls inside each other."""

MAX_CHAIN = 200
"""Steps of one path, and parts of one ``??`` chain."""

MAX_ARGUMENTS = 200
"""Arguments of a call, and items of an array literal."""

MAX_TEXT = 1_000_000
"""UTF-16 units of a text that a function or a template makes."""

MAX_ITEMS = 25_000
"""Items of an array that a function makes."""

MAX_NODES = 10_000
"""Values turned into text at once: of an object embedded in text, of an array made a string."""

MAX_NESTING = 200
"""Levels of arrays and objects in data that is turned into text or resolved."""

MAX_WORK = 2_000_000
"""Characters and items that the functions of one template take and give, small ones not counted."""

WIDE = 4
"""A character of a text that is not all ASCII counts as so many: what it takes in memory."""

SMALL = 1_000
"""A text or array up to this size is not counted against ``MAX_WORK``."""

ITEM_WEIGHT = 64
"""An item of an array or object counts as so many characters."""


def check_text(length: int) -> None:
    """Refuse to make a text of *length* UTF-16 units; call it before making it.

    Raises:
        ExpressionEvaluationError: *length* is over ``MAX_TEXT``.
    """
    if length > MAX_TEXT:
        raise ExpressionEvaluationError(
            f"the result would have {length:,} characters, more than the {MAX_TEXT:,} allowed",
            hint="work on a smaller part of the text",
        )


def check_items(count: int) -> None:
    """Refuse to make an array of *count* items; call it before making it.

    Raises:
        ExpressionEvaluationError: *count* is over ``MAX_ITEMS``.
    """
    if count > MAX_ITEMS:
        raise ExpressionEvaluationError(
            f"the result would have {count:,} items, more than the {MAX_ITEMS:,} allowed",
            hint="work on a smaller part of the array or text",
        )


def measure(value: Value, most: int, *, into_objects: bool) -> int:
    """Count the characters and items in *value*, nested arrays too; stop soon after *most*.

    An item weighs ``ITEM_WEIGHT`` characters, about what it costs. The members of objects count
    only with *into_objects*: turning an object into JSON reads them, ``String(value)`` does not.
    """
    total = 0
    waiting = [value]
    while waiting and total <= most:
        item = waiting.pop()
        if isinstance(item, str):
            total += len(item) if item.isascii() else WIDE * len(item)
        elif isinstance(item, list):
            total += ITEM_WEIGHT * len(item)
            if total <= most:
                waiting.extend([inner for inner in item if type(inner) in _SIZED])
        elif isinstance(item, dict):
            total += ITEM_WEIGHT * len(item)
            if into_objects and total <= most:
                total += sum(map(len, item))
                waiting.extend([inner for inner in item.values() if type(inner) in _SIZED])
    return total


_SIZED = frozenset({str, list, dict})
