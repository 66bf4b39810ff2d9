"""Flows and their actions, as every container holds them: parse, check the envelope, give back.

The envelope's keys and limits follow Auth0's OpenAPI (``FlowAction*`` schemas: closed objects) and
what Dashboard exports contain. What the params of each action may hold is the action's own schema,
see ``sluiceway.actions``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from sluiceway.errors import DefinitionError
from sluiceway.models.json_text import did_you_mean, escape_pointer, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = [
    "MAX_ALIAS_LENGTH",
    "MAX_NAME_LENGTH",
    "MAX_NESTING",
    "Action",
    "Flow",
    "PlacedAction",
]

MAX_NAME_LENGTH: Final = 150
MAX_ALIAS_LENGTH: Final = 100
MAX_ID_LENGTH: Final = 100
MAX_NESTING: Final = 50
"""Ours: deep enough for any editor, shallow enough for every walk over a flow."""

_BRANCHES: Final = ("then", "else")
_KEYS: Final = ("id", "alias", "type", "action", "allow_failure", "mask_output", "params")
_REQUIRED: Final = ("id", "type", "action")
# The pattern behind Auth0's format "forms-custom-identifier" is not public; this takes every id of
# real exports, and what the older browser client accepted in a path.
_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_ID_LENGTH}}}")


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a flow. *params* is the JSON as written; nested actions stay in it.

    *keys* are the keys that were written, in their order: ``as_json`` gives back those.
    """

    id: str
    type: str
    action: str
    params: JsonObject
    alias: str | None = None
    allow_failure: bool = False
    mask_output: bool = False
    keys: tuple[str, ...] = _KEYS

    @property
    def name(self) -> str:
        """The wire name, like ``AUTH0/SEND_EMAIL``."""
        return f"{self.type}/{self.action}"

    @classmethod
    def from_json(cls, value: JsonValue, *, at: str = "") -> Action:
        """Read one action.

        Raises:
            DefinitionError: a key is missing, unknown, mistyped or too long; ``at`` names it.
        """
        if not isinstance(value, dict):
            raise DefinitionError(
                f"expected an action (an object), found {type_name(value)}", at=at
            )
        _refuse_unknown_keys(value, at)
        for key in _REQUIRED:
            if key not in value:
                raise DefinitionError(f"expected the key {key!r} in the action, found none", at=at)
        if "params" not in value and value["action"] != "DO_NOTHING":
            raise DefinitionError("expected the key 'params' in the action, found none", at=at)
        id_ = _text(value, "id", at)
        if not _ID.fullmatch(id_):
            raise DefinitionError(
                f"expected 1 to {MAX_ID_LENGTH} letters, digits, '_' or '-' as id, found {id_!r}",
                at=f"{at}/id",
            )
        alias = None
        if value.get("alias") is not None:
            alias = _text(value, "alias", at, may_be_empty=True)
            if len(alias) > MAX_ALIAS_LENGTH:
                raise DefinitionError(
                    f"expected at most {MAX_ALIAS_LENGTH} characters, found {len(alias)}",
                    at=f"{at}/alias",
                )
        params = value.get("params", {})
        if not isinstance(params, dict):
            raise DefinitionError(
                f"expected an object, found {type_name(params)}", at=f"{at}/params"
            )
        return cls(
            id=id_,
            type=_text(value, "type", at),
            action=_text(value, "action", at),
            alias=alias,
            allow_failure=_boolean(value, "allow_failure", at),
            mask_output=_boolean(value, "mask_output", at),
            params=params,
            keys=tuple(value),
        )

    def as_json(self) -> JsonObject:
        """Return the action as it was written, key order included."""
        values: JsonObject = {
            "id": self.id,
            "alias": self.alias,
            "type": self.type,
            "action": self.action,
            "allow_failure": self.allow_failure,
            "mask_output": self.mask_output,
            "params": self.params,
        }
        return {key: values[key] for key in self.keys if key in values}

    def branches(self, *, at: str = "") -> dict[str, tuple[Action, ...]]:
        """Return the nested lists by the name of their param: those of ``then`` and ``else``.

        Raises:
            DefinitionError: a branch is not a list of actions.
        """
        if (self.type, self.action) != ("FLOW", "BOOLEAN_CONDITION"):
            return {}
        return {
            key: parse_actions(self.params[key], at=f"{at}/params/{key}")
            for key in _BRANCHES
            if key in self.params
        }


class PlacedAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action with its place: *at* is its JSON Pointer in the flow, *depth* 0 at the top."""

    action: Action
    at: str
    depth: int


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A named list of actions. *id* and *version* are empty where it comes from a file."""

    name: str
    actions: tuple[Action, ...]
    id: str = ""
    version: int = 0

    @classmethod
    def from_json(cls, value: JsonValue, *, name: str = "", at: str = "") -> Flow:
        """Read a flow from ``{name, actions}`` or a bare list of actions, and check its envelope.

        Keys beside these, as the Management API returns them, are left aside.

        Args:
            value: the JSON.
            name: the name to use where the document has none.
            at: the JSON Pointer of *value* in its file.

        Raises:
            DefinitionError: the document is not a flow; ``at`` names the place.
        """
        if isinstance(value, list):
            document: JsonObject = {"name": name, "actions": value}
        elif isinstance(value, dict):
            document = value
        else:
            raise DefinitionError(
                f"expected {{name, actions}} or a list of actions, found {type_name(value)}",
                at=at,
            )
        where = at if isinstance(value, list) else f"{at}/actions"
        given = document.get("name") or name
        if not isinstance(given, str):
            raise DefinitionError(f"expected a text, found {type_name(given)}", at=f"{at}/name")
        if len(given) > MAX_NAME_LENGTH:
            raise DefinitionError(
                f"expected a name of at most {MAX_NAME_LENGTH} characters, found {len(given)}",
                at=f"{at}/name",
            )
        id_ = document.get("id")
        flow = cls(
            name=given,
            actions=parse_actions(document.get("actions") or [], at=where),
            id=id_ if isinstance(id_, str) else "",
        )
        flow.refuse_duplicate_ids(at=where)
        return flow

    def as_json(self) -> JsonObject:
        """Return ``{name, actions}``."""
        return {"name": self.name, "actions": [action.as_json() for action in self.actions]}

    def walk(self, *, at: str = "/actions") -> Iterator[PlacedAction]:
        """Yield every action in document order, nested ones after their condition."""
        yield from _walk(self.actions, at=at, depth=0)

    def with_connections(self, names: Mapping[str, str]) -> Flow:
        """Return the flow with each ``connection_id`` that *names* lists replaced."""

        def rename(action: Action) -> Action:
            given = action.params.get("connection_id")
            if not isinstance(given, str) or given not in names:
                return action
            return replace(action, params={**action.params, "connection_id": names[given]})

        return replace(self, actions=tuple(_changed(action, rename) for action in self.actions))

    def with_missing_connections(self, name: str, *, wants: Callable[[Action], bool]) -> Flow:
        """Return the flow with *name* where an action that *wants* a connection has none."""

        def fill(action: Action) -> Action:
            if action.params.get("connection_id") is not None or not wants(action):
                return action
            return replace(action, params={"connection_id": name, **action.params})

        return replace(self, actions=tuple(_changed(action, fill) for action in self.actions))

    def connections(self) -> dict[str, str]:
        """Return every ``connection_id`` of the flow, with the pointer of its first use."""
        found: dict[str, str] = {}
        for placed in self.walk():
            name = placed.action.params.get("connection_id")
            if isinstance(name, str):
                found.setdefault(name, f"{placed.at}/params/connection_id")
        return found

    def refuse_duplicate_ids(self, *, at: str = "/actions") -> None:
        """Check that no two actions share an id, branches included.

        Raises:
            DefinitionError: two do; ``at`` is the second.
        """
        seen: dict[str, str] = {}
        for placed in self.walk(at=at):
            first = seen.setdefault(placed.action.id, placed.at)
            if first != placed.at:
                raise DefinitionError(
                    f"expected ids to be unique in the flow, found {placed.action.id!r} "
                    f"already at {first}",
                    at=f"{placed.at}/id",
                )


def parse_actions(value: JsonValue, *, at: str = "") -> tuple[Action, ...]:
    """Read a list of actions.

    Raises:
        DefinitionError: it is not a list, or one of them is not an action.
    """
    if not isinstance(value, list):
        raise DefinitionError(f"expected a list of actions, found {type_name(value)}", at=at)
    return tuple(Action.from_json(item, at=f"{at}/{index}") for index, item in enumerate(value))


def _walk(actions: tuple[Action, ...], *, at: str, depth: int) -> Iterator[PlacedAction]:
    if depth > MAX_NESTING:
        raise DefinitionError(f"expected at most {MAX_NESTING} levels of conditions", at=at)
    for index, action in enumerate(actions):
        here = f"{at}/{index}"
        yield PlacedAction(action=action, at=here, depth=depth)
        for key, nested in action.branches(at=here).items():
            yield from _walk(nested, at=f"{here}/params/{key}", depth=depth + 1)


def _changed(action: Action, change: Callable[[Action], Action]) -> Action:
    params = dict(change(action).params)
    for key, nested in action.branches().items():
        params[key] = [_changed(child, change).as_json() for child in nested]
    return replace(action, params=params)


def _refuse_unknown_keys(value: JsonObject, at: str) -> None:
    for key in value:
        if key not in _KEYS:
            raise DefinitionError(
                f"expected only {', '.join(_KEYS)} in an action, found the key {key!r}",
                at=f"{at}/{escape_pointer(key)}",
                hint=did_you_mean(key, _KEYS) or f"Remove {key!r}: Auth0 refuses it too.",
            )


def _text(value: JsonObject, key: str, at: str, *, may_be_empty: bool = False) -> str:
    found = value[key]
    if not isinstance(found, str) or not (found or may_be_empty):
        raise DefinitionError(f"expected a text, found {type_name(found)}", at=f"{at}/{key}")
    return found


def _boolean(value: JsonObject, key: str, at: str) -> bool:
    found = value.get(key, False)
    if not isinstance(found, bool):
        raise DefinitionError(f"expected true or false, found {type_name(found)}", at=f"{at}/{key}")
    return found
