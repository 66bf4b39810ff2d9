"""Filters for any value. Source: LiquidJS 10.30.1, ``filters/misc``."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from sluiceway.errors import LiquidRenderError
from sluiceway.expressions import javascript
from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import Drop, is_list, is_object, is_truthy, plain, to_integer

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
        if len(arguments.positional) > 1:
            raise LiquidRenderError("default expects 1 argument and allow_false, found more")
        return False if is_js_true(arguments.named.get("allow_false", False)) else otherwise
    return value if is_truthy(value) else otherwise


def is_js_true(value: LiquidValue) -> bool:
    """Tell whether JavaScript takes *value* for true."""
    value = plain(value)
    return isinstance(value, list | dict | Drop) or javascript.to_boolean(value)


def _json(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    indent = int(min(max(to_integer(arguments.get(0, 0)), 0), _WIDEST))
    found = _encodable(plain(value))
    if found is UNDEFINED:
        return UNDEFINED
    try:
        text = json.dumps(
            found,
            ensure_ascii=False,
            allow_nan=False,
            indent=indent or None,
            separators=None if indent else (",", ":"),
        )
    except (RecursionError, ValueError) as error:
        raise LiquidRenderError("the value is nested too deep for JSON") from error
    arguments.use(len(text))
    return text


def _encodable(value: Any) -> Any:
    value = plain(value)
    if is_list(value):
        return [None if item is UNDEFINED else _encodable(item) for item in value]
    if is_object(value):
        return {key: _encodable(item) for key, item in value.items() if item is not UNDEFINED}
    if isinstance(value, float):
        return javascript.json_number(value) if math.isfinite(value) else None
    return "[object Object]" if isinstance(value, Drop) else value


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
