"""``/sluiceway/v1/session``: the console signs in with a client's id and secret."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from sluiceway.api.auth import COOKIE, cookie_of, session_of
from sluiceway.api.errors import Refusal, envelope
from sluiceway.api.route import Call, Param, Reply, Route
from sluiceway.management import clients
from sluiceway.management.fields import closed, text
from sluiceway.management.sessions import LIFETIME, end_session, new_session
from sluiceway.management.tokens import OAuthRefusal

if TYPE_CHECKING:
    from sluiceway.management.sessions import Session
    from sluiceway.models.json import JsonObject

__all__ = ["ROUTES"]

_SIGN_IN: Final = closed(
    {"client_id": text(255), "client_secret": text(1024)}, "client_id", "client_secret"
)


async def _sign_in(call: Call) -> Reply:
    body: Any = call.body
    try:
        scopes = await call.services.tenant.tokens.sign_in(
            body["client_id"], body["client_secret"], address=call.client_address
        )
    except OAuthRefusal as error:
        headers = {"retry-after": str(error.retry_after_s)} if error.retry_after_s else {}
        refusal = envelope(error.status, error.description, code=error.error)
        raise Refusal(Reply(status=error.status, body=refusal, headers=headers)) from error
    environment = call.services.tenant.environment
    return _signed_in(call, await new_session(environment, body["client_id"], scopes))


async def _show(call: Call) -> Reply:
    session = await session_of(call.services, call.headers)
    if session is not None:
        return Reply(body=_shown(session))
    client_id = call.services.console_client_id
    if not (call.services.is_development and client_id and _is_local(call)):
        if call.query["optional"]:
            return Reply(status=204)
        body = envelope(401, "Missing authentication", attributes={"error": "no session"})
        raise Refusal(Reply(status=401, body=body))
    environment = call.services.tenant.environment
    granted = await clients.granted_scopes(environment, client_id, environment.audience)
    return _signed_in(call, await new_session(environment, client_id, granted or []))


async def _sign_out(call: Call) -> Reply:
    session = await session_of(call.services, call.headers)
    if session is not None and session.accepts(call.headers.get("x-csrf-token", "")):
        await end_session(call.services.tenant.environment, cookie_of(call.headers))
    return Reply(status=204, headers={"set-cookie": _cookie(call, "", lasts_s=0)})


def _is_local(call: Call) -> bool:
    """Tell whether a browser of this machine asks, under a name that only this machine has.

    The name matters: a page elsewhere could have its own name resolve to 127.0.0.1.
    """
    host = call.headers.get("host", "").rpartition(":")[0] or call.headers.get("host", "")
    if host not in {"localhost", "127.0.0.1", "[::1]"} or "x-forwarded-for" in call.headers:
        return False
    if call.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    try:
        return ipaddress.ip_address(call.client_address).is_loopback
    except ValueError:
        return False


def _signed_in(call: Call, session: Session) -> Reply:
    cookie = _cookie(call, session.token, lasts_s=int(LIFETIME.total_seconds()))
    return Reply(body=_shown(session), headers={"set-cookie": cookie})


def _shown(session: Session) -> JsonObject:
    return {
        "client_id": session.client_id,
        "scopes": list(session.scopes),
        "csrf_token": session.csrf,
    }


def _cookie(call: Call, value: str, *, lasts_s: int) -> str:
    parts = [f"{COOKIE}={value}", "Path=/", "HttpOnly", "SameSite=Strict", f"Max-Age={lasts_s}"]
    if call.services.is_secure:
        parts.append("Secure")
    return "; ".join(parts)


_PATH: Final = "/sluiceway/v1/session"

ROUTES: Final = (
    Route(
        method="POST",
        path=_PATH,
        handle=_sign_in,
        summary="Sign in to the console",
        is_open=True,
        body=_SIGN_IN,
        tag="session",
    ),
    Route(
        method="GET",
        path=_PATH,
        handle=_show,
        summary="Show who is signed in",
        may_be_empty=True,
        is_open=True,
        query=(
            Param(
                name="optional",
                type="boolean",
                description="Answer 204, not 401, where nobody is signed in.",
            ),
        ),
        tag="session",
    ),
    Route(
        method="DELETE",
        path=_PATH,
        handle=_sign_out,
        summary="Sign out",
        is_open=True,
        status=204,
        tag="session",
    ),
)
