"""The tenant's own rate limit: a token bucket, and Auth0's headers and words when it is empty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sluiceway.api.errors import Refusal, envelope
from sluiceway.api.route import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["Limiter"]


class Limiter:
    """One bucket for the whole Management API, as Auth0's global limit; off without a *limit*.

    Each process counts for itself: it is there to try flows under limits, not to protect.
    """

    def __init__(self, limit: tuple[float, int] | None, *, now: Callable[[], datetime]) -> None:
        """*limit* is tokens a second and burst."""
        self._limit = limit
        self._now = now
        self._level = float(limit[1]) if limit else 0.0
        self._filled_at = now().timestamp()

    def take(self) -> dict[str, str]:
        """Take one token; return the headers that say what is left.

        Raises:
            Refusal: 429, the bucket is empty.
        """
        if self._limit is None:
            return {}
        rate, burst = self._limit
        now = self._now().timestamp()
        self._level = min(float(burst), self._level + max(0.0, now - self._filled_at) * rate)
        self._filled_at = now
        is_full = self._level < 1
        if not is_full:
            self._level -= 1
        wait = max(0.0, (1 - self._level) / rate)
        headers = {
            "x-ratelimit-limit": str(burst),
            "x-ratelimit-remaining": str(int(self._level)),
            "x-ratelimit-reset": str(math.ceil(now + wait)),
        }
        if is_full:
            body = envelope(429, "Global limit has been reached", code="too_many_requests")
            raise Refusal(Reply(status=429, body=body, headers=headers))
        return headers
