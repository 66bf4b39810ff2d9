"""The syntax tree of an expression. Places do not count when two trees are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sluiceway.expressions.values import Undefined

__all__ = ["Access", "Array", "BadCall", "Call", "Coalesce", "Literal", "Node", "Root"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, ``true``, ``false``, ``null`` or ``undefined``."""

    value: str | float | Undefined | None
    offset: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Array:
    """``[a, b]``."""

    items: tuple[Node, ...]
    offset: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Root:
    """The name a path starts with; one that is not in ``ROOTS`` is undefined."""

    name: str
    offset: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Access:
    """``base.a["b"][c]``: a constant step is its key as text, a computed one is a node."""

    base: Node
    steps: tuple[str | Node, ...]
    offset: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """``functions.name(a, b)``; whether there is such a function is not the grammar's matter."""

    name: str
    arguments: tuple[Node, ...]
    offset: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class BadCall:
    """A call of something that is no function: it parses, and fails when evaluated."""

    callee: Node
    arguments: tuple[Node, ...]
    offset: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Coalesce:
    """``a ?? b ?? c``, two parts or more."""

    parts: tuple[Node, ...]
    offset: int = field(compare=False)


Node: TypeAlias = Literal | Array | Root | Access | Call | BadCall | Coalesce
