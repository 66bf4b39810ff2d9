"""The types of JSON values, as ``json.loads`` gives them; and one object laid over another."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["JsonArray", "JsonObject", "JsonScalar", "JsonValue", "merged"]

JsonScalar: TypeAlias = "str | int | float | bool | None"
JsonValue: TypeAlias = "JsonScalar | list[JsonValue] | dict[str, JsonValue]"
JsonArray: TypeAlias = "list[JsonValue]"
JsonObject: TypeAlias = "dict[str, JsonValue]"


def merged(base: JsonObject, top: JsonObject) -> JsonObject:
    """Return *base* with *top* on it, objects merged key by key."""
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result
