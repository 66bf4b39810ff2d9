"""The garbage collector of a process that works for long."""

from __future__ import annotations

import gc

__all__ = ["spare_the_collector"]


def spare_the_collector() -> None:
    """Leave what was loaded to start out of garbage collections, and collect less often.

    It lives as long as the process, and going through it again and again took a sixth of the time
    that answering took.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
