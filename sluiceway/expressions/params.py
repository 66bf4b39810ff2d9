"""Resolve and check every template in an action's params, wherever it stands in the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.errors import ExpressionEvaluationError, ExpressionSyntaxError, LanguageError
from sluiceway.expressions.limits import MAX_NESTING
from sluiceway.expressions.template import compile_template
from sluiceway.expressions.values import Undefined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sluiceway.expressions.survey import Problem
    from sluiceway.expressions.template import Template
    from sluiceway.expressions.values import Scope
    from sluiceway.models.json import JsonValue

__all__ = ["find_problems", "find_syntax_errors", "find_templates", "resolve_params"]


def resolve_params(value: JsonValue, scope: Scope, *, skip: Collection[str] = ()) -> JsonValue:
    """Return a copy of *value* with every template in its strings resolved.

    Object keys and everything that is no string stay as they are. A string that is one ``{{ }}``
    takes the value's JSON type; undefined becomes null, as Auth0's debugger shows it.

    Args:
        value: any JSON, usually an action's params.
        scope: what the templates see.
        skip: keys of the outermost object to leave alone (Liquid texts, nested actions).

    Raises:
        ExpressionSyntaxError: a template is not in the language; ``at`` is its JSON Pointer.
        ExpressionEvaluationError: a template could not be evaluated, or *value* nests too deep.
    """
    if skip and isinstance(value, dict):
        return {
            key: item if key in skip else _resolve(item, scope, (key,))
            for key, item in value.items()
        }
    return _resolve(value, scope, ())


def _resolve(value: JsonValue, scope: Scope, path: tuple[str | int, ...]) -> JsonValue:
    if isinstance(value, str):
        return _resolve_text(value, scope, path) if "{{" in value else value
    if not isinstance(value, (list, dict)):
        return value
    if len(path) > MAX_NESTING:
        raise ExpressionEvaluationError(
            f"the params nest deeper than {MAX_NESTING} levels", at=_pointer(path)
        )
    if isinstance(value, list):
        return [_resolve(item, scope, (*path, i)) for i, item in enumerate(value)]
    return {key: _resolve(item, scope, (*path, key)) for key, item in value.items()}


def _resolve_text(text: str, scope: Scope, path: tuple[str | int, ...]) -> JsonValue:
    try:
        resolved = compile_template(text).resolve(scope)
    except LanguageError as error:
        error.at = _pointer(path)
        raise
    return None if isinstance(resolved, Undefined) else resolved


def find_templates(
    value: JsonValue, *, skip: Collection[str] = ()
) -> Iterator[tuple[str, Template | ExpressionSyntaxError]]:
    """Yield the JSON Pointer of each string with ``{{`` in it, and what it compiles to.

    Args:
        value: any JSON, usually an action's params.
        skip: keys of the outermost object to leave alone.
    """
    waiting: list[tuple[tuple[str | int, ...], JsonValue]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            if "{{" in item:
                yield _pointer(path), _compile(item, _pointer(path))
        elif isinstance(item, list):
            waiting.extend(((*path, i), inner) for i, inner in reversed([*enumerate(item)]))
        elif isinstance(item, dict):
            waiting.extend(
                ((*path, key), inner)
                for key, inner in reversed(item.items())
                if path or key not in skip
            )


def _compile(text: str, pointer: str) -> Template | ExpressionSyntaxError:
    try:
        return compile_template(text)
    except ExpressionSyntaxError as error:
        error.at = pointer
        return error


def find_syntax_errors(
    value: JsonValue, *, skip: Collection[str] = ()
) -> list[ExpressionSyntaxError]:
    """Return what must be refused before *value* is saved, in document order.

    That is what is not in the language, and calls of functions that do not exist. Each error has
    the JSON Pointer of its string in ``at``, and line and column within the string.
    """
    errors: list[ExpressionSyntaxError] = []
    for pointer, found in find_templates(value, skip=skip):
        if isinstance(found, ExpressionSyntaxError):
            errors.append(found)
            continue
        errors += (
            ExpressionSyntaxError(
                problem.message,
                hint=problem.hint,
                line=problem.line,
                column=problem.column,
                source=found.source,
                at=pointer,
            )
            for problem in found.problems
            if problem.is_fatal
        )
    return errors


def find_problems(value: JsonValue, *, skip: Collection[str] = ()) -> list[tuple[str, Problem]]:
    """Return what can be saved and evaluated but gives undefined, each with its JSON Pointer."""
    return [
        (pointer, problem)
        for pointer, found in find_templates(value, skip=skip)
        if not isinstance(found, ExpressionSyntaxError)
        for problem in found.problems
        if not problem.is_fatal
    ]


def _pointer(path: tuple[str | int, ...]) -> str:
    """Write *path* as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
