"""Turn a syntax tree into nested Python closures over a :class:`Scope`.

Chains are loops, so only nesting, which the parser limits, uses the stack.
"""

from __future__ import annotations

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
    from collections.abc import Callable
    from typing import NoReturn

    from sluiceway.expressions.functions.base import TemplateFunction
    from sluiceway.expressions.nodes import Node
    from sluiceway.expressions.values import Scope, Value

    Closure: TypeAlias = Callable[[Scope], Value]

__all__ = ["Closure", "compile_node", "explain_bad_call", "explain_unknown_function", "spend"]


def compile_node(node: Node, source: str) -> Closure:
    """Return the closure that evaluates *node*; *source* is the text its offsets count in.

    The closure raises ``ExpressionEvaluationError`` with line and column, and nothing else.
    """
    match node:
        case Literal(value=value):
            return lambda _: value
        case Root(name=name):
            return _compile_root(name)
        case Access():
            return _compile_access(node, source)
        case Coalesce(parts=parts):
            return _compile_coalesce([compile_node(part, source) for part in parts])
        case Array(items=items):
            closures = [compile_node(item, source) for item in items]
            return lambda scope: [closure(scope) for closure in closures]
        case Call():
            return _compile_call(node, source)
        case BadCall():
            return _failing(source, node.offset, *explain_bad_call(node))


def explain_bad_call(node: BadCall) -> tuple[str, str]:
    """Return the message and the hint for a call of what is no function."""
    callee = print_expression(node.callee)
    shown = callee if len(callee) <= 40 else f"{callee[:40]}…"  # noqa: PLR2004 - a message's width
    return f"`{shown}` is not a function", hint_for_call(callee, function_names())


def explain_unknown_function(node: Call) -> tuple[str, str]:
    """Return the message and the hint for a call of a function that does not exist."""
    known = function_names()
    hint = suggest(node.name, known) or f"the functions are {', '.join(known)}"
    return f"there is no function `{node.name[:40]}`", hint


def _failing(source: str, offset: int, message: str, hint: str) -> Closure:
    def fail(_: Scope) -> NoReturn:
        line, column = place(source, offset)
        raise ExpressionEvaluationError(message, hint=hint, line=line, column=column, source=source)

    return fail


def _compile_root(name: str) -> Closure:
    if name not in ROOTS:
        return lambda _: UNDEFINED
    return cast("Closure", attrgetter(name))


def _compile_access(node: Access, source: str) -> Closure:
    base = compile_node(node.base, source)
    if all(isinstance(step, str) for step in node.steps):
        keys = cast("tuple[str, ...]", node.steps)
        return _placed(_constant_path(base, keys), source, node.offset)
    steps = [s if isinstance(s, str) else compile_node(s, source) for s in node.steps]

    def read(scope: Scope) -> Value:
        value = base(scope)
        for step in steps:
            key = step if isinstance(step, str) else step(scope)
            if not isinstance(key, str):
                spend(scope, key)
                key = to_text(key)
            value = _step_into(scope, value, key)
        return value

    return _placed(read, source, node.offset)


def _constant_path(base: Closure, keys: tuple[str, ...]) -> Closure:
    def read(scope: Scope) -> Value:
        value = base(scope)
        for key in keys:
            if type(value) is dict:
                value = value.get(key, UNDEFINED)
            else:
                value = _step_into(scope, value, key)
        return value

    return read


def _step_into(scope: Scope, value: Value, key: str) -> Value:
    if isinstance(value, str):
        spend(scope, value)
    return member(value, key)


def _compile_coalesce(parts: list[Closure]) -> Closure:
    *first, last = parts

    def choose(scope: Scope) -> Value:
        for part in first:
            value = part(scope)
            if value is not None and value is not UNDEFINED:
                return value
        return last(scope)

    return choose


def spend(scope: Scope, value: object, *, into_objects: bool = False) -> None:
    """Count a large text or array that is about to be read, against ``MAX_WORK``.

    Raises:
        ExpressionEvaluationError: this template has read too much.
    """
    if isinstance(value, str):
        size = len(value)
    elif isinstance(value, (list, dict)):
        size = limits.measure(value, limits.MAX_WORK, into_objects=into_objects)
    else:
        return
    if size > limits.SMALL:
        scope.work += size
    if scope.work > limits.MAX_WORK:
        raise ExpressionEvaluationError(
            f"the template reads more than {limits.MAX_WORK:,} characters of data",
            hint="work on a smaller part of the data",
        )


def _compile_call(node: Call, source: str) -> Closure:
    function = load_function(node.name)
    if function is None:
        return _failing(source, node.offset, *explain_unknown_function(node))
    count = len(function.parameters)
    arguments = [compile_node(a, source) for a in node.arguments[:count]]
    call = function.call
    if function.reads == "nothing" and len(arguments) == 1:
        return _placed(_call_of_one(call, arguments[0]), source, node.offset)
    return _placed(_call_of_many(function, arguments), source, node.offset)


def _call_of_one(call: Callable[..., Value], argument: Closure) -> Closure:
    def run(scope: Scope) -> Value:
        value = argument(scope)
        spend(scope, value)
        return call(value)

    return run


def _call_of_many(function: TemplateFunction, arguments: list[Closure]) -> Closure:
    call = function.call
    before: Callable[[Scope], tuple[object, ...]] = {
        "nothing": lambda _: (),
        "sources": lambda scope: (scope.sources,),
        "masked": lambda scope: (scope.masked,),
    }[function.reads]

    def run(scope: Scope) -> Value:
        values = [argument(scope) for argument in arguments]
        for value in values:
            spend(scope, value)
        return call(*before(scope), *values)

    return run


def _placed(closure: Closure, source: str, offset: int) -> Closure:
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
