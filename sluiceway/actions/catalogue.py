"""All actions there are: the modules of this package, and those of other distributions.

``AUTH0/SEND_EMAIL`` is ``actions/auth0/send_email.py``: one action is found by importing one
module, so that a run loads no more than its flow names.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from sluiceway.actions.base import ActionSpec
from sluiceway.extensions import discover, discover_entry_points

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ENTRY_POINT_GROUP", "ActionCatalogue", "InstalledActions"]

ENTRY_POINT_GROUP: Final = "sluiceway.actions"
_SPEC: Final[type[ActionSpec[Any]]] = ActionSpec
_WORD: Final = re.compile(r"[A-Z][A-Z0-9_]*")


class ActionCatalogue(Protocol):
    """Looks actions up by their wire name."""

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        """Return the action, or ``None`` where there is none of that name."""
        ...

    def all(self) -> Iterable[ActionSpec[Any]]:
        """Return every action, by wire name."""
        ...


class InstalledActions:
    """The actions of this package and of installed distributions."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], ActionSpec[Any] | None] = {}
        self._foreign: dict[tuple[str, str], ActionSpec[Any]] | None = None

    def find(self, type_: str, action: str) -> ActionSpec[Any] | None:
        """Return the action, or ``None`` where there is none of that name."""
        key = (type_, action)
        if key not in self._found:
            self._found[key] = _own(type_, action) or self._others().get(key)
        return self._found[key]

    def all(self) -> tuple[ActionSpec[Any], ...]:
        """Return every action, by wire name."""
        own = {
            (spec.type_, spec.action): spec
            for _, spec in discover("sluiceway.actions", "ACTION", _SPEC)
        }
        merged = {**self._others(), **own}
        return tuple(merged[key] for key in sorted(merged))

    def _others(self) -> dict[tuple[str, str], ActionSpec[Any]]:
        if self._foreign is None:
            self._foreign = {
                (spec.type_, spec.action): spec
                for _, spec in discover_entry_points(ENTRY_POINT_GROUP, _SPEC)
            }
        return self._foreign


def _own(type_: str, action: str) -> ActionSpec[Any] | None:
    if not (_WORD.fullmatch(type_) and _WORD.fullmatch(action)):
        return None
    name = f"sluiceway.actions.{type_.lower()}.{action.lower()}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        return None
    spec: ActionSpec[Any] | None = getattr(module, "ACTION", None)
    return spec if isinstance(spec, ActionSpec) else None
