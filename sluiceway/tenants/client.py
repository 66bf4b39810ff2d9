"""The client of the Management API: token, request, waits; one for all tenants of the vault."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

import msgspec

from sluiceway.errors import ConnectionUnusable, OutboundError
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.base import OutboundRequest
from sluiceway.outbound.retry import RetryPolicy, wait_told
from sluiceway.outbound.step_clock import standing
from sluiceway.tenants.base import TenantResponse
from sluiceway.tenants.pathname import check_headers, check_pathname
from sluiceway.tenants.tokens import ClientCredentials

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundResponse, Transport
    from sluiceway.tenants.base import TenantRequest
    from sluiceway.tenants.tokens import Token, Tokens
    from sluiceway.vault.base import VaultConnection, VaultConnections

__all__ = ["NoLimits", "RateLimits", "TenantClient", "read_body"]

_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_HARMLESS: Final = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?")
# Headers of the answer that tell of the way, not of the tenant; and those that are secret.
_LEFT_OUT: Final = frozenset({"set-cookie", "connection", "transfer-encoding", "content-encoding"})
_CHARSET: Final = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)


class RateLimits(Protocol):
    """One bucket for each tenant, shared by all workers; it learns from what tenants answer."""

    @property
    def waited_s(self) -> float:
        """For how many seconds, so far, at least one caller was held back."""
        ...

    async def wait(self, domain: str) -> None:
        """Wait for a token of *domain*'s bucket."""
        ...

    async def learn(self, domain: str, status: int, headers: Mapping[str, str]) -> bool:
        """Take in what an answer says; tell whether ``wait`` makes callers wait because of it."""
        ...


class NoLimits:
    """Never waits, learns nothing: for tests and for callers with a bucket of their own."""

    waited_s = 0.0

    async def wait(self, domain: str) -> None:
        """See ``RateLimits``."""

    async def learn(self, domain: str, status: int, headers: Mapping[str, str]) -> bool:
        """See ``RateLimits``."""
        del domain, status, headers
        return False


class TenantClient(msgspec.Struct, kw_only=True):
    """See ``Tenant``. A connection's token goes to its own domain only."""

    connections: VaultConnections
    transport: Transport
    tokens: Tokens
    limits: RateLimits
    policy: RetryPolicy
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: random.Random
    timeout_s: float = 30.0

    async def call(self, connection: str, request: TenantRequest) -> TenantResponse:
        """See ``Tenant``."""
        credentials = await self._open(connection)
        url = f"https://{credentials.domain}{check_pathname(request.pathname)}"
        query = {key: value for key, value in request.query.items() if value is not None}
        if query:
            url = f"{url}?{urlencode(query)}"
        body, headers = _encode(request)
        for is_last in (False, True):
            token = await self.tokens.get(credentials)
            answer = await self._send(
                credentials.domain,
                OutboundRequest(
                    method=request.method,
                    url=url,
                    headers={**headers, "authorization": f"Bearer {token.text}"},
                    body=body,
                    timeout_s=self.timeout_s,
                ),
            )
            if answer.status != _UNAUTHORIZED or is_last:
                break
            # It may have been revoked, or the tenant's keys rotated: once more with a new one.
            await self.tokens.drop(credentials, token)
        shown = {name: text for name, text in answer.headers.items() if name not in _LEFT_OUT}
        return TenantResponse(
            status=answer.status,
            headers=shown,
            body=read_body(answer),
            secrets=(token.text, credentials.client_secret),
        )

    async def new_token(self, connection: VaultConnection) -> Token:
        """Return a token that was asked for just now, to test the connection with.

        Raises:
            ConnectionUnusable: the connection is empty or of another app.
            TokenError: the tenant refuses one.
            OutboundError: the tenant gave no answer.
        """
        return await self.tokens.get_anew(_credentials(connection))

    async def _open(self, name: str) -> ClientCredentials:
        found = await self.connections.find(name)
        if found is None:
            raise ConnectionUnusable(
                f"expected the vault connection {name!r}, found none of that id or name",
                hint=f"Create it, or map it to the embedded tenant: --connection {name}=local.",
            )
        return _credentials(found)

    async def _send(self, domain: str, request: OutboundRequest) -> OutboundResponse:
        attempt = 0
        while True:
            attempt += 1
            with standing():
                await self.limits.wait(domain)
            answer: OutboundResponse | None = None
            try:
                answer = await self.transport.send(request)
            except OutboundError as error:
                if not (error.retryable and self._may_retry(attempt, None, request)):
                    raise
            told: float | None = None
            if answer is not None:
                has_queue = await self.limits.learn(domain, answer.status, answer.headers)
                if not self._may_retry(attempt, answer.status, request):
                    return answer
                if has_queue:
                    continue
                told = wait_told(answer.headers, now=self.now())
            await self.sleep(self.policy.wait(attempt, told_s=told, chance=self.chance))

    def _may_retry(self, attempt: int, status: int | None, request: OutboundRequest) -> bool:
        return self.policy.may_retry(
            attempt, status=status, is_harmless=request.method in _HARMLESS
        )


def read_body(answer: OutboundResponse) -> JsonValue:
    """Return the body as JSON where it says or looks like JSON, else as text; ``None`` if empty."""
    if not answer.body:
        return None
    content_type = answer.headers.get("content-type", "")
    data = answer.body.removeprefix(b"\xef\xbb\xbf")
    if "json" in content_type or data[:1] in b"{[":
        try:
            value: JsonValue = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        else:
            return value
    named = _CHARSET.search(content_type)
    try:
        return answer.body.decode(named[1] if named else "utf-8", "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def _credentials(connection: VaultConnection) -> ClientCredentials:
    if connection.app_id != "AUTH0":
        raise ConnectionUnusable(
            f"expected a vault connection of app AUTH0, found {connection.name!r} "
            f"of app {connection.app_id}"
        )
    setup = connection.setup
    if setup is None:
        raise ConnectionUnusable(
            f"the vault connection {connection.name!r} is not set up yet",
            hint=f"Run: sluiceway vault update {connection.name!r} --setup FILE",
        )
    domain = _text(setup, "domain", connection)
    if not _DOMAIN.fullmatch(domain):
        raise ConnectionUnusable(
            f"expected the domain of a tenant in {connection.name!r}, found {domain!r}",
            hint="Write it without https:// and without a path.",
        )
    audience = setup.get("audience")
    return ClientCredentials(
        key=f"{connection.id}/{connection.fingerprint}",
        domain=domain.lower(),
        client_id=_text(setup, "client_id", connection),
        client_secret=_text(setup, "client_secret", connection),
        audience=audience
        if isinstance(audience, str) and audience
        else f"https://{domain}/api/v2/",
    )


def _text(setup: JsonObject, key: str, connection: VaultConnection) -> str:
    found = setup.get(key)
    if not isinstance(found, str) or not found:
        raise ConnectionUnusable(
            f"expected {key} in the setup of the vault connection {connection.name!r}, found none"
        )
    return found


def _encode(request: TenantRequest) -> tuple[bytes, dict[str, str]]:
    headers = {"accept": "application/json", **check_headers(request.headers)}
    if request.body is None:
        return b"", headers
    if isinstance(request.body, str):
        return request.body.encode(), {"content-type": "application/json", **headers}
    return msgspec.json.encode(request.body), {"content-type": "application/json", **headers}
