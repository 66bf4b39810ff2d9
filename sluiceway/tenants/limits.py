"""The rate limits of tenants, learned from what they answer and shared by all workers.

A tenant says how large its bucket is and what is left in it, not how fast it fills. So callers are
paced: faster while more than a fifth is left, slower below that, and the pace that keeps it there
is the tenant's rate. It is found without running into 429, and a batch runs at the tenant's limit.

Source: Auth0's rate-limit policy: ``x-ratelimit-limit`` (the bucket's size), ``-remaining``,
``-reset`` (the second of the next refill); a 429 may have ``Retry-After``.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.retry import wait_told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sluiceway.storage.base import TokenBuckets

__all__ = ["SharedLimits"]

_TOO_MANY: Final = 429
_WITHOUT_A_WORD_S: Final = 1.0
_LEFT_OVER: Final = 0.2
"""The share of the tenant's bucket that is left for others, and for what is on its way."""
_PACED_BELOW: Final = 0.5
"""Half a bucket is plenty: only below that are callers paced."""
_CORRECTED_WITHIN_S: Final = 1.0
_ADOPTED_WITHIN_S: Final = 3.0
_SLOWER_AFTER_429: Final = 0.8
_SLOWEST: Final = 0.2
# A tenant whose bucket stayed well filled for this long is asked freely again.
_REMEMBERED: Final = timedelta(seconds=30)


class _Pace(msgspec.Struct):
    """How fast a tenant is called: *steady* is what was found to keep its bucket where it is."""

    burst: float
    steady: float
    limited_at: datetime
    learned_at: datetime
    is_queued: bool = False
    turn: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)

    def rate_at(self, remaining: float, now: datetime) -> float:
        """Return the calls a second to make while *remaining* are left in the tenant's bucket."""
        # Tenants round down what is left: on average, a half more is there.
        excess = remaining + 0.5 - _LEFT_OVER * self.burst
        # A small bucket tells its level in few steps: each must not count for much.
        within_s = _CORRECTED_WITHIN_S * max(1.0, 5 / self.burst)
        rate = max(_SLOWEST, self.steady + excess / within_s)
        elapsed_s = min(1.0, max(0.0, (now - self.learned_at).total_seconds()))
        self.learned_at = now
        if self.is_queued:
            # Only a queue shows what the tenant can take; without one its bucket fills by itself.
            self.steady += (rate - self.steady) * elapsed_s / _ADOPTED_WITHIN_S
            if remaining >= self.burst - 1:
                # It was full before the call: the tenant could take far more.
                self.steady *= 1 + elapsed_s
        return rate

    def rate_after_429(self, now: datetime) -> float:
        """Return the calls a second to go on with; many refusals at once count as one."""
        if (now - self.limited_at).total_seconds() >= _CORRECTED_WITHIN_S:
            self.steady = max(_SLOWEST, self.steady * _SLOWER_AFTER_429)
        self.limited_at = self.learned_at = now
        return self.steady


class SharedLimits:
    """See ``RateLimits``. A tenant that is far from its limit costs no look at the store.

    Of each process, one caller at a time holds a place in the shared queue: what others were told
    to wait would not follow when the pace changes.
    """

    def __init__(
        self,
        buckets: TokenBuckets,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._buckets = buckets
        self._now = now
        self._sleep = sleep
        self._paces: dict[str, _Pace] = {}
        self._waiting = 0
        self._waiting_since_s = 0.0
        self._waited_s = 0.0

    @property
    def waited_s(self) -> float:
        """See ``RateLimits``."""
        going_on_s = time.monotonic() - self._waiting_since_s if self._waiting else 0.0
        return self._waited_s + going_on_s

    async def wait(self, domain: str) -> None:
        """See ``RateLimits``."""
        pace = self._paces.get(domain)
        if pace is None:
            return
        if not self._waiting:
            self._waiting_since_s = time.monotonic()
        self._waiting += 1
        try:
            await self._wait_in_turn(domain, pace)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited_s += time.monotonic() - self._waiting_since_s

    async def _wait_in_turn(self, domain: str, pace: _Pace) -> None:
        async with pace.turn:
            now = self._now()
            if now - pace.limited_at > _REMEMBERED:
                self._paces.pop(domain, None)
                return
            wait_s = await self._buckets.take(
                _key(domain), now=now, rate=pace.steady, burst=_most_at_once(pace.burst)
            )
            pace.is_queued = wait_s > 0
            if wait_s:
                await self._sleep(wait_s)

    async def learn(self, domain: str, status: int, headers: Mapping[str, str]) -> bool:
        """See ``RateLimits``."""
        if status == _TOO_MANY:
            await self._learn_429(domain, headers)
            return True
        burst = _number(headers.get("x-ratelimit-limit"))
        remaining = _number(headers.get("x-ratelimit-remaining"))
        pace = self._paces.get(domain)
        if burst is None or remaining is None:
            return False
        is_low = remaining < burst * _PACED_BELOW
        if pace is None and not is_low:
            return False
        now = self._now()
        if pace is None:
            pace = self._new_pace(domain, burst, now)
        elif is_low:
            pace.limited_at = max(pace.limited_at, now - timedelta(seconds=_CORRECTED_WITHIN_S))
        pace.burst = burst
        await self._buckets.learn(
            _key(domain),
            now=now,
            rate=pace.rate_at(remaining, now),
            burst=_most_at_once(burst),
            remaining=remaining,
        )
        return False

    async def _learn_429(self, domain: str, headers: Mapping[str, str]) -> None:
        now = self._now()
        burst = _number(headers.get("x-ratelimit-limit")) or 1.0
        pace = self._paces.get(domain) or self._new_pace(domain, burst, now)
        told = wait_told(headers, now=now)
        wait = timedelta(seconds=_WITHOUT_A_WORD_S if told is None else told)
        await self._buckets.learn(
            _key(domain),
            now=now,
            rate=pace.rate_after_429(now),
            burst=_most_at_once(burst),
            remaining=0,
            blocked_until=now + wait,
        )

    def _new_pace(self, domain: str, burst: float, now: datetime) -> _Pace:
        # Auth0's own limits fill a bucket in one to five seconds.
        pace = _Pace(burst, max(1.0, burst / 3), limited_at=now, learned_at=now)
        self._paces[domain] = pace
        return pace


def _key(domain: str) -> str:
    return f"tenant/{domain}"


def _most_at_once(burst: float) -> float:
    """Return how many may go at once after a pause: a part, for the pace is only a guess then."""
    return max(1.0, burst * _LEFT_OVER)


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdecimal() else None
