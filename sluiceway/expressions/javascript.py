"""JavaScript's conversions between values, as ECMA-262 section 7.1 defines them, and its JSON text.

Numbers are Python ints and floats; an integral float below 1e21 and the int of the same text are
one JavaScript number. ``bool`` is never taken for a number.
"""

from __future__ import annotations

import math
import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, cast

import msgspec

from sluiceway.errors import ExpressionEvaluationError
from sluiceway.expressions import utf16
from sluiceway.expressions.limits import MAX_NESTING, MAX_NODES, check_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.expressions.values import Value
    from sluiceway.models.json import JsonValue

__all__ = [
    "array_index",
    "as_double",
    "first_same",
    "is_same",
    "json_number",
    "json_text",
    "member",
    "number_text",
    "shown_text",
    "to_boolean",
    "to_integer",
    "to_json",
    "to_number",
    "to_text",
    "to_uint32",
    "whitespace",
]

whitespace = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""ECMA-262's WhiteSpace and LineTerminator characters."""

_SAFE = 2**53
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = {"0x": 16, "0o": 8, "0b": 2}
_RADIX_DIGITS = {16: re.compile("[0-9a-fA-F]+"), 8: re.compile("[0-7]+"), 2: re.compile("[01]+")}
_INDEX = re.compile("0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**32 - 2
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_OBJECT_TEXT = "[object Object]"


def as_double(number: float) -> float:
    """Return *number* with the precision that JavaScript has for it; a huge int is infinite."""
    if -_SAFE <= number <= _SAFE:
        return number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def number_text(number: float) -> str:
    """Write *number* as ``Number.prototype.toString`` does: ``1e21``, ``1e-7``, ``0`` for -0.

    Source:
        ECMA-262, Number::toString, radix 10.
    """
    if isinstance(number, int):
        if -_SAFE <= number <= _SAFE:
            return str(number)
        number = as_double(number)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and abs(number) < _SAFE:
        return str(int(number))
    sign, shortest = ("-", repr(-number)) if number < 0 else ("", repr(number))
    mantissa, _, exponent = shortest.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).strip("0")
    leading_zeros = len(whole + fraction) - len((whole + fraction).lstrip("0"))
    point = len(whole) + int(exponent or 0) - leading_zeros
    return sign + _place_point(digits, point)


def _place_point(digits: str, point: int) -> str:
    """Lay out 0.*digits* times 10 to the power *point* by the rules of Number::toString."""
    count = len(digits)
    if count <= point <= 21:  # noqa: PLR2004 - the standard's own bound
        return digits + "0" * (point - count)
    if 0 < point <= 21:  # noqa: PLR2004 - the standard's own bound
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:  # noqa: PLR2004 - the standard's own bound
        return "0." + "0" * -point + digits
    exponent = f"{point - 1:+d}"
    return f"{digits[0]}.{digits[1:]}e{exponent}" if count > 1 else f"{digits}e{exponent}"


def json_number(number: float) -> float:
    """Return *number* as the int that JavaScript would print, where it would print one.

    -0, NaN and the infinities stay floats.
    """
    if isinstance(number, int) or not number.is_integer() or abs(number) >= 1e21:  # noqa: PLR2004
        return number
    if not number:
        return number if math.copysign(1, number) < 0 else 0
    return int(number_text(number))


def _spend_nodes(left: list[int], depth: int) -> None:
    left[0] -= 1
    if left[0] < 0:
        raise ExpressionEvaluationError(
            f"an array or object of more than {MAX_NODES:,} values cannot be turned into text",
            hint="use the part of it that is needed",
        )
    if depth > MAX_NESTING:
        raise ExpressionEvaluationError(
            f"data nested deeper than {MAX_NESTING} levels cannot be turned into text"
        )


