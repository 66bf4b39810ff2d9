"""What a helper function says about itself; the interface of the modules beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.expressions.values import Value

__all__ = ["Example", "Parameter", "Reads", "TemplateFunction"]

Reads = Literal["nothing", "sources", "masked"]


class Parameter(msgspec.Struct, frozen=True):
    """One argument: its name, the kind of value it is meant for, and whether it may be left out."""

    name: str
    kind: Literal["any", "text", "number", "boolean", "date", "array or text", "array or object"]
    optional: bool = False


class Example(msgspec.Struct, frozen=True):
    """An expression and the value it gives, shown in the documentation and run by the tests."""

    expression: str
    value: Value


class TemplateFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A helper function, called as ``functions.<name>(...)``.

    Attributes:
        name: the name in expressions; the module is named the same in snake_case.
        call: takes the arguments that were written, at most as many as *parameters*, and gives
            the result. A missing one must have ``UNDEFINED`` as its default. It has no effect and
            raises nothing but ``ExpressionEvaluationError``. What grows asks ``limits`` first.
        parameters: in order.
        summary: one sentence for the author of a flow.
        examples: at least one.
        source: where the behaviour comes from.
        reads: ``"sources"`` gives *call* the scope's ``Sources`` as its first argument,
            ``"masked"`` the scope's ``masked``.
    """

    name: str
    call: Callable[..., Value]
    parameters: tuple[Parameter, ...]
    summary: str
    examples: tuple[Example, ...]
    source: str
    reads: Reads = "nothing"

    @property
    def signature(self) -> str:
        """The call as the documentation writes it: ``slice(value, start, end?)``."""
        shown = (f"{p.name}?" if p.optional else p.name for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"
