"""How alike two steps are whose ids and params both differ: the same step edited, or another."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from sluiceway.models.json_text import escape_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["likeness"]

_WORDS: Final = re.compile(r"\w+")


def likeness(one: JsonObject, other: JsonObject) -> float:
    """Return from 0 to 1 how much of the params of both stands in both; 0 for other actions.

    Every value counts the same, wherever it is; texts that differ count by their common words.
    """
    if (one.get("type"), one.get("action")) != (other.get("type"), other.get("action")):
        return 0.0
    ours, theirs = (dict(_leaves("", step.get("params") or {})) for step in (one, other))
    pointers = ours.keys() | theirs.keys()
    common = (_nearness(ours[at], theirs[at]) for at in ours.keys() & theirs.keys())
    return sum(common) / len(pointers)


def _leaves(pointer: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(f"{pointer}/{escape_pointer(key)}", item)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(f"{pointer}/{index}", item)
    else:
        yield pointer, value


def _nearness(one: JsonValue, other: JsonValue) -> float:
    if one == other:
        return 1.0
    if not (isinstance(one, str) and isinstance(other, str)):
        return 0.0
    ours, theirs = Counter(_WORDS.findall(one)), Counter(_WORDS.findall(other))
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 0.0
