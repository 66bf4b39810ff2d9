"""Turn a syntax tree into nested Python closures over a :class:`Scope`.

Chains are loops, so only nesting, which the parser limits, uses the stack.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias, cast

from sluiceway.errors import ExpressionEvaluationError
from sluiceway.expressions import limits
from sluiceway.expressions.hints import hint_for_call, suggest
from sluiceway.expressions.javascript import member, to_text
from sluiceway.expressions.library import function_names, load_function
from sluiceway.expressions.nodes import Access, Array, BadCall, Call, Coalesce, Literal, Root
from sluiceway.expressions.parser import place
from sluiceway.expressions.printer import print_expression
from sluiceway.expressions.values import ROOTS, UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from sluiceway.expressions.functions.base import TemplateFunction
    from sluiceway.expressions.nodes import Node
    from sluiceway.expressions.values import Scope, Value

    Closure: TypeAlias = Callable[[Scope], Value]

__all__ = [
    "Closure",
    "compile_node",
    "explain_bad_call",
    "explain_unknown_function",
    "placing",
    "spend",
]

_SHOWN_CALLEE = 40
_SURELY_SMALL = limits.SMALL // limits.WIDE
_SIZED = frozenset({str, list, dict})


def compile_node(node: Node, source: str) -> Closure:
    """Return the closure that evaluates *node*; *source* is the text its offsets count in.

    The closure raises ``ExpressionEvaluationError`` with line and column, and nothing else.
    """
    closure: Closure
    match node:
        case Literal(value=value):
            closure = _constant(value)
        case Root(name=name):
            closure = cast("Closure", attrgetter(name)) if name in ROOTS else _constant(UNDEFINED)
        case Access():
            closure = _compile_access(node, source)
        case Coalesce(parts=parts):
            closure = _coalesce([compile_node(part, source) for part in parts])
        case Array(items=items):
            closure = _array([compile_node(item, source) for item in items])
        case Call():
            closure = _compile_call(node, source)
        case BadCall():  # pragma: no branch - there is no other kind
            closure = _failing(source, node.offset, partial(explain_bad_call, node))
    return closure


def explain_bad_call(node: BadCall) -> tuple[str, str]:
    """Return the message and the hint for a call of what is no function."""
    callee = print_expression(node.callee)
    shown = callee if len(callee) <= _SHOWN_CALLEE else f"{callee[:_SHOWN_CALLEE]}…"
    return f"`{shown}` is not a function", hint_for_call(
        callee, map(print_expression, node.arguments), function_names()
    )


def explain_unknown_function(node: Call) -> tuple[str, str]:
    """Return the message and the hint for a call of a function that does not exist."""
    known = function_names()
    hint = suggest(node.name, known) or f"the functions are {', '.join(known)}"
    return f"there is no function `{node.name[:_SHOWN_CALLEE]}`", hint


def _failing(source: str, offset: int, explain: Callable[[], tuple[str, str]]) -> Closure:
    def fail(_: Scope) -> NoReturn:
        message, hint = explain()
        line, column = place(source, offset)
        raise ExpressionEvaluationError(message, hint=hint, line=line, column=column, source=source)

    return fail


def _constant(value: Value) -> Closure:
    return lambda _: value


def _array(items: list[Closure]) -> Closure:
    return lambda scope: [item(scope) for item in items]


def _coalesce(parts: list[Closure]) -> Closure:
    *first, last = parts

    def choose(scope: Scope) -> Value:
        for part in first:
            value = part(scope)
            if value is not None and value is not UNDEFINED:
                return value
        return last(scope)

    return choose


def _compile_access(node: Access, source: str) -> Closure:
    base = compile_node(node.base, source)
    if all(isinstance(step, str) for step in node.steps):
        keys = cast("tuple[str, ...]", node.steps)
        return placing(_constant_path(base, keys), source, node.offset)
    steps = [s if isinstance(s, str) else compile_node(s, source) for s in node.steps]
    return placing(_computed_path(base, steps), source, node.offset)


def _constant_path(base: Closure, keys: tuple[str, ...]) -> Closure:
    def read(scope: Scope) -> Value:
        value = base(scope)
        for key in keys:
            if type(value) is dict:
                value = value.get(key, UNDEFINED)
            elif value is UNDEFINED:
                return value
            else:
                value = _step_into(scope, value, key)
        return value

    return read


def _computed_path(base: Closure, steps: Sequence[str | Closure]) -> Closure:
    def read(scope: Scope) -> Value:
        value = base(scope)
        for step in steps:
            key = step if isinstance(step, str) else step(scope)
            if not isinstance(key, str):
                spend(scope, key)
                key = to_text(key)
            value = _step_into(scope, value, key)
        return value

    return read


def _step_into(scope: Scope, value: Value, key: str) -> Value:
    if isinstance(value, str):
        spend(scope, value)
    return member(value, key)


def spend(scope: Scope, value: Value, *, into_objects: bool = False) -> None:
    """Count a large text or array that is read or was made, against ``MAX_WORK``.

    Raises:
        ExpressionEvaluationError: this template has worked on too much.
    """
    if isinstance(value, str) and len(value) <= _SURELY_SMALL:
        return
    size = limits.measure(value, limits.MAX_WORK, into_objects=into_objects)
    if size <= limits.SMALL:
        return
    scope.work += size
    if scope.work > limits.MAX_WORK:
        raise ExpressionEvaluationError(
            f"the template works on more than {limits.MAX_WORK:,} characters of data",
            hint="work on a smaller part of the data",
        )


def _compile_call(node: Call, source: str) -> Closure:
    function = load_function(node.name)
    if function is None:
        return _failing(source, node.offset, partial(explain_unknown_function, node))
    arguments = [compile_node(a, source) for a in node.arguments[: len(function.parameters)]]
    if function.reads == "nothing" and len(arguments) == 1:
        return placing(_call_of_one(function.call, arguments[0]), source, node.offset)
    return placing(_call_of_many(function, arguments), source, node.offset)


def _call_of_one(call: Callable[..., Value], argument: Closure) -> Closure:
    def run(scope: Scope) -> Value:
        value = argument(scope)
        if type(value) in _SIZED:
            spend(scope, value)
        result = call(value)
        if type(result) in _SIZED:
            spend(scope, result)
        return result

    return run


def _call_of_many(function: TemplateFunction, arguments: list[Closure]) -> Closure:
    call = function.call
    # What the function reads besides its arguments, as its first argument.
    first: Callable[[Scope], object] | None = None
    if function.reads != "nothing":
        first = attrgetter(function.reads)
    # What is masked is copied whole.
    into_objects = function.reads == "masked"

    def run(scope: Scope) -> Value:
        values = [argument(scope) for argument in arguments]
        for value in values:
            if type(value) in _SIZED:
                spend(scope, value, into_objects=into_objects)
        result = call(first(scope), *values) if first else call(*values)
        if type(result) in _SIZED:
            spend(scope, result)
        return result

    return run


def placing(closure: Closure, source: str, offset: int) -> Closure:
    """Give the errors of *closure* that have no place yet the place of *offset*."""

    def run(scope: Scope) -> Value:
        try:
            return closure(scope)
        except ExpressionEvaluationError as error:
            if not error.source:
                error.source = source
                error.line, error.column = place(source, offset)
            raise

    return run
