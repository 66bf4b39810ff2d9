"""What an action asks of a tenant's Management API, and what it gets back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Tenant", "TenantRequest", "TenantResponse"]


class TenantRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call to the Management API.

    *pathname* is an absolute path, percent-encoded by the caller; *query* is encoded by the client,
    ``None`` values left out; *body* is sent as JSON, a ``str`` as it is, ``None`` not at all.
    """

    method: str
    pathname: str
    query: Mapping[str, str | int | float | None] = msgspec.field(
        default_factory=dict["str", "str"]
    )
    headers: Mapping[str, str] = msgspec.field(default_factory=dict["str", "str"])
    body: JsonValue = None


class TenantResponse(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The tenant's answer: parsed JSON, or the text where it is not JSON; ``None`` where empty.

    *secrets* are those that went along with the request, so that records can hide them.
    """

    withheld = frozenset({"secrets"})

    status: int
    headers: Mapping[str, str]
    body: JsonValue
    secrets: tuple[str, ...] = ()

    def as_output(self) -> JsonObject:
        """Return ``{status, headers, body, success}``: the output of the Management API actions."""
        return {
            "status": self.status,
            "headers": dict(self.headers),
            "body": self.body,
            "success": 200 <= self.status < 300,  # noqa: PLR2004 - the range is its own name
        }


class Tenant(Protocol):
    """The Management API of the tenants that the vault's AUTH0 connections name."""

    async def call(self, connection: str, request: TenantRequest) -> TenantResponse:
        """Call the tenant of *connection* (an id or a name in the vault), waiting out its limits.

        Any answer is returned, whatever its status.

        Raises:
            ConnectionUnusable: the connection is missing, empty or not of app AUTH0.
            TokenError: the tenant gave no access token.
            InvalidActionParams: the pathname or a header is not acceptable.
            OutboundError: no usable answer after the retries.
        """
        ...
