"""The connections that users belong to: database and passwordless ones, and stored others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.errors import InvalidRequest

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject

__all__ = ["DATABASE_STRATEGIES", "DEFAULT_CONNECTION", "KIND", "load_connection"]

KIND: Final = "connection"
DATABASE_STRATEGIES: Final = ("auth0",)
DEFAULT_CONNECTION: Final = "Username-Password-Authentication"


async def load_connection(environment: Environment, name: str) -> JsonObject:
    """Return the connection of that name.

    Raises:
        InvalidRequest: there is none.
    """
    found = await environment.documents.find(KIND, "name", name, limit=1)
    if not found:
        raise InvalidRequest("Connection does not exist.", error_code="invalid_body")
    return found[0].body
