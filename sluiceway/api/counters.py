"""Counts of requests by route and status, for ``/metrics``."""

from __future__ import annotations

from collections import Counter

import msgspec

__all__ = ["Counters"]


class Counters(msgspec.Struct):
    """What this process answered since it started."""

    requests: Counter[tuple[str, str, int]] = msgspec.field(
        default_factory=Counter["tuple[str, str, int]"]
    )
    seconds: dict[tuple[str, str], float] = msgspec.field(
        default_factory=dict["tuple[str, str]", "float"]
    )

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answer of the route *path*, which took *seconds*."""
        self.requests[method, path, status] += 1
        self.seconds[method, path] = self.seconds.get((method, path), 0.0) + seconds

    def lines(self) -> list[str]:
        """Return the counts in Prometheus' text format."""
        return [
            "# HELP sluiceway_requests_total Requests answered.",
            "# TYPE sluiceway_requests_total counter",
            *(
                f'sluiceway_requests_total{{method="{m}",route="{p}",status="{s}"}} {n}'
                for (m, p, s), n in sorted(self.requests.items())
            ),
            "# HELP sluiceway_request_seconds_total Time spent answering.",
            "# TYPE sluiceway_request_seconds_total counter",
            *(
                f'sluiceway_request_seconds_total{{method="{m}",route="{p}"}} {t:.6f}'
                for (m, p), t in sorted(self.seconds.items())
            ),
        ]
