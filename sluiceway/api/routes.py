"""The routes: found in the modules of two packages, a package at a time.

A process that only runs flows calls its own tenant and nothing else: it need not load the rest.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sluiceway.api.router import Router
from sluiceway.extensions import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.api.route import Route

__all__ = ["load_routes", "router_for"]

_TENANT: Final = "sluiceway.api.management"
_OWN: Final = "sluiceway.api.sluiceway"
_TENANT_PATHS: Final = ("/api/", "/oauth/", "/.well-known/")


def load_routes() -> tuple[Route, ...]:
    """Return every route of this package, by module and then in the order written."""
    return (*_routes_of(_TENANT), *_routes_of(_OWN))


def router_for(path: str) -> Router:
    """Return the router that knows *path*, if any does."""
    return _router_of(_TENANT if path.startswith(_TENANT_PATHS) else _OWN)


@cache
def _routes_of(package: str) -> tuple[Route, ...]:
    modules = cast("Iterator[tuple[str, tuple[Route, ...]]]", discover(package, "ROUTES", tuple))
    return tuple(route for _, routes in modules for route in routes)


@cache
def _router_of(package: str) -> Router:
    return Router(_routes_of(package))
