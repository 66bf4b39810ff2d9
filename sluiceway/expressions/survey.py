"""What a template reads and calls, for checks that run nothing."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from sluiceway.expressions.compiler import explain_bad_call, explain_unknown_function
from sluiceway.expressions.hints import hint_for_root
from sluiceway.expressions.library import load_function
from sluiceway.expressions.nodes import Access, Array, BadCall, Call, Coalesce, Root
from sluiceway.expressions.parser import place
from sluiceway.expressions.values import ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sluiceway.expressions.nodes import Node

__all__ = ["FunctionCall", "Problem", "ProblemKind", "Reference", "Survey", "survey"]

ProblemKind: TypeAlias = Literal[
    "unknown_function", "not_a_function", "unknown_root", "uncalled_function", "arguments"
]


class Reference(msgspec.Struct, frozen=True):
    """A path that a template reads: ``actions.get_user.body`` is root ``actions``, two segments.

    Attributes:
        root: its first name; may be one that does not exist.
        segments: the steps as text, up to the first computed one.
        is_exact: whether *segments* are all its steps.
        has_default: whether a ``??`` stands behind it, so that it may well be undefined.
        line: from 1, in the template.
        column: from 1.
    """

    root: str
    segments: tuple[str, ...]
    is_exact: bool
    has_default: bool
    line: int
    column: int


class FunctionCall(msgspec.Struct, frozen=True):
    """A call: the function's name, how many arguments it is given, and where it starts."""

    name: str
    argument_count: int
    line: int
    column: int


class Problem(msgspec.Struct, frozen=True):
    """Something that parses but cannot be meant.

    ``unknown_function`` and ``not_a_function`` fail whenever they are evaluated; the others give
    undefined.
    """

    kind: ProblemKind
    message: str
    hint: str
    line: int
    column: int

    @property
    def is_fatal(self) -> bool:
        """Whether evaluating it always fails."""
        return self.kind in {"unknown_function", "not_a_function"}


class Survey(msgspec.Struct, frozen=True):
    """What was found in a template."""

    references: tuple[Reference, ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    problems: tuple[Problem, ...] = ()


def survey(nodes: Sequence[Node], source: str) -> Survey:
    """Look through *nodes*, the expressions of *source*."""
    surveyor = _Surveyor(source)
    for node in nodes:
        surveyor.visit(node, has_default=False)
    return Survey(tuple(surveyor.references), tuple(surveyor.calls), tuple(surveyor.problems))


class _Surveyor:
    """Collects while it walks; nesting is limited by the parser."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.references: list[Reference] = []
        self.calls: list[FunctionCall] = []
        self.problems: list[Problem] = []

    def visit(self, node: Node, *, has_default: bool) -> None:
        match node:
            case Coalesce(parts=(*first, last)):
                for part in first:
                    self.visit(part, has_default=True)
                self.visit(last, has_default=has_default)
            case Root():
                self._visit_path(node, (), has_default=has_default)
            case Access(base=base, steps=steps):
                if isinstance(base, Root):
                    self._visit_path(base, steps, has_default=has_default)
                else:
                    self.visit(base, has_default=has_default)
                self._visit_all(step for step in steps if not isinstance(step, str))
            case Array(items=items):
                self._visit_all(items)
            case Call() | BadCall():
                self._visit_all(node.arguments)
                self._visit_call(node)
            case _:
                pass

    def _visit_all(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.visit(node, has_default=False)

    def _visit_path(self, root: Root, steps: Sequence[str | Node], *, has_default: bool) -> None:
        constant = tuple(str(step) for step in takewhile(_is_text, steps))
        line, column = place(self.source, root.offset)
        is_exact = len(constant) == len(steps)
        self.references.append(Reference(root.name, constant, is_exact, has_default, line, column))
        if root.name == "functions":
            message, hint = "`functions` without a call is undefined", "write functions.name(...)"
            self._add("uncalled_function", root.offset, message, hint)
        elif root.name not in ROOTS:
            message = f"nothing is called `{root.name[:40]}`, so this is undefined"
            self._add("unknown_root", root.offset, message, hint_for_root(root.name))

    def _visit_call(self, node: Call | BadCall) -> None:
        if isinstance(node, BadCall):
            self._add("not_a_function", node.offset, *explain_bad_call(node))
            return
        line, column = place(self.source, node.offset)
        given = len(node.arguments)
        self.calls.append(FunctionCall(node.name, given, line, column))
        function = load_function(node.name)
        if function is None:
            self._add("unknown_function", node.offset, *explain_unknown_function(node))
            return
        needed = sum(not parameter.optional for parameter in function.parameters)
        if not needed <= given <= len(function.parameters):
            message = f"functions.{node.name} is given {given} arguments"
            hint = f"its form is functions.{function.signature}"
            self._add("arguments", node.offset, message, hint)

    def _add(self, kind: ProblemKind, offset: int, message: str, hint: str) -> None:
        line, column = place(self.source, offset)
        self.problems.append(Problem(kind, message, hint, line, column))


def _is_text(step: str | Node) -> bool:
    return isinstance(step, str)
