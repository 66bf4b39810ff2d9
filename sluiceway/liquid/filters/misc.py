"""Filters for any value. Source: LiquidJS 10.30.1, ``filters/misc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.errors import ExpressionEvaluationError, LiquidRenderError
from sluiceway.expressions import javascript, utf16
from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import (
    Drop,
    is_js_true,
    is_list,
    is_object,
    is_truthy,
    plain,
    to_integer,
)

if TYPE_CHECKING:
    from sluiceway.liquid.filters.base import FilterArguments
    from sluiceway.liquid.values import LiquidValue

__all__ = ["FILTERS"]

_WIDEST: Final = 10


def _default(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    value = plain(value)
    otherwise = arguments.positional[0] if arguments.positional else UNDEFINED
    if is_list(value) or isinstance(value, str):
        return value or otherwise
    if value is False:
        return False if _allows_false(arguments) else otherwise
    return value if is_truthy(value) else otherwise


def _allows_false(arguments: FilterArguments) -> bool:
    """Look through the named arguments, which are lists of two: any such list counts as one."""
    allowed: LiquidValue = False
    for pair in arguments.positional[1:]:
        if not isinstance(pair, list | dict | Drop):
            raise LiquidRenderError("default expects 1 argument and allow_false, found more")
        if is_list(pair) and pair[:1] == ["allow_false"]:
            allowed = pair[1] if len(pair) > 1 else False
    return is_js_true(allowed)


def _json(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    indent = _indent(arguments.get(0))
    found = _encodable(value)
    if found is UNDEFINED:
        return UNDEFINED
    try:
        text = javascript.json_text(found, indent=indent)
    except (RecursionError, ExpressionEvaluationError) as error:
        raise LiquidRenderError("the value is too large or nested too deep for JSON") from error
    arguments.use(len(text))
    return text


def _indent(given: LiquidValue) -> str | None:
    """Return what ``JSON.stringify`` puts before a line; V8 breaks lines for any number over 0."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return " " * int(min(to_integer(given), _WIDEST)) if given > 0 else None
    return utf16.cut(given, 0, _WIDEST) or None if isinstance(given, str) else None


def _encodable(value: LiquidValue) -> LiquidValue:
    """Return *value* as data: of an object that the engine made, what it holds."""
    if isinstance(value, Drop):
        return value.own()
    if is_list(value):
        return [_encodable(item) for item in value]
    if is_object(value):
        return {key: _encodable(item) for key, item in value.items()}
    return value


def _to_integer(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    del arguments
    return javascript.to_number(plain(value))


def _raw(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    del arguments
    return value


FILTERS: Final = FilterFamily(
    {
        "default": _default,
        "inspect": _json,
        "json": _json,
        "jsonify": _json,
        "raw": _raw,
        "to_integer": _to_integer,
    }
)
