"""What stands around the HTTP client: it is loaded when first needed, and tried again."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import OutboundError
from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.retry import RetryPolicy, wait_told

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sluiceway.outbound.base import OutboundRequest, OutboundResponse, Transport
    from sluiceway.outbound.client import HttpClient
    from sluiceway.settings import Settings

__all__ = ["LazyClient", "RetryingSender"]

_HARMLESS: Final = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})


class LazyClient:
    """A transport whose client is imported with the first request: aiohttp takes its time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: HttpClient | None = None

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """See ``Transport``."""
        if self._client is None:
            from sluiceway.outbound.client import HttpClient  # noqa: PLC0415 - slow to load

            self._client = HttpClient(
                allow_hosts=self._settings.allow_hosts,
                proxy=self._settings.proxy or None,
                ca_file=self._settings.ca_file or None,
            )
        return await self._client.send(request)

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close()


class RetryingSender(msgspec.Struct, frozen=True):
    """Sends a request, and again where that is harmless and may help.

    What must be waited for longer than *patience_s* in all is not: the answer so far says more to a
    flow than a step that ran out of time.
    """

    transport: Transport
    policy: RetryPolicy
    chance: random.Random
    patience_s: float = math.inf
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(
        self, request: OutboundRequest, *, retries: int | None = None
    ) -> OutboundResponse:
        """Send *request*; *retries* in place of the policy's. The last answer is returned.

        Raises:
            OutboundError: no usable answer after the retries.
        """
        policy = self.policy
        if retries is not None:
            policy = RetryPolicy(retries=retries, limit_retries=retries)
        attempt, waited_s = 0, 0.0
        while True:
            attempt += 1
            answer: OutboundResponse | None = None
            is_harmless = request.method in _HARMLESS
            try:
                answer = await self.transport.send(request)
            except OutboundError as error:
                may = policy.may_retry(attempt, status=None, is_harmless=is_harmless)
                if not (error.retryable and may):
                    raise
            if answer is not None and not policy.may_retry(
                attempt, status=answer.status, is_harmless=is_harmless
            ):
                return answer
            told = wait_told(answer.headers, now=self.now()) if answer else None
            wait_s = policy.wait(attempt, told_s=told, chance=self.chance)
            if answer is not None and waited_s + max(wait_s, told or 0) > self.patience_s:
                return answer
            await self.sleep(wait_s)
            waited_s += wait_s
