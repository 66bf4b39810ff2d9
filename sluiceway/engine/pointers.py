"""Find and hide values by JSON Pointer (RFC 6901), through objects only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from sluiceway.engine.record_book import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.models.json import JsonValue

__all__ = ["at_pointers", "hide_at"]

_MISSING: Final = object()


def at_pointers(value: JsonValue, pointers: Iterable[str]) -> list[JsonValue]:
    """Return what stands at each of *pointers* in *value*; what is not there is left out."""
    found = (_at(value, _parts(pointer)) for pointer in pointers)
    return [cast("JsonValue", one) for one in found if one is not _MISSING]


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _at(value: JsonValue, parts: list[str]) -> object:
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return _MISSING
        value = value[part]
    return value


def hide_at(value: JsonValue, pointers: Iterable[str]) -> JsonValue:
    """Return *value* with ``███`` at each of *pointers* that is there."""
    for pointer in pointers:
        value = _hide_one(value, _parts(pointer))
    return value


def _hide_one(value: JsonValue, parts: list[str]) -> JsonValue:
    if not parts:
        return MASK
    if not isinstance(value, dict) or parts[0] not in value:
        return value
    return {**value, parts[0]: _hide_one(value[parts[0]], parts[1:])}
