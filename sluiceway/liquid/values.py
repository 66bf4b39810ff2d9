"""Values as LiquidJS 10 sees them: JSON, undefined, and the few objects that templates meet.

Source: LiquidJS 10.30.1 (``util/underscore``, ``drop/*``, ``render/operator``, ``context``), whose
behaviour the vectors in ``tests/golden`` were made with; JavaScript's conversions by ECMA-262.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

from sluiceway.errors import ExpressionEvaluationError, LiquidRenderError
from sluiceway.expressions import javascript, utf16
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BLANK",
    "EMPTY",
    "NIL",
    "WHITESPACE",
    "BlockDrop",
    "Drop",
    "ForLoop",
    "LiquidValue",
    "TableRowLoop",
    "compare",
    "contains",
    "equals",
    "is_js_true",
    "is_list",
    "is_nil",
    "is_object",
    "is_truthy",
    "js_number",
    "owns",
    "plain",
    "read_property",
    "stringify",
    "to_array",
    "to_count",
    "to_enumerable",
    "to_integer",
    "to_number",
]

# JSON, UNDEFINED or a Drop; Any, because templates may do anything with anything.
LiquidValue: TypeAlias = Any

WHITESPACE: Final = "\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""JavaScript's white space, as the inside of a character class."""

_OBJECT: Final = "[object Object]"
_ONLY_BLANK: Final = re.compile(f"[{WHITESPACE}]*")


def is_list(value: LiquidValue) -> TypeGuard[list[LiquidValue]]:
    """Tell whether *value* is a list, to the type checkers too."""
    return isinstance(value, list)


def is_object(value: LiquidValue) -> TypeGuard[dict[str, LiquidValue]]:
    """Tell whether *value* is an object of the data, to the type checkers too."""
    return isinstance(value, dict)


class Drop:
    """An object that the engine makes, not the data."""

    __slots__ = ()

    def value(self) -> LiquidValue:
        """Return what filters and output take in its place."""
        return self

    def own(self) -> dict[str, LiquidValue]:
        """Return what it holds: what printing it as JSON shows."""
        return {}

    def read(self, key: str) -> LiquidValue:
        """Return its property *key*, or undefined."""
        del key
        return UNDEFINED


class _Nil(Drop):
    """The literals ``nil`` and ``null``."""

    __slots__ = ()

    def value(self) -> None:
        return None

    def equals(self, other: LiquidValue) -> bool:
        return is_nil(plain(other))


class _Empty(Drop):
    """The literal ``empty``."""

    __slots__ = ()

    def value(self) -> LiquidValue:
        return ""

    def equals(self, other: LiquidValue) -> bool:
        if isinstance(other, _Empty):
            return False
        other = plain(other)
        return isinstance(other, str | list | dict) and not other


class _Blank(_Empty):
    """The literal ``blank``."""

    __slots__ = ()

    def equals(self, other: LiquidValue) -> bool:
        if other is False or is_nil(plain(other)):
            return True
        if isinstance(other, str):
            return _ONLY_BLANK.fullmatch(other) is not None
        return super().equals(other)


NIL: Final = _Nil()
EMPTY: Final = _Empty()
BLANK: Final = _Blank()


class ForLoop(Drop):
    """``forloop``."""

    __slots__ = ("i", "length", "name")

    def __init__(self, length: int, name: str) -> None:
        self.i = 0
        self.length = length
        self.name = name

    def value(self) -> LiquidValue:
        """See ``Drop``: its own data, as JSON."""
        return javascript.json_text(self.own())

    def own(self) -> dict[str, LiquidValue]:
        """See ``Drop``."""
        return {"i": self.i, "length": self.length, "name": self.name}

    def read(self, key: str) -> LiquidValue:
        """See ``Drop``."""
        match key:
            case "index":
                return self.i + 1
            case "index0" | "i":
                return self.i
            case "first":
                return self.i == 0
            case "last":
                return self.i == self.length - 1
            case "rindex":
                return self.length - self.i
            case "rindex0":
                return self.length - self.i - 1
            case _:
                return self.own().get(key, UNDEFINED)