def to_text(value: Value) -> str:
    """Convert with ``String(value)``: ``undefined``, ``null``, ``1,2``, ``[object Object]``.

    Raises:
        ExpressionEvaluationError: an array is too large or too deep.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        pieces: list[str] = []
        _write_items(value, pieces, 0, [MAX_NODES])
        check_text(sum(map(len, pieces)))
        return utf16.join(pieces)
    return _scalar_text(value)


def _scalar_text(value: float | dict[str, Value] | Undefined | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, Undefined):
        return "undefined"
    if isinstance(value, dict):
        return _OBJECT_TEXT
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value)


def _write_items(items: list[Value], pieces: list[str], depth: int, left: list[int]) -> None:
    separator = ""
    for item in items:
        _spend_nodes(left, depth)
        pieces.append(separator)
        separator = ","
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, list):
            _write_items(item, pieces, depth + 1, left)
        elif item is not None and not isinstance(item, Undefined):
            pieces.append(_scalar_text(item))


def shown_text(value: Value) -> str:
    """Write *value* as it stands in the text around ``{{ }}``: nothing for null and undefined.

    Objects and arrays become JSON, the rest what ``String(value)`` gives.

    Raises:
        ExpressionEvaluationError: an array or object is too large or too deep.
    """
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, (list, dict)):
        return json_text(value)
    return _scalar_text(value)


def json_text(value: Value, *, indent: str | None = None) -> str:
    """Write *value* as ``JSON.stringify`` does; undefined at the top counts as null.

    Args:
        value: what to write.
        indent: what stands before a line for each level; ``None`` for all on one line.

    Raises:
        ExpressionEvaluationError: it is too large or too deep.
    """
    pieces: list[str] = []
    _write_json(value, pieces, _JsonForm([MAX_NODES], indent), 0)
    check_text(sum(map(len, pieces)))
    return "".join(pieces)


class _JsonForm(msgspec.Struct):
    """How JSON is written, and how many values may still be."""

    left: list[int]
    indent: str | None

    def line(self, depth: int) -> str:
        """Return what stands before an item *depth* levels in."""
        return "" if self.indent is None else f"\n{self.indent * depth}"


def _write_json(value: Value, pieces: list[str], form: _JsonForm, depth: int) -> None:
    _spend_nodes(form.left, depth)
    if isinstance(value, str):
        pieces.append(_quote(value))
    elif isinstance(value, list):
        _write_json_items(((None, item) for item in value), pieces, form, depth, "[]")
    elif isinstance(value, dict):
        members = ((key, value[key]) for key in _key_order(value))
        shown = ((key, item) for key, item in members if not isinstance(item, Undefined))
        _write_json_items(shown, pieces, form, depth, "{}")
    elif isinstance(value, bool):
        pieces.append("true" if value else "false")
    elif value is None or isinstance(value, Undefined):
        pieces.append("null")
    else:
        text = number_text(value)
        pieces.append("null" if text[-1] in "Ny" else text)


def _write_json_items(
    items: Iterable[tuple[str | None, Value]],
    pieces: list[str],
    form: _JsonForm,
    depth: int,
    brackets: str,
) -> None:
    separator, colon = brackets[0], ":" if form.indent is None else ": "
    for key, item in items:
        pieces.append(f"{separator}{form.line(depth + 1)}")
        if key is not None:
            pieces.append(f"{_quote(key)}{colon}")
        separator = ","
        _write_json(item, pieces, form, depth + 1)
    pieces.append(f"{form.line(depth)}{brackets[1]}" if separator == "," else brackets)


def _quote(text: str) -> str:
    quoted = encode_basestring(text)
    if quoted.isascii():
        return quoted
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _key_order(value: dict[str, Value]) -> list[str]:
    """Put array indexes first, ascending (ECMA-262, OrdinaryOwnPropertyKeys)."""
    keys = list(value)
    indexes = [key for key in keys if array_index(key) is not None]
    if not indexes:
        return keys
    return [*sorted(indexes, key=int), *(key for key in keys if array_index(key) is None)]


def array_index(key: str) -> int | None:
    """Return the array index that *key* spells in canonical form, or ``None``."""
    if not _INDEX.fullmatch(key):
        return None
    index = int(key)
    return index if index <= _MAX_INDEX else None


def member(value: Value, key: str) -> Value:
    """Read property *key*: own data only, and ``length`` and indexes of arrays and strings.

    Anything else, also on null and undefined, is undefined and never an error (Auth0: a variable
    that cannot be resolved acts as undefined). Nothing of a prototype is reachable.
    """
    if isinstance(value, dict):
        return value.get(key, UNDEFINED)
    if not isinstance(value, (list, str)):
        return UNDEFINED
    if key == "length":
        return len(value) if isinstance(value, list) else utf16.length(value)
    index = array_index(key)
    if index is None:
        return UNDEFINED
    if isinstance(value, list):
        return value[index] if index < len(value) else UNDEFINED
    return utf16.cut(value, index, index + 1) or UNDEFINED


def to_number(value: Value) -> float:
    """Convert with ``Number(value)``; NaN where there is no number in it (ECMA-262, ToNumber)."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return as_double(value)
    if value is None:
        return 0
    if isinstance(value, Undefined):
        return math.nan
    return _parse_number(to_text(value).strip(whitespace))


