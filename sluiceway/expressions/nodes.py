"""The syntax tree of an expression. Places do not count when two trees are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec
from msgspec.structs import astuple

if TYPE_CHECKING:
    from sluiceway.expressions.values import Undefined

__all__ = ["Access", "Array", "BadCall", "Call", "Coalesce", "Literal", "Node", "Root"]


class _Placed:
    """Equal where all but the last field, the place, is equal."""

    __slots__ = ()

    def _content(self) -> tuple[object, ...]:
        return astuple(cast("msgspec.Struct", self))[:-1]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash((type(self), self._content()))


class Literal(_Placed, msgspec.Struct, frozen=True):
    """A text, number, ``true``, ``false``, ``null`` or ``undefined``."""

    value: str | float | Undefined | None
    offset: int


class Array(_Placed, msgspec.Struct, frozen=True):
    """``[a, b]``."""

    items: tuple[Node, ...]
    offset: int


class Root(_Placed, msgspec.Struct, frozen=True):
    """The name a path starts with; one that is not in ``ROOTS`` is undefined."""

    name: str
    offset: int


class Access(_Placed, msgspec.Struct, frozen=True):
    """``base.a["b"][c]``: a constant step is its key as text, a computed one is a node."""

    base: Node
    steps: tuple[str | Node, ...]
    offset: int


class Call(_Placed, msgspec.Struct, frozen=True):
    """``functions.name(a, b)``; whether there is such a function is not the grammar's matter."""

    name: str
    arguments: tuple[Node, ...]
    offset: int


class BadCall(_Placed, msgspec.Struct, frozen=True):
    """A call of something that is no function: it parses, and fails when evaluated."""

    callee: Node
    arguments: tuple[Node, ...]
    offset: int


class Coalesce(_Placed, msgspec.Struct, frozen=True):
    """``a ?? b ?? c``, two parts or more."""

    parts: tuple[Node, ...]
    offset: int


Node: TypeAlias = Literal | Array | Root | Access | Call | BadCall | Coalesce
