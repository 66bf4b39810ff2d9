"""Budgets of processor time that hold on slow machines, and under a tracer such as coverage's."""

from __future__ import annotations

import time

__all__ = ["budget"]

# What the work below takes on the machine that the figures of the tests were set on.
_USUAL_S = 0.02
# Figures on shared machines move by a factor of two from one second to the next.
_ROOM = 3


def budget(seconds: float) -> float:
    """Return *seconds* of the usual machine on this one as it is now, with room for bad luck.

    A test with a budget is about growth, such as a scan in quadratic time, that passes any room;
    ``bench/`` has the figures.
    """
    return seconds * _ROOM * max(1.0, min(_work() for _ in range(3)) / _USUAL_S)


def _work() -> float:
    began = time.thread_time()
    found = {str(number): [number, str(number).upper()] for number in range(20_000)}
    "".join(found)
    return time.thread_time() - began
