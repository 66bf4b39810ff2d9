"""Find values by JSON Pointer (RFC 6901), where ``*`` stands for every key or item."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.models.json import JsonValue

__all__ = ["at_pointers"]


def at_pointers(value: JsonValue, pointers: Iterable[str]) -> list[JsonValue]:
    """Return what stands at each of *pointers* in *value*; what is not there is left out."""
    return [found for pointer in pointers for found in _at(value, pointer.split("/")[1:])]


def _at(value: JsonValue, keys: list[str]) -> list[JsonValue]:
    if not keys:
        return [value]
    key = keys[0].replace("~1", "/").replace("~0", "~")
    if isinstance(value, dict):
        inner = list(value.values()) if key == "*" else [value[key]] if key in value else []
    elif isinstance(value, list):
        inner = [item for index, item in enumerate(value) if key in {"*", str(index)}]
    else:
        inner = []
    return [found for item in inner for found in _at(item, keys[1:])]
