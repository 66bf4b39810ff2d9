"""The door: a bearer token, and one of the route's scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.api.errors import Refusal, envelope
from sluiceway.api.route import Reply
from sluiceway.management.jws import InvalidToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.api.route import Route
    from sluiceway.api.services import Services
    from sluiceway.management.tokens import Claims

__all__ = ["authorize"]


async def authorize(route: Route, services: Services, headers: Mapping[str, str]) -> Claims | None:
    """Return who calls; ``None`` on open routes.

    Raises:
        Refusal: 401 without a good token, 403 without a scope of the route.
    """
    if route.is_open:
        return None
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthorized("Missing authentication")
    try:
        claims = await services.tenant.tokens.check(token.strip())
    except InvalidToken as error:
        raise _unauthorized("Invalid token") from error
    if route.scopes and claims.scopes.isdisjoint(route.scopes):
        raise Refusal(
            Reply(
                status=403,
                body=envelope(
                    403,
                    f"Insufficient scope, expected any of: {','.join(route.scopes)}",
                    code="insufficient_scope",
                ),
                headers={"www-authenticate": 'Bearer error="insufficient_scope"'},
            )
        )
    return claims


def _unauthorized(message: str) -> Refusal:
    return Refusal(
        Reply(
            status=401,
            body=envelope(401, message, attributes={"error": message}),
            headers={"www-authenticate": f'Bearer error="{message}"'},
        )
    )
