"""A vault connection as files name it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ConnectionStub"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStub:
    """A vault connection as a container names it: never with its secrets."""

    token: str
    name: str
    app_id: str = "AUTH0"
    id: str = ""
