"""Whether a value agrees with the one in a record, whose secrets are masked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import LanguageError
from sluiceway.expressions import compile_template
from sluiceway.expressions.library import load_function
from sluiceway.models.json_text import escape_pointer
from sluiceway.models.masking import MASK

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Agreement", "Disagreement", "agree", "outputs_differ"]

_ABSENT: Final = "(absent)"
_PASSING: Final = re.compile(r"/headers(/.*)?|/body(/\d+)?/(created_at|updated_at)")


class Disagreement(msgspec.Struct, frozen=True):
    """Where a value is otherwise than in the record; *at* is a JSON Pointer."""

    at: str
    before: JsonValue
    after: JsonValue

    def as_json(self) -> JsonObject:
        """Return the difference as JSON."""
        return {"at": self.at, "before": self.before, "after": self.after}


class Agreement(msgspec.Struct):
    """The value to go on with, and where it is otherwise than in the record."""

    value: JsonValue
    differences: list[Disagreement] = msgspec.field(default_factory=list[Disagreement])


def outputs_differ(found: JsonValue, recorded: JsonValue) -> list[Disagreement]:
    """Return where an output differs; headers, and when users were made, are left aside."""
    return [
        one for one in agree(None, found, recorded).differences if not _PASSING.fullmatch(one.at)
    ]


def agree(raw: JsonValue, found: JsonValue, recorded: JsonValue, *, at: str = "") -> Agreement:
    """Compare *found* with *recorded*.

    Args:
        raw: the value as the flow has it, with its expressions; what time or chance gives there
            takes the recorded value.
        found: what it is now.
        recorded: what the record says; what is masked agrees with anything.
        at: the pointer of the value.
    """
    if recorded == MASK:
        return Agreement(found)
    if isinstance(raw, str) and _is_volatile(raw) and type(found) is type(recorded):
        return Agreement(recorded)
    if isinstance(found, dict) and isinstance(recorded, dict):
        return _agree_objects(raw, found, recorded, at)
    if isinstance(found, list) and isinstance(recorded, list) and len(found) == len(recorded):
        raws = raw if isinstance(raw, list) and len(raw) == len(found) else [None] * len(found)
        parts = [
            agree(raws[index], one, recorded[index], at=f"{at}/{index}")
            for index, one in enumerate(found)
        ]
        differences = [difference for part in parts for difference in part.differences]
        return Agreement([part.value for part in parts], differences)
    if isinstance(found, str) and isinstance(recorded, str) and MASK in recorded:
        pattern = ".*".join(map(re.escape, recorded.split(MASK)))
        if re.fullmatch(pattern, found, re.DOTALL):
            return Agreement(found)
    if _is_equal(found, recorded):
        return Agreement(found)
    return Agreement(found, [Disagreement(at, recorded, found)])


def _agree_objects(raw: JsonValue, found: JsonObject, recorded: JsonObject, at: str) -> Agreement:
    raws = raw if isinstance(raw, dict) else dict[str, "JsonValue"]()
    result = Agreement({})
    merged: JsonObject = {}
    for key in [*found, *(key for key in recorded if key not in found)]:
        here = f"{at}/{escape_pointer(key)}"
        if key not in recorded:
            merged[key] = found[key]
            result.differences.append(Disagreement(here, _ABSENT, found[key]))
        elif key not in found:
            result.differences.append(Disagreement(here, recorded[key], _ABSENT))
        else:
            part = agree(raws.get(key), found[key], recorded[key], at=here)
            merged[key] = part.value
            result.differences += part.differences
    result.value = merged
    return result


def _is_equal(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


@lru_cache(maxsize=512)
def _is_volatile(text: str) -> bool:
    """Tell whether time or chance decides what *text* resolves to."""
    if "{{" not in text:
        return False
    try:
        calls = compile_template(text).calls
    except LanguageError:
        return False
    functions = (load_function(call.name) for call in calls)
    return any(function is not None and function.reads == "sources" for function in functions)
