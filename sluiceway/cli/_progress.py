"""How far a batch is: a bar on a terminal, a line now and then elsewhere; both on stderr."""

from __future__ import annotations

import os
import sys
import time
from typing import Final, Protocol

import click

__all__ = ["Counts", "Progress", "open_progress", "short_time"]

_LINE_EVERY_S: Final = 10.0
_RATE_OVER_S: Final = 15.0


class Counts:
    """What became of the rows so far; *total* is ``None`` until the source was read."""

    def __init__(self, *, total: int | None) -> None:
        """Start the clock."""
        self.total = total
        self.completed = 0
        self.failed = 0
        self.done_before = 0
        self.waited_s = 0.0
        self._began_s = time.monotonic()
        self._recent: list[tuple[float, int]] = [(self._began_s, 0)]

    @property
    def ended(self) -> int:
        """How many rows are done with."""
        return self.completed + self.failed + self.done_before

    @property
    def took_s(self) -> float:
        """How long it has gone on."""
        return time.monotonic() - self._began_s

    @property
    def mean_rate(self) -> float:
        """Rows run a second, over all the time."""
        return (self.completed + self.failed) / max(self.took_s, 0.001)

    def rate(self) -> float:
        """Return the rows run a second, lately; those done before do not count."""
        now, run = time.monotonic(), self.completed + self.failed
        self._recent.append((now, run))
        while len(self._recent) > 2 and now - self._recent[1][0] > _RATE_OVER_S:  # noqa: PLR2004 - both ends
            self._recent.pop(0)
        since, before = self._recent[0]
        return (run - before) / (now - since) if now - since > 0.2 else 0.0  # noqa: PLR2004 - too soon to tell

    def line(self) -> str:
        """Return all of it in a line."""
        rate = self.rate()
        whole = f"/{self.total}" if self.total is not None else ""
        parts = [f"{self.ended}{whole} rows", f"{rate:.1f}/s"]
        if self.total is not None and rate > 0:
            parts.append(f"{short_time((self.total - self.ended) / rate)} left")
        parts.append(f"{self.failed} failed")
        if self.waited_s >= 1:
            parts.append(f"held back {short_time(self.waited_s)} by the tenant's limit")
        return "  ".join(parts)


class Progress(Protocol):
    """Shows counts from ``start`` to ``stop``."""

    def start(self) -> None:
        """Begin."""
        ...

    def update(self) -> None:
        """Show what the counts are now."""
        ...

    def stop(self) -> None:
        """Leave standard error as it was."""
        ...


class _Lines:
    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._told_s = time.monotonic()

    def start(self) -> None:
        """See ``Progress``."""

    def stop(self) -> None:
        """See ``Progress``."""

    def update(self) -> None:
        """See ``Progress``."""
        now = time.monotonic()
        if now - self._told_s >= _LINE_EVERY_S:
            self._told_s = now
            click.echo(self._counts.line(), err=True)


class _Bar:
    def __init__(self, counts: Counts) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, SpinnerColumn, TextColumn  # noqa: PLC0415
        from rich.progress import Progress as Rich  # noqa: PLC0415

        self._counts = counts
        self._rich = Rich(
            SpinnerColumn(),
            BarColumn(bar_width=32),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._rich.add_task("", total=counts.total)

    def start(self) -> None:
        """See ``Progress``."""
        self._rich.start()

    def stop(self) -> None:
        """See ``Progress``."""
        self._rich.stop()

    def update(self) -> None:
        """See ``Progress``."""
        counts = self._counts
        self._rich.update(
            self._task, completed=counts.ended, total=counts.total, description=counts.line()
        )


def open_progress(counts: Counts) -> Progress:
    """Return what fits where standard error goes."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return _Bar(counts)
    return _Lines(counts)


def short_time(seconds: float) -> str:
    """Return a time as people say it: ``45s``, ``3m20s``, ``2h05m``."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole}s"
    if whole < 3600:  # noqa: PLR2004 - an hour
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"
