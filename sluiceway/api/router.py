"""Find the route of a request: a tree of path segments, each looked up once.

Segments are split before they are decoded, so that an id may hold an encoded slash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.api.route import Route

__all__ = ["Router"]


class _Node(msgspec.Struct):
    fixed: dict[str, _Node] = msgspec.field(default_factory=dict["str", "_Node"])
    variable: _Node | None = None
    routes: dict[str, Route] = msgspec.field(default_factory=dict["str", "Route"])


class Router:
    """All routes; two with the same method and path are a defect and refused."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and its path parameters, decoded; ``None`` where nothing fits."""
        segments = raw_path.strip("/").split("/")
        found = _walk(self._root, segments, 0, ())
        if found is None:
            return None
        node, values = found
        route = node.routes.get(method)
        if route is None and method == "HEAD":
            route = node.routes.get("GET")
        if route is None:
            return None
        names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
        return route, dict(zip(names, values, strict=True))

    def _add(self, route: Route) -> None:
        node = self._root
        for part in route.path.strip("/").split("/"):
            if part.startswith("{"):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(part, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes answer {route.method} {route.path}")
        node.routes[route.method] = route


def _walk(
    node: _Node, segments: list[str], index: int, values: tuple[str, ...]
) -> tuple[_Node, tuple[str, ...]] | None:
    if index == len(segments):
        return (node, values) if node.routes else None
    segment = segments[index]
    fixed = node.fixed.get(segment)
    if fixed is not None:
        found = _walk(fixed, segments, index + 1, values)
        if found is not None:
            return found
    if node.variable is None or not segment:
        return None
    return _walk(node.variable, segments, index + 1, (*values, unquote(segment)))
