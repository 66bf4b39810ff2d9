"""Filters that calculate, with JavaScript's numbers. Source: LiquidJS 10.30.1, ``filters/math``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sluiceway.expressions.javascript import number_text
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import to_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.liquid.filters.base import FilterArguments, Handler
    from sluiceway.liquid.values import LiquidValue

__all__ = ["FILTERS"]

_MAX_SAFE: Final = 2.0**53 - 1


def _unary(calculate: Callable[[float], float]) -> Handler:
    def handle(value: LiquidValue, _: FilterArguments) -> float:
        return calculate(to_number(value))

    return handle


def _binary(calculate: Callable[[float, float], float]) -> Handler:
    def handle(value: LiquidValue, arguments: FilterArguments) -> float:
        # Without an argument JavaScript calculates with undefined: NaN.
        other = to_number(arguments.positional[0]) if arguments.positional else math.nan
        return calculate(to_number(value), other)

    return handle


def _extreme(choose: Callable[..., float]) -> Handler:
    def handle(value: LiquidValue, arguments: FilterArguments) -> float:
        return choose([to_number(value), *map(to_number, arguments.positional)])

    return handle


def _whole(rounded: Callable[[float], int]) -> Callable[[float], float]:
    return lambda number: number if not math.isfinite(number) else float(rounded(number))


def _divide(dividend: float, divisor: float) -> float:
    if divisor:
        return dividend / divisor
    if not dividend or math.isnan(dividend) or math.isnan(divisor):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def _divided_by(value: LiquidValue, arguments: FilterArguments) -> float:
    other = to_number(arguments.positional[0]) if arguments.positional else math.nan
    result = _divide(to_number(value), other)
    if len(arguments.positional) > 1 and to_number(arguments.positional[1]):
        return _whole(math.floor)(result)
    return result


def _remainder(dividend: float, divisor: float) -> float:
    if not divisor or not math.isfinite(dividend) or math.isnan(divisor):
        return math.nan
    return math.fmod(dividend, divisor)


def _modulo(number: float, divisor: float) -> float:
    return _remainder(_remainder(number, divisor) + divisor, divisor)


def _shift(number: float, exponent: float) -> float:
    """Move the decimal point in the number's text, so that 1.005 is rounded as it is written."""
    if not math.isfinite(number):
        return number
    mantissa, _, power = number_text(number).partition("e")
    moved = float(power or 0) + exponent
    return float(f"{mantissa}e{int(moved)}") if moved.is_integer() else math.nan


def _round(value: LiquidValue, arguments: FilterArguments) -> float:
    number = to_number(value)
    digits = to_number(arguments.get(0, 0))
    scaled = _shift(abs(number), digits)
    if not scaled <= _MAX_SAFE:
        return number
    rounded = _shift(float(math.floor(scaled + 0.5)), -digits)
    return -rounded if number < 0 else rounded


FILTERS: Final = FilterFamily(
    {
        "abs": _unary(abs),
        "at_least": _extreme(max),
        "at_most": _extreme(min),
        "ceil": _unary(_whole(math.ceil)),
        "divided_by": _divided_by,
        "floor": _unary(_whole(math.floor)),
        "minus": _binary(lambda one, other: one - other),
        "modulo": _binary(_modulo),
        "plus": _binary(lambda one, other: one + other),
        "round": _round,
        "times": _binary(lambda one, other: one * other),
    }
)
