"""What a client library offers, and what a test has called of it."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["Watched", "methods_of"]

_HIDDEN = {"with_raw_response"}


def _accessors(client: object) -> list[str]:
    found = inspect.getmembers(type(client), lambda member: isinstance(member, property))
    return [name for name, _ in found if not name.startswith("_") and name not in _HIDDEN]


def methods_of(client: object, path: str) -> set[str]:
    """Return every method below *client*, as ``path.part.method``."""
    own = inspect.getmembers(type(client), inspect.isfunction)
    found = {f"{path}.{name}" for name, _ in own if not name.startswith("_")}
    for name in _accessors(client):
        found |= methods_of(getattr(client, name), f"{path}.{name}")
    return found


class Watched:
    """Stands before a client and notes the methods that are called."""

    def __init__(self, client: Any, path: str, called: set[str]) -> None:
        self._client, self._path, self._called = client, path, called

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in _HIDDEN:
            return found
        path = f"{self._path}.{name}"
        if name in _accessors(self._client):
            return Watched(found, path, self._called)
        if callable(found):
            self._called.add(path)
        return found
