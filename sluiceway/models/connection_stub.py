"""A vault connection as files name it."""

from __future__ import annotations

import msgspec

__all__ = ["ConnectionStub"]


class ConnectionStub(msgspec.Struct, frozen=True, kw_only=True):
    """A vault connection as a container names it: never with its secrets."""

    token: str
    name: str
    app_id: str = "AUTH0"
    id: str = ""
