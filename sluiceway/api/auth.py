"""The door: a bearer token or the console's cookie, and one of the route's scopes."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final

from sluiceway.api.errors import Refusal, envelope, scope_refusal
from sluiceway.api.route import Reply
from sluiceway.management.jws import InvalidToken
from sluiceway.management.sessions import find_session
from sluiceway.management.tokens import Claims

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.api.route import Route
    from sluiceway.api.services import Services
    from sluiceway.management.sessions import Session

__all__ = ["COOKIE", "CSRF_HEADER", "authorize", "cookie_of", "session_of"]

COOKIE: Final = "sluiceway_session"
CSRF_HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD"})


async def authorize(route: Route, services: Services, headers: Mapping[str, str]) -> Claims | None:
    """Return who calls; ``None`` on open routes.

    Raises:
        Refusal: 401 without a good token, 403 without a scope of the route.
    """
    if route.is_open:
        return None
    claims = await _identify(route.method, services, headers)
    if route.scopes and claims.scopes.isdisjoint(route.scopes):
        raise Refusal(scope_refusal(*route.scopes))
    return claims


async def _identify(method: str, services: Services, headers: Mapping[str, str]) -> Claims:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        try:
            return await services.tenant.tokens.check(token.strip())
        except InvalidToken as error:
            raise _unauthorized("Invalid token") from error
    session = await session_of(services, headers)
    if session is None:
        raise _unauthorized("Missing authentication")
    if method not in _SAFE and not session.accepts(headers.get(CSRF_HEADER, "")):
        body = envelope(403, "The x-csrf-token header is missing or wrong", code="invalid_csrf")
        raise Refusal(Reply(status=403, body=body))
    return Claims(
        client_id=session.client_id, scopes=frozenset(session.scopes), expires_at=float("inf")
    )


async def session_of(services: Services, headers: Mapping[str, str]) -> Session | None:
    """Return the console session that the request's cookie names."""
    token = cookie_of(headers)
    return await find_session(services.tenant.environment, token) if token else None


def cookie_of(headers: Mapping[str, str]) -> str:
    """Return the value of the console's cookie, or ``""``."""
    text = headers.get("cookie", "")
    if COOKIE not in text:
        return ""
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _unauthorized(message: str) -> Refusal:
    return Refusal(
        Reply(
            status=401,
            body=envelope(401, message, attributes={"error": message}),
            headers={"www-authenticate": f'Bearer error="{message}"'},
        )
    )
