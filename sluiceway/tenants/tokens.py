"""Access tokens of tenants: fetched once however many want them, kept, renewed before they end.

Source: Auth0's page on the client credentials flow; errors as issue threads quote them.
"""

from __future__ import annotations

import asyncio
import random
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

import msgspec

from sluiceway.discreet import Discreet
from sluiceway.errors import OutboundError, TargetUnreachable, TokenError, VaultError
from sluiceway.models.masking import Masker
from sluiceway.models.timestamps import format_timestamp, parse_timestamp, utc_now
from sluiceway.outbound.base import OutboundRequest
from sluiceway.outbound.retry import RetryPolicy, wait_told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundResponse, Transport
    from sluiceway.vault.base import Sealer

__all__ = ["ClientCredentials", "Token", "TokenCache", "Tokens"]

_OK: Final = 200
_MARGIN: Final = timedelta(seconds=60)
_DEFAULT_LIFE: Final = timedelta(hours=24)
_LONGEST_LIFE_S: Final = 30 * 86400
_LONGEST_TOKEN: Final = 16 * 1024
"""What servers take in a header; a token that is longer, or no plain text, is no token."""

_PLAIN: Final = re.compile(r"[\x21-\x7e]+")
_REFUSALS_HOLD: Final = timedelta(seconds=3)
"""A batch with a wrong secret must not ask the tenant once a row."""

_FETCH_WITHIN: Final = timedelta(seconds=15)
"""How long one worker may be about to fetch a token before another does."""

_LOOK_AGAIN_S: Final = 0.05


