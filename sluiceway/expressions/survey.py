"""What a template reads and calls, for checks that run nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sluiceway.expressions.compiler import explain_bad_call, explain_unknown_function
from sluiceway.expressions.hints import hint_for_root
from sluiceway.expressions.library import load_function
from sluiceway.expressions.nodes import Access, Array, BadCall, Call, Coalesce, Root
from sluiceway.expressions.parser import place
from sluiceway.expressions.values import ROOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluiceway.expressions.nodes import Node

__all__ = ["FunctionCall", "Problem", "Reference", "Survey", "survey"]


@dataclass(frozen=True, slots=True)
class Reference:
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


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call: the function's name, how many arguments it is given, and where it starts."""

    name: str
    argument_count: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that parses but cannot be meant.

    ``unknown_function`` and ``not_a_function`` fail whenever they are evaluated; the others give
    undefined.
    """

    kind: Literal[
        "unknown_function", "not_a_function", "unknown_root", "uncalled_function", "arguments"
    ]
    message: str
    hint: str
    line: int
    column: int

    @property
    def is_fatal(self) -> bool:
        """Whether evaluating it always fails."""
        return self.kind in {"unknown_function", "not_a_function"}


@dataclass(frozen=True, slots=True)
class Survey:
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
            case Root() | Access(base=Root()):
                self._visit_path(node, has_default=has_default)
            case Access(base=base, steps=steps):
                self.visit(base, has_default=has_default)
                self._visit_steps(steps)
            case Coalesce(parts=(*first, last)):
                for part in first:
                    self.visit(part, has_default=True)
                self.visit(last, has_default=has_default)
            case Array(items=items):
                for item in items:
                    self.visit(item, has_default=False)
            case Call(arguments=arguments):
                for argument in arguments:
                    self.visit(argument, has_default=False)
                self._visit_call(node)
            case BadCall(arguments=arguments):
                for argument in arguments:
                    self.visit(argument, has_default=False)
                self._add("not_a_function", node.offset, *explain_bad_call(node))
            case _:
                pass

    def _visit_steps(self, steps: Sequence[str | Node]) -> None:
        for step in steps:
            if not isinstance(step, str):
                self.visit(step, has_default=False)

    def _visit_path(self, node: Node, *, has_default: bool) -> None:
        root = node.base if isinstance(node, Access) else node
        if not isinstance(root, Root):  # pragma: no cover - the caller's match says it is one
            return
        steps = node.steps if isinstance(node, Access) else ()
        constant: list[str] = []
        for step in steps:
            if not isinstance(step, str):
                break
            constant.append(step)
        line, column = place(self.source, node.offset)
        is_exact = len(constant) == len(steps)
        self.references.append(
            Reference(root.name, tuple(constant), is_exact, has_default, line, column)
        )
        self._visit_steps(steps)
        if root.name == "functions":
            self._add(
                "uncalled_function",
                node.offset,
                "`functions` without a call is undefined",
                "write functions.name(...)",
            )
        elif root.name not in ROOTS:
            self._add(
                "unknown_root",
                node.offset,
                f"nothing is called `{root.name[:40]}`, so this is undefined",
                hint_for_root(root.name),
            )

    def _visit_call(self, node: Call) -> None:
        line, column = place(self.source, node.offset)
        given = len(node.arguments)
        self.calls.append(FunctionCall(node.name, given, line, column))
        function = load_function(node.name)
        if function is None:
            self._add("unknown_function", node.offset, *explain_unknown_function(node))
            return
        needed = sum(not parameter.optional for parameter in function.parameters)
        if not needed <= given <= len(function.parameters):
            self._add(
                "arguments",
                node.offset,
                f"functions.{node.name} is given {given} arguments",
                f"its form is functions.{function.signature}",
            )

    def _add(
        self,
        kind: Literal[
            "unknown_function", "not_a_function", "unknown_root", "uncalled_function", "arguments"
        ],
        offset: int,
        message: str,
        hint: str,
    ) -> None:
        line, column = place(self.source, offset)
        self.problems.append(Problem(kind, message, hint, line, column))