def _parse_number(text: str) -> float:
    """Read a StringNumericLiteral (ECMA-262, StringToNumber)."""
    if not text:
        return 0
    if _DECIMAL.fullmatch(text):
        return json_number(float(text))
    radix = _RADIX.get(text[:2].lower())
    if radix and _RADIX_DIGITS[radix].fullmatch(text, 2):
        return json_number(as_double(int(text[2:], radix)))
    if text.lstrip("+-") == "Infinity" and len(text) <= len("+Infinity"):
        return -math.inf if text[0] == "-" else math.inf
    return math.nan


def to_integer(value: Value) -> float:
    """Convert to an int, or to an infinity; NaN counts as 0 (ECMA-262, ToIntegerOrInfinity)."""
    number = to_number(value)
    if isinstance(number, int) or math.isinf(number):
        return number
    return 0 if math.isnan(number) else int(number)


def to_uint32(value: Value) -> int:
    """Convert to an int from 0 to 2**32 - 1, modulo 2**32 (ECMA-262, ToUint32)."""
    number = to_integer(value)
    return 0 if math.isinf(number) else int(number) % 2**32


def to_boolean(value: Value) -> bool:
    """Convert with ``Boolean(value)``: only ``false 0 NaN '' null undefined`` are false."""
    if isinstance(value, (list, dict)):
        return True
    return bool(value) and value == value  # noqa: PLR0124 - NaN alone is not equal to itself


def is_same(left: Value, right: Value, *, nan_is_itself: bool = False) -> bool:
    """Compare with ``===``: no conversion, objects and arrays by identity.

    With *nan_is_itself* it is ECMA-262's SameValueZero, which ``includes`` uses.
    """
    if left is right and not isinstance(left, float):
        return True
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        left, right = as_double(left), as_double(right)
        return left == right or (nan_is_itself and left != left and right != right)  # noqa: PLR0124
    return False


def first_same(items: list[Value], sought: Value, start: int, *, nan_is_itself: bool) -> int:
    """Return the first index from *start* on of what ``is_same`` as *sought*, or -1."""
    if isinstance(sought, str):
        # The common case, at the speed of a list: only a text is equal to a text.
        try:
            return items.index(sought, start)
        except ValueError:
            return -1
    for index in range(start, len(items)):
        if is_same(items[index], sought, nan_is_itself=nan_is_itself):
            return index
    return -1


def to_json(value: Value) -> JsonValue:
    """Return *value* as JSON would carry it: undefined and the numbers it lacks become null.

    An undefined member of an object is left out; -0 becomes 0.

    Source:
        ECMA-262, SerializeJSONProperty.
    """
    if isinstance(value, float):
        return (json_number(value) or 0) if math.isfinite(value) else None
    if isinstance(value, Undefined):
        return None
    if isinstance(value, list):
        return cast(
            "JsonValue",
            [to_json(item) if type(item) in _NOT_YET_JSON else item for item in value],
        )
    if isinstance(value, dict):
        return cast(
            "JsonValue",
            {
                key: to_json(item) if type(item) in _NOT_YET_JSON else item
                for key, item in value.items()
                if item is not UNDEFINED
            },
        )
    return cast("JsonValue", value)


_NOT_YET_JSON = frozenset({float, list, dict, Undefined})
