"""The rate limits of tenants, learned from what they answer and shared by all workers.

Source: Auth0's rate-limit policy: ``x-ratelimit-limit`` (the bucket's size), ``-remaining``,
``-reset`` (the second of the next refill); a 429 may have ``Retry-After``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sluiceway.models.timestamps import utc_now
from sluiceway.outbound.retry import wait_told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sluiceway.storage.base import TokenBuckets

__all__ = ["SharedLimits"]

_TOO_MANY: Final = 429
_WITHOUT_A_WORD_S: Final = 1.0
# A tenant that named no limit for this long is asked freely again.
_REMEMBERED: Final = timedelta(minutes=5)


class SharedLimits:
    """See ``RateLimits``. A tenant that has named no limit costs no look at the store."""

    def __init__(self, buckets: TokenBuckets, *, now: Callable[[], datetime] = utc_now) -> None:
        self._buckets = buckets
        self._now = now
        self._limited: dict[str, tuple[datetime, float]] = {}

    async def wait(self, domain: str) -> float:
        """See ``RateLimits``."""
        seen = self._limited.get(domain)
        now = self._now()
        if seen is None or now - seen[0] > _REMEMBERED:
            return 0.0
        return await self._buckets.take(f"tenant/{domain}", now=now, rate=None, burst=seen[1])

    async def learn(self, domain: str, status: int, headers: Mapping[str, str]) -> None:
        """See ``RateLimits``."""
        limit = _number(headers.get("x-ratelimit-limit"))
        if status != _TOO_MANY and limit is None:
            return
        now = self._now()
        burst = limit or 1.0
        is_known = domain in self._limited
        self._limited[domain] = (now, burst)
        if status == _TOO_MANY:
            told = wait_told(headers, now=now)
            wait = timedelta(seconds=_WITHOUT_A_WORD_S if told is None else told)
            await self._buckets.learn(
                f"tenant/{domain}", now=now, burst=burst, blocked_until=now + wait
            )
        elif not is_known or (_number(headers.get("x-ratelimit-remaining")) or 0) < burst / 2:
            # Half a bucket is plenty: below that, callers are paced by what is left.
            await self._buckets.learn(
                f"tenant/{domain}",
                now=now,
                burst=burst,
                remaining=_number(headers.get("x-ratelimit-remaining")),
            )


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdecimal() else None
