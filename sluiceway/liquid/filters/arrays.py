"""Filters for lists; sorts are stable. Source: LiquidJS 10.30.1, ``filters/array``."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from sluiceway.expressions import utf16
from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import (
    Drop,
    compare,
    is_js_true,
    is_list,
    is_nil,
    is_object,
    js_number,
    plain,
    read_property,
    stringify,
    to_array,
    to_count,
    to_integer,
    to_number,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.liquid.filters.base import FilterArguments, Handler
    from sluiceway.liquid.values import LiquidValue

__all__ = ["FILTERS"]

_COMPARISONS: Final = 512


def _items(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    items = to_array(value)
    arguments.use_items(len(items))
    return items


def _join(value: LiquidValue, arguments: FilterArguments) -> str:
    separator = arguments.get(0)
    between = " " if is_nil(separator) else stringify(separator)
    items = _items(value, arguments)
    texts = ["" if is_nil(item) else _joined(item) for item in items]
    arguments.use(sum(map(len, texts)) + len(between) * len(texts))
    return utf16.join([between.join(texts)])


def _joined(item: LiquidValue) -> str:
    return "[object Object]" if isinstance(item, Drop) else to_text(item)


def _first(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    del arguments
    return _at(value, 0)


def _last(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    del arguments
    return _at(value, -1)


def _at(value: LiquidValue, index: int) -> LiquidValue:
    value = plain(value)
    if isinstance(value, str):
        units = utf16.length(value)
        at = index if index >= 0 else units + index
        return (utf16.cut(value, at, at + 1) or UNDEFINED) if value else ""
    if is_object(value) and _has_length(value):
        return UNDEFINED
    if not is_list(value):
        return ""
    return value[index] if value else UNDEFINED


def _has_length(value: dict[str, LiquidValue]) -> bool:
    return isinstance(value.get("length"), int | float)


def _reverse(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return _items(value, arguments)[::-1]


def _size(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    del arguments
    if is_list(value):
        return len(value)
    if isinstance(value, str):
        return utf16.length(value)
    if is_object(value):
        return value.get("length") or 0
    return value.own().get("length", 0) if isinstance(value, Drop) else 0


def _sorted(
    value: LiquidValue,
    arguments: FilterArguments,
    order: Callable[[LiquidValue, LiquidValue], int],
) -> list[LiquidValue]:
    items = _items(value, arguments)
    name = arguments.positional[0] if arguments.positional else UNDEFINED
    if not is_js_true(name):
        keyed = [(item, item) for item in items]
    else:
        path = stringify(name).split(".")
        keyed = [(_read(item, path), item) for item in items]
    looks = count(1)

    def timed(one: LiquidValue, other: LiquidValue) -> int:
        # A long list takes seconds to sort, and the budget is where the clock is read.
        if not next(looks) % _COMPARISONS:
            arguments.use(1)
        return order(one, other)

    by_key = cmp_to_key(timed)
    return [item for _, item in sorted(keyed, key=lambda pair: by_key(pair[0]))]


def _read(item: LiquidValue, path: list[str]) -> LiquidValue:
    for name in path:
        item = read_property(item, name)
    return item


def _nil_order(one: LiquidValue, other: LiquidValue) -> int | None:
    if is_nil(one) or is_nil(other):
        return is_nil(one) - is_nil(other)
    return None


def _order(one: LiquidValue, other: LiquidValue) -> int:
    decided = _nil_order(one, other)
    if decided is not None:
        return decided
    return compare(">", one, other) - compare("<", one, other)


def _natural_order(one: LiquidValue, other: LiquidValue) -> int:
    decided = _nil_order(one, other)
    if decided is not None:
        return decided
    return _order(to_text(one).lower(), to_text(other).lower())


def _sort(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return _sorted(value, arguments, _order)


def _sort_natural(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return _sorted(value, arguments, _natural_order)


def _map(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    path = stringify(arguments.get(0)).split(".")
    return [_read(item, path) for item in _items(value, arguments)]


def _sum(value: LiquidValue, arguments: FilterArguments) -> float:
    name = arguments.positional[0] if arguments.positional else UNDEFINED
    path = stringify(name).split(".") if is_js_true(name) else []
    return sum(to_number(_read(item, path)) for item in _items(value, arguments))


def _compact(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return [item for item in _items(value, arguments) if not is_nil(plain(item))]


def _concat(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return [*_items(value, arguments), *_items(arguments.get(0), arguments)]


def _push(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return [*_items(value, arguments), _as_given(arguments)]


def _unshift(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return [_as_given(arguments), *_items(value, arguments)]


def _as_given(arguments: FilterArguments) -> LiquidValue:
    """Return the first argument, an object of the engine as itself."""
    return arguments.positional[0] if arguments.positional else UNDEFINED


def _pop(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return _items(value, arguments)[:-1]


def _shift(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    return _items(value, arguments)[1:]


def _uniq(value: LiquidValue, arguments: FilterArguments) -> list[LiquidValue]:
    seen: set[Any] = set()
    kept: list[LiquidValue] = []
    for item in _items(value, arguments):
        # SameValueZero: true is not 1, objects and lists are themselves only.
        is_own = is_list(item) or is_object(item)
        key = (isinstance(item, bool), is_own, id(item) if is_own else item)
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _slice(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    value = plain(value)
    if is_nil(value):
        return []
    whole: list[LiquidValue] | str = value if is_list(value) else stringify(value)
    begin, length = arguments.get(0), arguments.get(1, 1)
    if compare("<", begin, 0):
        # JavaScript's + runs texts together; authors who quote a number meet it, here and below.
        is_text = isinstance(begin, str | list)
        begin = f"{len(whole)}{to_text(begin)}" if is_text else len(whole) + to_number(begin)
    if compare("<", begin, 0) or compare("<", length, 0):
        return whole[:0]
    if is_list(whole):
        start = int(min(max(to_integer(begin), 0), len(whole)))
        stop = _list_end(begin, length, len(whole))
    else:
        start = to_count(js_number(begin), len(whole))
        stop = start + to_count(js_number(length), len(whole) - start)
    arguments.use(max(stop - start, 0))
    return whole[start:stop]


def _list_end(begin: LiquidValue, length: LiquidValue, size: int) -> int:
    if isinstance(begin, str | list | dict) or isinstance(length, str | list | dict):
        end = to_integer(to_text(begin) + to_text(length))
    else:
        end = _plus(begin, length)
    return int(min(end, size)) if end >= 0 else max(size + int(max(end, -size)), 0)


def _plus(begin: LiquidValue, length: LiquidValue) -> float:
    return 0 if begin is UNDEFINED else to_integer(to_number(begin) + to_number(length))


def _sample(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    from random import SystemRandom  # noqa: PLC0415 - heavy, and seldom used

    chance = SystemRandom()
    value = plain(value)
    if is_nil(value):
        return []
    items: list[LiquidValue] = value if is_list(value) else list(stringify(value))
    arguments.use_items(len(items))
    count = arguments.get(0, 1)
    if count == 1 and not isinstance(count, bool):
        return chance.choice(items) if items else UNDEFINED
    shuffled = chance.sample(items, len(items))
    most = to_integer(count)
    return shuffled[: int(max(min(most, len(items)), -len(items)))]


_TABLE: Final[dict[str, Handler]] = {
    "compact": _compact,
    "concat": _concat,
    "first": _first,
    "join": _join,
    "last": _last,
    "map": _map,
    "pop": _pop,
    "push": _push,
    "reverse": _reverse,
    "sample": _sample,
    "shift": _shift,
    "size": _size,
    "slice": _slice,
    "sort": _sort,
    "sort_natural": _sort_natural,
    "sum": _sum,
    "uniq": _uniq,
    "unshift": _unshift,
}
FILTERS: Final = FilterFamily(_TABLE)
