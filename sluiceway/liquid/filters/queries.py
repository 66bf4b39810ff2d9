"""Filters that look into the items of a list, by a property or by an expression.

Source: LiquidJS 10.30.1, ``filters/array``. A property is read as a path of the item's own; an
expression as a value with filters, with the item under a name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sluiceway.errors import LiquidRenderError, LiquidSyntaxError
from sluiceway.expressions import javascript
from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.expressions import Reader
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.nodes import Value
from sluiceway.liquid.values import (
    equals,
    is_js_true,
    is_list,
    is_object,
    is_truthy,
    stringify,
    to_array,
    to_enumerable,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.liquid.expressions import Evaluate
    from sluiceway.liquid.filters.base import FilterArguments, Handler
    from sluiceway.liquid.values import LiquidValue

    Key: TypeAlias = "Callable[[LiquidValue], LiquidValue]"

__all__ = ["FILTERS"]

_KEPT: Final = 256


@lru_cache(maxsize=_KEPT)
def _property(text: str) -> Evaluate | None:
    return Reader(text, 0, len(text)).read_scope_value()


def _by_property(arguments: FilterArguments) -> Key:
    """Return what reads the property that the first argument names."""
    try:
        read = _property(stringify(arguments.get(0)))
    except LiquidSyntaxError as error:
        raise LiquidRenderError(error.message) from error
    if read is None:
        return lambda _: UNDEFINED
    rendering = arguments.rendering.within(None)

    def find(item: LiquidValue) -> LiquidValue:
        rendering.budget.step()
        rendering.environment = item
        return read(rendering)

    return find


@lru_cache(maxsize=_KEPT)
def _expression(text: str) -> Value:
    return Value(Reader(text, 0, len(text)).read_filtered_value(), text)


def _by_expression(arguments: FilterArguments) -> Key:
    """Return what evaluates the second argument, with an item under the name of the first."""
    rendering = arguments.rendering
    name = to_text(arguments.get(0))
    try:
        value = _expression(stringify(arguments.get(1)))
    except LiquidSyntaxError as error:
        raise LiquidRenderError(f"invalid value expression: {error.message}") from error
    unknown = next(iter(value.unknown), None)
    if rendering.strict_filters and unknown is not None:
        raise LiquidRenderError(f"undefined filter: {unknown}")

    def find(item: LiquidValue) -> LiquidValue:
        rendering.budget.step()
        rendering.scopes.append({name: item})
        found = value.evaluate(rendering)
        rendering.scopes.pop()
        return found

    return find


def _items(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    items = to_array(value)
    arguments.use_items(len(items))
    return items


def _is_as_expected(arguments: FilterArguments) -> Callable[[LiquidValue], bool]:
    expected = arguments.positional[1] if len(arguments.positional) > 1 else UNDEFINED
    if expected is UNDEFINED:
        return is_truthy
    return lambda found: equals(found, expected)


def _select(*, wanted: bool) -> Handler:
    def select(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
        items = _items(value, arguments)
        key, matches = _by_property(arguments), _is_as_expected(arguments)
        return [item for item in items if matches(key(item)) is wanted]

    return select


def _select_by_expression(*, wanted: bool) -> Handler:
    def select(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
        key = _by_expression(arguments)
        return [item for item in _items(value, arguments) if key(item) is wanted]

    return select


def _search(*, by_expression: bool) -> Callable[[LiquidValue, FilterArguments], int]:
    def search(value: LiquidValue, arguments: FilterArguments) -> int:
        """Return the index of the first item that matches, or -1."""
        if by_expression:
            key: Key = _by_expression(arguments)
            matches: Callable[[LiquidValue], bool] = is_js_true
        else:
            key, matches = _by_property(arguments), _is_as_expected(arguments)
        for index, item in enumerate(_items(value, arguments)):
            if matches(key(item)):
                return index
        return -1

    return search


def _find(*, by_expression: bool) -> Handler:
    search = _search(by_expression=by_expression)

    def find(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
        index = search(value, arguments)
        return UNDEFINED if index < 0 else to_array(value)[index]

    return find


def _find_index(*, by_expression: bool) -> Handler:
    search = _search(by_expression=by_expression)

    def find_index(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
        index = search(value, arguments)
        return UNDEFINED if index < 0 else index

    return find_index


def _has(*, by_expression: bool) -> Handler:
    search = _search(by_expression=by_expression)
    return lambda value, arguments: search(value, arguments) >= 0


def _group(*, by_expression: bool) -> Handler:
    read = _by_expression if by_expression else _by_property

    def group(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
        items = to_enumerable(value)
        arguments.use_items(len(items))
        key = read(arguments)
        groups: dict[Any, LiquidValue] = {}
        for item in items:
            name = key(item)
            made = groups.setdefault(_identity(name), {"name": name, "items": []})
            made["items"].append(item)
        return [*groups.values()]

    return group


def _identity(value: LiquidValue) -> Any:
    """Return what is equal for what is the same in a JavaScript Map (SameValueZero)."""
    if isinstance(value, bool) or is_list(value) or is_object(value):
        return bool, id(value)
    if isinstance(value, int | float):
        number = javascript.as_double(value)
        return number if number == number else "NaN", float  # noqa: PLR0124 - NaN is not itself
    return value


_TABLE: Final[dict[str, Handler]] = {
    "find": _find(by_expression=False),
    "find_exp": _find(by_expression=True),
    "find_index": _find_index(by_expression=False),
    "find_index_exp": _find_index(by_expression=True),
    "group_by": _group(by_expression=False),
    "group_by_exp": _group(by_expression=True),
    "has": _has(by_expression=False),
    "has_exp": _has(by_expression=True),
    "reject": _select(wanted=False),
    "reject_exp": _select_by_expression(wanted=False),
    "where": _select(wanted=True),
    "where_exp": _select_by_expression(wanted=True),
}
FILTERS: Final = FilterFamily(_TABLE)
