"""Compile a bare expression, or a text with ``{{ }}`` in it, once; evaluate it often.

A text that is one ``{{ expression }}`` and nothing else but white space at its ends keeps the
value's JSON type. Any other text stays text: null and undefined become nothing, objects and
arrays JSON, the rest what JavaScript's ``String`` gives.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from sluiceway.errors import ExpressionEvaluationError, ExpressionSyntaxError
from sluiceway.expressions import limits, utf16
from sluiceway.expressions.cache import TextCache
from sluiceway.expressions.compiler import compile_node, spend
from sluiceway.expressions.javascript import shown_text, to_json, whitespace
from sluiceway.expressions.nodes import Access, Root
from sluiceway.expressions.parser import Parser, parse, place
from sluiceway.expressions.values import Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.compiler import Closure
    from sluiceway.expressions.nodes import Node
    from sluiceway.expressions.survey import FunctionCall, Problem, Reference, Survey
    from sluiceway.expressions.values import Scope, Value
    from sluiceway.models.json import JsonValue

__all__ = ["Expression", "Template", "compile_expression", "compile_template"]

_KEPT = 200_000


class Expression(msgspec.Struct, frozen=True, eq=False):
    """One compiled expression. ``node`` is its syntax tree, ``source`` the text it stands in."""

    source: str
    node: Node
    run: Closure

    def evaluate(self, scope: Scope) -> Value:
        """Return the value, as it is inside the language: NaN and undefined are kept.

        What a path finds is returned itself, not a copy: treat it as read-only.

        Raises:
            ExpressionEvaluationError: a function refused its arguments, or a limit was passed.
        """
        scope.work = 0
        value = self.run(scope)
        if type(value) is list:
            _check_size(value, self)
        return value

    def resolve(self, scope: Scope) -> JsonValue | Undefined:
        """Return the value as JSON; only a value that is undefined as a whole stays undefined.

        NaN and the infinities become null, as in ``JSON.stringify``.

        Raises:
            ExpressionEvaluationError: as :meth:`evaluate`.
        """
        value = self.evaluate(scope)
        return value if isinstance(value, Undefined) else _plain(value, self.node)


class Template(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A compiled text; ``parts`` are its literal pieces and its expressions in order."""

    source: str
    parts: tuple[str | Expression, ...]
    whole: Expression | None

    @cached_property
    def survey(self) -> Survey:
        """What it reads and calls; looked through when first asked for, as evaluating does not."""
        from sluiceway.expressions.survey import survey  # noqa: PLC0415 - for checks only

        nodes = [part.node for part in self.parts if isinstance(part, Expression)]
        return survey(nodes, self.source)

    @property
    def is_literal(self) -> bool:
        """Whether there is no ``{{ }}`` in it, so that it resolves to itself."""
        return self.whole is None and all(isinstance(part, str) for part in self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether it is one ``{{ }}`` alone, whose value keeps its type."""
        return self.whole is not None

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every path that it may read, in order."""
        return self.survey.references

    @property
    def calls(self) -> tuple[FunctionCall, ...]:
        """Every call of a function, in order, inner ones first."""
        return self.survey.calls

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What parses but cannot be meant: unknown functions and roots, missing arguments."""
        return self.survey.problems

    def evaluate(self, scope: Scope) -> Value:
        """Return the value or text, as it is inside the language: NaN and undefined are kept.

        Raises:
            ExpressionEvaluationError: as ``Expression.evaluate``.
        """
        return self.whole.evaluate(scope) if self.whole else self._join(scope)

    def resolve(self, scope: Scope) -> JsonValue | Undefined:
        """Return the value or text as JSON; see ``Expression.resolve``.

        Raises:
            ExpressionEvaluationError: as ``Expression.evaluate``.
        """
        return self.whole.resolve(scope) if self.whole else self._join(scope)

    def _join(self, scope: Scope) -> str:
        scope.work = 0
        pieces: list[str] = []
        total = 0
        for part in self.parts:
            text = part if isinstance(part, str) else _text_of(part, scope)
            total += len(text)
            if total > limits.MAX_TEXT:
                raise ExpressionEvaluationError(
                    f"the text would have more than the {limits.MAX_TEXT:,} characters allowed",
                    source=self.source,
                )
            pieces.append(text)
        return utf16.join(pieces)


def _text_of(part: Expression, scope: Scope) -> str:
    value = part.run(scope)
    if isinstance(value, str):
        return value
    try:
        spend(scope, value, into_objects=True)
        return shown_text(value)
    except ExpressionEvaluationError as error:
        error.line, error.column = place(part.source, part.node.offset)
        error.source = part.source
        raise


def _plain(value: Value, node: Node) -> JsonValue:
    """Return *value* as JSON; the data that a path finds is JSON already."""
    if isinstance(value, (list, dict)) and isinstance(node, (Root, Access)):
        return value  # type: ignore[return-value]  # data of the scope, which is JSON
    return to_json(value)


def _check_size(value: Value, expression: Expression) -> None:
    """Refuse an array that an expression filled with too much, by naming large data often."""
    if isinstance(expression.node, (Root, Access)):
        return
    most = limits.ITEM_WEIGHT * limits.MAX_ITEMS
    if limits.measure(value, most, into_objects=True) > most:
        line, column = place(expression.source, expression.node.offset)
        raise ExpressionEvaluationError(
            "the resulting array is too large",
            hint="work on a smaller part of the data",
            line=line,
            column=column,
            source=expression.source,
        )


def compile_expression(text: str) -> Expression:
    """Compile *text*, one bare expression without braces.

    Raises:
        ExpressionSyntaxError: it is not in the language; with line, column and a hint.
    """
    return _expressions(text)


def compile_template(text: str) -> Template:
    """Compile *text*, any string of a flow's params.

    Raises:
        ExpressionSyntaxError: an expression in it is not in the language, or ``{{`` is not closed.
    """
    if "{{" not in text:
        return Template(text, (text,), None)
    return _templates(text)


def _compile_expression(text: str) -> Expression:
    if len(text) > limits.MAX_EXPRESSION_LENGTH:
        raise ExpressionSyntaxError(
            f"the expression has {len(text):,} characters, more than the "
            f"{limits.MAX_EXPRESSION_LENGTH:,} allowed"
        )
    node = parse(text)
    return Expression(text, node, compile_node(node, text))


def _compile_template(text: str) -> Template:
    if len(text) > limits.MAX_TEXT:
        raise ExpressionSyntaxError(
            f"the text has {len(text):,} characters, more than the {limits.MAX_TEXT:,} allowed"
        )
    parts: list[str | Expression] = []
    done = spent = 0
    while (opening := text.find("{{", done)) >= 0:
        if opening > done:
            parts.append(text[done:opening])
        node, done = _read_braces(text, opening)
        spent += done - opening
        if spent > limits.MAX_EXPRESSION_LENGTH:
            line, column = place(text, opening)
            raise ExpressionSyntaxError(
                f"the expressions have more than the {limits.MAX_EXPRESSION_LENGTH:,} "
                "characters allowed",
                line=line,
                column=column,
                source=text,
            )
        parts.append(Expression(text, node, compile_node(node, text)))
    if done < len(text):
        parts.append(text[done:])
    found = [part for part in parts if isinstance(part, Expression)]
    rest = "".join(part for part in parts if isinstance(part, str))
    whole = found[0] if len(found) == 1 and not rest.strip(whitespace) else None
    return Template(text, tuple(parts), whole)


def _read_braces(text: str, opening: int) -> tuple[Node, int]:
    """Read the expression behind ``{{`` at *opening*; return it and the offset behind ``}}``."""
    parser = Parser(text, opening + 2)
    node = parser.read_expression()
    if text.startswith("}}", parser.offset):
        return node, parser.offset + 2
    if parser.offset >= len(text):
        raise parser.error(
            "expected `}}` to close the expression, found the end of the text",
            opening,
            hint="close the expression with }}",
        )
    raise parser.unexpected("`??` or `}}`")


_expressions = TextCache(_compile_expression, _KEPT)
_templates = TextCache(_compile_template, _KEPT)