class ClientCredentials(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What a token is asked for with. *key* names the connection and the state of its secret.

    *token_endpoint* is that of another service than an Auth0 tenant, *more* what it wants to know.
    """

    withheld = frozenset({"client_secret"})

    key: str
    domain: str
    client_id: str
    client_secret: str
    audience: str
    token_endpoint: str = ""
    more: tuple[tuple[str, str], ...] = ()


class Token(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """An access token, its end, and what it allows where the tenant said so."""

    withheld = frozenset({"text"})

    text: str
    expires_at: datetime
    scope: str = ""


class TokenCache(Protocol):
    """Small values with an end, shared by all workers."""

    async def get(self, key: str, *, now: datetime) -> bytes | None:
        """Return the value, unless it ended."""
        ...

    async def put(self, key: str, value: bytes, *, expires_at: datetime) -> None:
        """Keep a value until *expires_at*."""
        ...

    async def claim(self, key: str, value: bytes, *, now: datetime, until: datetime) -> bool:
        """Keep *value* until then, unless the key has one already; tell whether it was kept."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a value."""
        ...


class Tokens:
    """Gives the token of a connection: from memory, else from the shared cache, else fetched."""

    def __init__(
        self,
        transport: Transport,
        *,
        cache: TokenCache,
        sealer: Sealer,
        now: Callable[[], datetime] = utc_now,
        chance: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._transport = transport
        self._cache = cache
        self._sealer = sealer
        self._now = now
        self._chance = chance or random.Random()  # noqa: S311 - jitter
        self._sleep = sleep
        self._policy = policy or RetryPolicy()
        self._kept: dict[str, Token] = {}
        self._refused: dict[str, tuple[datetime, TokenError]] = {}
        self._under_way: dict[str, asyncio.Task[Token]] = {}

    async def get(self, credentials: ClientCredentials) -> Token:
        """Return a token that lasts for a while.

        Raises:
            TokenError: the tenant refuses one; the hint says what to do.
            OutboundError: the tenant gave no answer after the retries.
        """
        kept = self._kept.get(credentials.key)
        if kept is not None and kept.expires_at > self._now():
            return kept
        task = self._under_way.get(credentials.key)
        if task is None:
            task = asyncio.create_task(self._find(credentials))
            self._under_way[credentials.key] = task
            task.add_done_callback(lambda _: self._under_way.pop(credentials.key, None))
        # One caller that is cancelled does not take the token from the others.
        return await asyncio.shield(task)

    async def get_anew(self, credentials: ClientCredentials) -> Token:
        """Return a token that was asked for just now: what is kept says nothing of the secret.

        Raises:
            TokenError: the tenant refuses one.
            OutboundError: the tenant gave no answer after the retries.
        """
        self._kept.pop(credentials.key, None)
        self._refused.pop(credentials.key, None)
        await self._cache.delete(_cache_key(credentials))
        return await self.get(credentials)

    async def drop(self, credentials: ClientCredentials, token: Token) -> None:
        """Forget *token*, which the tenant refused, unless another took its place already."""
        kept = self._kept.get(credentials.key)
        if kept is not None and kept.text == token.text:
            del self._kept[credentials.key]
        shared = await self._load(credentials)
        if shared is not None and shared.text == token.text:
            await self._cache.delete(_cache_key(credentials))

    async def _find(self, credentials: ClientCredentials) -> Token:
        refused = self._refused.get(credentials.key)
        if refused is not None and self._now() < refused[0]:
            raise refused[1]
        lock = f"fetching/{credentials.key}"
        while (token := await self._load(credentials)) is None:
            until = self._now() + _FETCH_WITHIN
            if not await self._cache.claim(lock, b"", now=self._now(), until=until):
                # Another worker is about to fetch it.
                await self._sleep(_LOOK_AGAIN_S)
                continue
            try:
                token = await self._fetch(credentials)
                await self._save(credentials, token)
                break
            except TokenError as error:
                self._refused[credentials.key] = (self._now() + _REFUSALS_HOLD, error)
                raise
            finally:
                await self._cache.delete(lock)
        self._kept[credentials.key] = token
        return token

    async def _load(self, credentials: ClientCredentials) -> Token | None:
        key = _cache_key(credentials)
        sealed = await self._cache.get(key, now=self._now())
        if sealed is None:
            return None
        try:
            found: JsonObject = msgspec.json.decode(self._sealer.open(sealed, identity=key))
        except VaultError:  # a cache need not be read: its key is gone, or it was tampered with
            await self._cache.delete(key)
            return None
        return Token(
            text=str(found["text"]),
            scope=str(found["scope"]),
            expires_at=parse_timestamp(str(found["expires_at"])),
        )

    async def _save(self, credentials: ClientCredentials, token: Token) -> None:
        key = _cache_key(credentials)
        document = {
            "text": token.text,
            "scope": token.scope,
            "expires_at": format_timestamp(token.expires_at),
        }
        sealed = self._sealer.seal(msgspec.json.encode(document), identity=key)
        await self._cache.put(key, sealed, expires_at=token.expires_at)

    async def _fetch(self, credentials: ClientCredentials) -> Token:
        answer = await self._ask(credentials)
        document = _parse(answer)
        text = document.get("access_token")
        if answer.status != _OK or not isinstance(text, str):
            raise _explain(answer, document, credentials)
        if len(text) > _LONGEST_TOKEN or not _PLAIN.fullmatch(text):
            raise TokenError(
                f"expected an access token from {credentials.domain}, found a text that is none",
                hint="Look at what its token endpoint answers.",
            )
        lasts = _life(document.get("expires_in"))
        # Renewed early, at another moment each time; a token of seconds is still used for a while.
        early = min(_MARGIN, lasts / 4) * self._chance.uniform(1, 2)
        return Token(
            text=text, scope=str(document.get("scope", "")), expires_at=self._now() + lasts - early
        )

    async def _ask(self, credentials: ClientCredentials) -> OutboundResponse:
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            **({"audience": credentials.audience} if credentials.audience else {}),
            **dict(credentials.more),
        }
        request = OutboundRequest(
            method="POST",
            url=credentials.token_endpoint or f"https://{credentials.domain}/oauth/token",
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            body=urlencode(form).encode(),
        )
        attempt = 0
        while True:
            attempt += 1
            answer: OutboundResponse | None = None
            try:
                answer = await self._transport.send(request)
            except OutboundError as error:
                if not error.retryable or attempt > self._policy.retries:
                    raise
            if answer is not None and not self._policy.may_retry(
                attempt, status=answer.status, is_harmless=True
            ):
                return answer
            told = wait_told(answer.headers, now=self._now()) if answer else None
            await self._sleep(self._policy.wait(attempt, told_s=told, chance=self._chance))


def _life(value: JsonValue) -> timedelta:
    """Return how long a token lasts; what is no such number means a day, as Auth0's do."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _DEFAULT_LIFE
    return timedelta(seconds=value) if 0 <= value <= _LONGEST_LIFE_S else _DEFAULT_LIFE


def _cache_key(credentials: ClientCredentials) -> str:
    return f"token/{credentials.key}"


def _parse(answer: OutboundResponse) -> JsonObject:
    try:
        document: JsonValue = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _explain(
    answer: OutboundResponse, document: JsonObject, credentials: ClientCredentials
) -> TokenError | TargetUnreachable:
    domain, code = credentials.domain, str(document.get("error", ""))
    masker = Masker()
    masker.add(credentials.client_secret)
    # Some servers quote what they were sent.
    said = masker.apply_text(str(document.get("error_description", ""))[:300])
    status = answer.status
    who = (
        f"the token endpoint of {domain}" if credentials.token_endpoint else f"the tenant {domain}"
    )
    if status >= 500 or status == 429:  # noqa: PLR2004 - 5xx and Too Many Requests
        return TargetUnreachable(
            f"{who} gives no access token for now: status {status}",
            hint="It is down or over its limit: try again later.",
        )
    if not document or not (said or code):
        found = "none in the answer" if document else "no JSON"
        return TokenError(
            f"expected an access token from {domain}, found status {status} and {found}",
            hint="Check the connection's token endpoint."
            if credentials.token_endpoint
            else "Is this the domain of an Auth0 tenant?",
        )
    if credentials.token_endpoint:
        hint = "Check the connection's client id, client secret and scope."
    elif "client-grant" in said or "not authorized to access" in said:
        hint = f"Authorize the application for the API {credentials.audience} in the tenant."
    elif code == "unauthorized_client" or "Grant type" in said:
        hint = "Allow the grant type client_credentials: make it a Machine to Machine application."
    elif "Service not found" in said or code == "invalid_target":
        hint = f"Check the connection's audience, now {credentials.audience}."
    else:
        hint = "Check the connection's client id and client secret."
    return TokenError(f"{who} refused an access token: {said or code}", hint=hint)