class TableRowLoop(ForLoop):
    """``tablerowloop``."""

    __slots__ = ("cols",)

    def __init__(self, length: int, name: str, cols: LiquidValue) -> None:
        super().__init__(length, name)
        self.cols = cols

    def own(self) -> dict[str, LiquidValue]:
        """See ``ForLoop``."""
        return {**super().own(), "cols": self.cols}

    def read(self, key: str) -> LiquidValue:
        """See ``Drop``."""
        # The literal ``nil`` is an object to LiquidJS, and no number.
        cols = to_number(self.cols)
        column = self.i % cols if cols else math.nan
        match key:
            case "row":
                return math.floor(self.i / cols) + 1 if cols else math.inf
            case "col0":
                return column
            case "col":
                return column + 1
            case "col_first":
                return column == 0
            case "col_last":
                # ``===`` in LiquidJS: a text such as ``cols: '2'`` never is the number.
                return _is_number(self.cols) and column + 1 == cols
            case _:
                return super().read(key)


class BlockDrop(Drop):
    """``block``, with ``block.super``: what the layout has in the block's place."""

    __slots__ = ("_render",)

    def __init__(self, render: Callable[[], str]) -> None:
        self._render = render

    def read(self, key: str) -> LiquidValue:
        """See ``Drop``."""
        return self._render() if key == "super" else UNDEFINED


def plain(value: LiquidValue) -> LiquidValue:
    """Return *value*, or what stands for it where it is a drop."""
    return value.value() if isinstance(value, Drop) else value


