"""When to try a call again, and how long to wait before that.

Source: RFC 9110, 10.2.3 (Retry-After: seconds or a date); Auth0's rate-limit policy
(x-ratelimit-reset: the second of the next refill); exponential backoff with full jitter as AWS's
builders' library has it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

__all__ = ["RetryPolicy", "wait_told"]

_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_NOT_IMPLEMENTED: Final = 501


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how long at most.

    Attributes:
        retries: tries after the first for 5xx and for broken connections.
        limit_retries: tries after the first for 429: limits pass, so these are many.
        first_s: the mean first wait, doubled each time.
        longest_s: the longest single wait, told or not.
    """

    retries: int = 3
    limit_retries: int = 60
    first_s: float = 0.5
    longest_s: float = 60.0

    def wait(
        self,
        attempt: int,
        *,
        told_s: float | None,
        chance: random.Random,
    ) -> float:
        """Return the seconds to wait after *attempt* (1 is the first) failed.

        What the other side told is kept to, with a little on top so that many callers do not come
        back in the same instant.
        """
        if told_s is not None:
            return min(told_s, self.longest_s) + chance.uniform(0, min(0.25, 0.1 + told_s / 10))
        ceiling = min(self.longest_s, self.first_s * 2.0 ** min(attempt, 20))
        return chance.uniform(0, ceiling)

    def may_retry(self, attempt: int, *, status: int | None, is_harmless: bool) -> bool:
        """Tell whether to try again after *attempt*; *status* ``None`` means that no answer came.

        A 429 was not carried out, so that trying again is harmless for every method.
        """
        if status == _TOO_MANY:
            return attempt <= self.limit_retries
        if status is not None and (status < _SERVER_ERROR or status == _NOT_IMPLEMENTED):
            return False
        return is_harmless and attempt <= self.retries


def wait_told(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that the answer asks to wait, or ``None`` where it asks nothing."""
    told = headers.get("retry-after")
    if told is not None:
        if told.strip().isdecimal():
            return float(told)
        try:
            moment = parsedate_to_datetime(told)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return max(0.0, (moment - now) / timedelta(seconds=1))
    reset = headers.get("x-ratelimit-reset", "").strip()
    if reset.isdecimal():
        return max(0.0, float(reset) - now.timestamp())
    return None
