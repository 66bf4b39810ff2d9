"""Run Auth0 Flows anywhere.

``Runtime`` and ``AsyncRuntime`` run flows inside another program; see ``sluiceway.runtime``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluiceway.runtime import AsyncRuntime, Run, Runtime, Step

__all__ = ["AsyncRuntime", "Run", "Runtime", "Step"]


def __getattr__(name: str) -> object:
    # The command loads this package at every start: nothing is imported until it is asked for.
    if name in __all__:
        from sluiceway import runtime  # noqa: PLC0415

        return getattr(runtime, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
