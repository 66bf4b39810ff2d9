"""Try a vault connection: is the secret good, and what may its client do.

Each app is asked something that changes nothing; where there is nothing to ask, the trial says so.

Source: Twilio's "Fetch an Account", SendGrid's ``GET /v3/scopes``, Mailjet's ``GET /v3/REST/user``,
Telegram's ``getMe``, Meta's Graph API ``/me``; RFC 9068 for the scopes of a token that is a JWT.
"""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import ConnectionUnusable, SluicewayError, TokenError
from sluiceway.outbound.base import OutboundRequest
from sluiceway.tenants.client import read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundResponse, Transport
    from sluiceway.tenants.tokens import Token
    from sluiceway.vault.base import VaultConnection

__all__ = ["ConnectionTrials", "Trial"]

_UNAUTHORIZED: Final = frozenset({401, 403})
_JWT_PARTS: Final = 3
_USED_HERE: Final = "It is used on this machine only: there is nothing to ask."
_NO_ADDRESS: Final = "It has no address of its own: the first step that uses it will tell."
_NOT_USED: Final = "Sluiceway keeps it, and has no action that uses it: nothing was asked."


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; *scopes* are those the client has, ``None`` where nobody tells."""

    message: str
    took_ms: int = 0
    scopes: tuple[str, ...] | None = None
    error: SluicewayError | None = None

    @property
    def is_good(self) -> bool:
        """Whether nothing was found wrong."""
        return self.error is None


class ConnectionTrials(msgspec.Struct, frozen=True, kw_only=True):
    """Tries connections over *transport*; the two others fetch their access tokens."""

    transport: Transport
    tenant_token: Callable[[VaultConnection], Awaitable[Token]]
    service_token: Callable[[VaultConnection], Awaitable[Token]]

    async def __call__(self, connection: VaultConnection) -> Trial:
        """Try *connection*; whatever goes wrong is in the answer."""
        began = time.perf_counter()
        try:
            message, scopes = await self._try(connection)
        except SluicewayError as error:
            return Trial(message=error.message, took_ms=_since(began), error=error)
        return Trial(message=message, took_ms=_since(began), scopes=scopes)

    async def _try(self, connection: VaultConnection) -> tuple[str, tuple[str, ...] | None]:
        if connection.setup is None:
            raise ConnectionUnusable(
                f"the vault connection {connection.name!r} is not set up yet",
                hint="Give it its secrets: sluiceway vault update.",
            )
        match connection.app_id, connection.setup.get("type"):
            case "AUTH0", _:
                token = await self.tenant_token(connection)
                return "The tenant gave an access token.", _scopes_of(token)
            case "HTTP", "OAUTH_CLIENT_CREDENTIALS":
                token = await self.service_token(connection)
                return "The token endpoint gave an access token.", _scopes_of(token)
            case "HTTP", _:
                return _NO_ADDRESS, None
            case "JWT", _:
                return _USED_HERE, None
            case app_id, _ if app_id in _QUESTIONS:
                return await self._ask(connection)
            case _:
                return _NOT_USED, None

    async def _ask(self, connection: VaultConnection) -> tuple[str, tuple[str, ...] | None]:
        name, make = _QUESTIONS[connection.app_id]
        url, authorization = make(connection)
        headers = {"accept": "application/json", "user-agent": "Sluiceway"}
        if authorization:
            headers["authorization"] = authorization
        answer = await self.transport.send(
            OutboundRequest(method="GET", url=url, headers=headers, timeout_s=15)
        )
        if not answer.is_success:
            is_refused = answer.status in _UNAUTHORIZED
            raise TokenError(
                f"{name} answered {answer.status}",
                hint="Check the connection's secrets." if is_refused else "Try again later.",
            )
        return f"{name} took the credentials.", _scopes_in(answer)


def _basic(name: JsonValue, secret: JsonValue) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def _twilio(connection: VaultConnection) -> tuple[str, str]:
    setup = connection.setup or {}
    account = setup.get("account_id")
    url = f"https://api.twilio.com/2010-04-01/Accounts/{account}.json"
    return url, _basic(account, setup.get("api_key"))


def _sendgrid(connection: VaultConnection) -> tuple[str, str]:
    return "https://api.sendgrid.com/v3/scopes", f"Bearer {(connection.setup or {}).get('api_key')}"


def _mailjet(connection: VaultConnection) -> tuple[str, str]:
    setup = connection.setup or {}
    url = "https://api.mailjet.com/v3/REST/user"
    return url, _basic(setup.get("api_key"), setup.get("secret_key"))


def _telegram(connection: VaultConnection) -> tuple[str, str]:
    return f"https://api.telegram.org/bot{(connection.setup or {}).get('token')}/getMe", ""


def _whatsapp(connection: VaultConnection) -> tuple[str, str]:
    url = "https://graph.facebook.com/v23.0/me"
    return url, f"Bearer {(connection.setup or {}).get('token')}"


_QUESTIONS: Final[dict[str, tuple[str, Callable[[VaultConnection], tuple[str, str]]]]] = {
    "MAILJET": ("Mailjet", _mailjet),
    "SENDGRID": ("SendGrid", _sendgrid),
    "TELEGRAM": ("Telegram", _telegram),
    "TWILIO": ("Twilio", _twilio),
    "WHATSAPP": ("WhatsApp", _whatsapp),
}


def _scopes_of(token: Token) -> tuple[str, ...] | None:
    """Return the scopes that came with the token, or stand in it."""
    scope: JsonValue = token.scope or _claims(token.text).get("scope")
    return tuple(sorted(scope.split())) if isinstance(scope, str) else None


def _claims(text: str) -> JsonObject:
    parts = text.split(".")
    if len(parts) != _JWT_PARTS:
        return {}
    try:
        data = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: JsonValue = msgspec.json.decode(data)
    except (ValueError, msgspec.DecodeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _scopes_in(answer: OutboundResponse) -> tuple[str, ...] | None:
    body = read_body(answer)
    scopes = body.get("scopes") if isinstance(body, dict) else None
    return tuple(sorted(map(str, scopes))) if isinstance(scopes, list) else None


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