def _is_number(value: LiquidValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_nil(value: LiquidValue) -> bool:
    """Tell whether *value* is null or undefined."""
    return value is None or value is UNDEFINED


def is_truthy(value: LiquidValue) -> bool:
    """Tell whether a condition holds: all but false, null and undefined does."""
    value = plain(value)
    return value is not False and value is not None and value is not UNDEFINED


def is_js_true(value: LiquidValue) -> bool:
    """Tell whether JavaScript takes *value* for true."""
    return isinstance(value, list | dict | Drop) or javascript.to_boolean(value)


def stringify(value: LiquidValue) -> str:
    """Return the text that output and text filters take: nothing for nil, lists run together."""
    if isinstance(value, str):
        return value
    value = plain(value)
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return javascript.number_text(value)
    if is_list(value):
        return utf16.join(map(stringify, value))
    return _OBJECT


def to_text(value: LiquidValue) -> str:
    """Return ``String(value)``: what JavaScript makes of a key or a side of a comparison."""
    value = plain(value)
    if isinstance(value, Drop):
        return _OBJECT
    try:
        return javascript.to_text(_without_drops(value) if is_list(value) else value)
    except (ExpressionEvaluationError, RecursionError) as error:
        raise LiquidRenderError("a list is too large or too deep to become text") from error


def _without_drops(items: list[LiquidValue]) -> list[LiquidValue]:
    """Return *items* as data: ``push: nil`` puts an object of the engine into a list."""
    return [
        _without_drops(item) if is_list(item) else _OBJECT if isinstance(item, Drop) else item
        for item in items
    ]


def to_number(value: LiquidValue) -> float:
    """Return ``+value || 0``: what filters calculate with. Always a float, as in JavaScript."""
    number = js_number(plain(value))
    return 0.0 if math.isnan(number) else number or 0.0


def js_number(value: LiquidValue) -> float:
    """Return ``Number(value)``, NaN where there is no number in it."""
    if isinstance(value, list | dict | Drop):
        value = to_text(value)
    return float(javascript.to_number(value))


def to_integer(value: LiquidValue) -> float:
    """Return ``ToIntegerOrInfinity(value)``."""
    number = js_number(plain(value))
    if math.isnan(number):
        return 0
    return number if math.isinf(number) else int(number)


def to_count(number: float, most: int) -> int:
    """Return how often ``i < number`` holds from 0 on, at most *most* times."""
    return 0 if math.isnan(number) else math.ceil(min(max(number, 0), most))


def to_array(value: LiquidValue) -> list[LiquidValue]:
    """Return a list as it is, nil as an empty one, and anything else alone in one."""
    value = plain(value)
    if is_nil(value):
        return []
    return value if is_list(value) else [value]


def to_enumerable(value: LiquidValue) -> list[LiquidValue]:
    """Return what a loop goes through: of an object, ``[key, value]`` pairs; of a text, itself."""
    value = plain(value)
    if is_list(value):
        return value
    if isinstance(value, str):
        return [value] if value else []
    if is_object(value):
        return [[key, item] for key, item in value.items()]
    return []


def equals(left: LiquidValue, right: LiquidValue) -> bool:
    """Compare as ``==``: by ``===``, lists item by item, nil, empty and blank by their rules."""
    if isinstance(left, _Nil | _Empty):
        return left.equals(right)
    if isinstance(right, _Nil | _Empty):
        return right.equals(left)
    left, right = plain(left), plain(right)
    if is_list(left):
        return is_list(right) and len(left) == len(right) and all(map(equals, left, right))
    if isinstance(left, Drop):
        return left is right
    return not isinstance(right, Drop) and javascript.is_same(left, right)


def compare(operator: str, left: LiquidValue, right: LiquidValue) -> bool:
    """Compare as ``<``, ``>``, ``<=`` and ``>=`` do in JavaScript; nil and empty never hold."""
    if isinstance(left, _Nil | _Empty) or isinstance(right, _Nil | _Empty):
        return False
    left, right = _primitive(left), _primitive(right)
    if isinstance(left, str) and isinstance(right, str):
        left, right = (
            left.encode("utf-16-be", "surrogatepass"),
            right.encode("utf-16-be", "surrogatepass"),
        )
    else:
        left, right = js_number(left), js_number(right)
    if operator == "<":
        return bool(left < right)
    if operator == ">":
        return bool(left > right)
    return bool(left <= right) if operator == "<=" else bool(left >= right)


def _primitive(value: LiquidValue) -> LiquidValue:
    value = plain(value)
    return to_text(value) if isinstance(value, list | dict | Drop) else value


def contains(left: LiquidValue, right: LiquidValue) -> bool:
    """Tell whether a list has the item or a text the part; anything else contains nothing."""
    left = plain(left)
    if is_list(left):
        return any(equals(item, right) for item in left)
    return isinstance(left, str) and to_text(right) in left


def owns(value: LiquidValue, name: str) -> bool:
    """Tell whether *value* has a property *name* of its own, as the ``in`` of JavaScript does."""
    if is_object(value):
        return name in value
    if is_list(value) or isinstance(value, str):
        return javascript.member(value, name) is not UNDEFINED
    return False


def read_property(value: LiquidValue, key: LiquidValue) -> LiquidValue:
    """Return a property of *value*: own data only, ``size``, ``first`` and ``last``.

    Reading from nil gives nil again, as it was: null or undefined.
    """
    if value is None or value is UNDEFINED:
        return value
    if is_object(value) and isinstance(key, str):
        found = value.get(key, UNDEFINED)
        return len(value) if found is UNDEFINED and key == "size" else found
    key = plain(key)
    if is_list(value):
        return _read_item(value, key)
    name = to_text(key)
    if isinstance(value, Drop):
        return value.read(name)
    if is_object(value):
        return value.get(name, UNDEFINED)
    if isinstance(value, str):
        return utf16.length(value) if name == "size" else javascript.member(value, name)
    return UNDEFINED


def _read_item(items: list[LiquidValue], key: LiquidValue) -> LiquidValue:
    if isinstance(key, int | float) and not isinstance(key, bool):
        key = javascript.as_double(key)
        if not math.isfinite(key) or int(key) != key:
            return UNDEFINED
        index = int(key) + (len(items) if key < 0 else 0)
        return items[index] if 0 <= index < len(items) else UNDEFINED
    name = to_text(key)
    match name:
        case "size" | "length":
            return len(items)
        case "first":
            return items[0] if items else UNDEFINED
        case "last":
            return items[-1] if items else UNDEFINED
        case _:
            return javascript.member(items, name)
