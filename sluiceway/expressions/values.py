"""What an expression reads and gives: the undefined value, and the scope of one evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.models.json import JsonValue

__all__ = ["ROOTS", "UNDEFINED", "Scope", "Sources", "Undefined", "Value"]

ROOTS = ("context", "fields", "vars", "actions")
"""The names a path may start with (Auth0's page "Variables and helper functions")."""


@final
class Undefined:
    """JavaScript's ``undefined``, where a path leads nowhere; ``UNDEFINED`` is the one instance."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED = Undefined()

Value: TypeAlias = "str | int | float | bool | Undefined | list[Value] | dict[str, Value] | None"
"""A value while it is worked on: JSON, or undefined, or a number JSON has no text for."""


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where time, chance and ids come from: read once an execution, so that a replay repeats it.

    Attributes:
        now: the one clock reading, aware.
        random: the source of ``functions.random``.
        new_uuid: gives a new version 4 UUID in its 36 character form.
    """

    now: datetime
    random: random.Random
    new_uuid: Callable[[], str]


def _ignore(value: JsonValue) -> None:
    """Take a masked value and do nothing: for evaluations that keep no record."""
    del value


class Scope(Discreet, msgspec.Struct, kw_only=True):
    """What the paths and functions of one evaluation see.

    Attributes:
        context: the transaction's data; ``context.user`` and the like.
        fields: the form's fields by id.
        vars: the shared variables by name.
        actions: the outputs of the actions that ran, by action id.
        sources: time, chance and ids.
        masked: told each value that goes through ``functions.mask``; records must hide it.
    """

    withheld = frozenset({"work"})

    context: JsonValue = msgspec.field(default_factory=dict)
    fields: JsonValue = msgspec.field(default_factory=dict)
    vars: JsonValue = msgspec.field(default_factory=dict)
    actions: JsonValue = msgspec.field(default_factory=dict)
    sources: Sources
    masked: Callable[[JsonValue], None] = _ignore
    work: int = 0
