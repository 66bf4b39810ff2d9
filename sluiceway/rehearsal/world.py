"""The world of a rehearsal: every connection leads to the embedded tenant or to nowhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from msgspec.structs import replace

from sluiceway.errors import ProviderNotEnabled
from sluiceway.management.scopes import ALL_SCOPES
from sluiceway.tenants.client import NoLimits
from sluiceway.tenants.tokens import Token
from sluiceway.vault.base import VaultConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sluiceway.bootstrap import Application
    from sluiceway.engine.base import World
    from sluiceway.management.tenant import EmbeddedTenant
    from sluiceway.models.flow import Flow
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import Channel
    from sluiceway.outbound.base import OutboundRequest, OutboundResponse, Transport
    from sluiceway.rehearsal.clock import StandingClock
    from sluiceway.rehearsal.mocks import Mocks
    from sluiceway.tenants.tokens import ClientCredentials

__all__ = ["DEFAULT_SETUPS", "TenantCall", "rehearsal_world"]

DEFAULT_SETUPS: Final[Mapping[str, JsonObject]] = {
    "HTTP": {"type": "BEARER", "token": "rehearsal-token"},
    "JWT": {"type": "JWT", "algorithm": "HS256", "secret": "rehearsal-secret-of-32-characters"},
    "TWILIO": {"type": "API_KEY", "account_id": "ACrehearsal", "api_key": "rehearsal-key"},
    "MAILJET": {"type": "API_KEY", "api_key": "rehearsal-key", "secret_key": "rehearsal-secret"},
    "TELEGRAM": {"type": "TOKEN", "token": "1:rehearsal"},
    "WHATSAPP": {"type": "TOKEN", "token": "rehearsal-token"},
    "SLACK": {"type": "WEBHOOK", "url": "https://hooks.slack.example/rehearsal"},
    "ZAPIER": {"type": "WEBHOOK", "url": "https://hooks.zapier.example/rehearsal"},
}
"""What connections are set up with where a case does not say: made-up secrets."""

_OTHER: Final[JsonObject] = {"type": "API_KEY", "api_key": "rehearsal-key"}


class TenantCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the Management API, and its answer."""

    method: str
    pathname: str
    body: JsonValue
    status: int
    answer: JsonValue

    def as_json(self) -> JsonObject:
        """Return the call as expectations see it."""
        return {
            "method": self.method,
            "pathname": self.pathname,
            "body": self.body,
            "status": self.status,
            "answer": self.answer,
        }


class _Connections(msgspec.Struct):
    """Every name that the flow uses is a connection, of the app that its actions need."""

    setups: Mapping[str, JsonObject]
    apps: Mapping[str, str]
    otherwise: str
    domain: str
    clock: StandingClock

    async def find(self, id_or_name: str) -> VaultConnection | None:
        """See ``VaultConnections``."""
        given = self.setups.get(id_or_name, {})
        app_id = str(given.get("app_id") or self.apps.get(id_or_name, self.otherwise))
        setup = given.get("setup")
        if app_id == "AUTH0":
            shown: JsonObject = {
                "type": "OAUTH_APP",
                "domain": self.domain,
                "client_id": "rehearsal",
                "client_secret": "rehearsal-secret",
            }
        else:
            shown = setup if isinstance(setup, dict) else DEFAULT_SETUPS.get(app_id, _OTHER)
        return VaultConnection(
            id=id_or_name,
            app_id=app_id,
            name=id_or_name,
            ready=True,
            fingerprint="rehearsal",
            created_at=self.clock.now,
            updated_at=self.clock.now,
            setup=shown,
        )


class _IssuedTokens(msgspec.Struct):
    """Tokens straight from the embedded tenant, good at whatever time the clock stands at."""

    tenant: EmbeddedTenant
    client_id: str
    clock: StandingClock

    async def get(self, credentials: ClientCredentials) -> Token:
        """See ``Tokens``."""
        del credentials
        audience = self.tenant.environment.audience
        text = await self.tenant.tokens.issue(self.client_id, [*ALL_SCOPES], audience)
        return Token(text=text, expires_at=self.clock.now + timedelta(hours=1))

    async def drop(self, credentials: ClientCredentials, token: Token) -> None:
        """See ``Tokens``: there is always another."""


class _WatchedTransport(msgspec.Struct):
    """Carries calls to the embedded tenant, and notes them."""

    inner: Transport
    calls: list[TenantCall] = msgspec.field(default_factory=list["TenantCall"])

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        answer = await self.inner.send(request)
        pathname = "/" + request.url.split("/", 3)[3]
        self.calls.append(
            TenantCall(
                method=request.method,
                pathname=pathname,
                body=_read(request.body),
                status=answer.status,
                answer=_read(answer.body),
            )
        )
        return answer


def rehearsal_world(
    application: Application,
    tenant: EmbeddedTenant,
    transport: Transport,
    *,
    clock: StandingClock,
    mocks: Mocks,
    flow: Flow,
    setups: Mapping[str, JsonObject],
    providers: Mapping[str, bool],
) -> tuple[World, list[TenantCall]]:
    """Return the world of one run, and the list that its tenant calls will be in."""
    watched = _WatchedTransport(transport)
    apps: dict[str, str] = {}
    for placed in flow.walk():
        name = placed.action.params.get("connection_id")
        if isinstance(name, str):
            apps.setdefault(name, placed.action.type)
    # Where an expression chooses the connection, the actions that have one say of which app it is.
    chosen = {app for name, app in apps.items() if "{{" in name}
    otherwise = chosen.pop() if len(chosen) == 1 else "AUTH0"
    connections = _Connections(setups, apps, otherwise, tenant.environment.domain, clock)
    tokens = _IssuedTokens(tenant, application.client.client_id, clock)
    client = replace(
        application.tenants,
        connections=connections,
        transport=watched,
        tokens=cast("Any", tokens),  # the two methods that the client calls
        limits=NoLimits(),
        now=clock.read,
        sleep=clock.sleep,
    )
    world = replace(
        application.world,
        tenant=client,
        send=mocks.send,
        connections=connections,
        require_provider=_provider(application, providers),
        access_token=_access_token,
        find_mail_hosts=_find_mail_hosts,
    )
    return world, watched.calls


def _provider(
    application: Application, providers: Mapping[str, bool]
) -> Callable[[Channel], Awaitable[JsonObject]]:
    async def describe(channel: Channel) -> JsonObject:
        if providers.get(str(channel)) is False:
            raise ProviderNotEnabled(
                f"expected an enabled provider for {channel}, the case says that there is none"
            )
        return await application.providers.describe(channel)

    return describe


async def _access_token(connection: VaultConnection, *, instead_of: str = "") -> str:
    del connection, instead_of
    return "rehearsal-access-token"


async def _find_mail_hosts(domain: str) -> tuple[str, ...]:
    """Every domain has a mail server, but those that can have none (RFC 2606)."""
    return () if domain.endswith((".invalid", ".test")) else (f"mx.{domain}",)


def _read(body: bytes) -> JsonValue:
    if not body:
        return None
    try:
        value: JsonValue = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    return value
