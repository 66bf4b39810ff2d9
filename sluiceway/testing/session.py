"""Many cases, on one stage or on several in processes of their own."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from sluiceway.rehearsal.stage import open_stage
from sluiceway.testing.runner import run_case

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from sluiceway.bootstrap import Application
    from sluiceway.rehearsal.stage import Stage
    from sluiceway.testing.case_files import CaseToRun
    from sluiceway.testing.coverage import FlowCoverage
    from sluiceway.testing.runner import CaseResult

__all__ = ["merged_coverage", "new_stage", "run_cases"]

_WORTH_A_PROCESS: Final = 40
"""Cases for which a further process pays: it takes half a second to start."""


def new_stage() -> AbstractAsyncContextManager[Stage]:
    """Open a stage with the whole API behind it."""
    return open_stage(make_api=_make_api)


def _make_api(application: Application) -> Any:
    from sluiceway.api.app import build_app  # noqa: PLC0415 - slow to load
    from sluiceway.api.services import Services  # noqa: PLC0415

    return build_app(Services(tenant=application.tenant))


def run_cases(
    cases: Sequence[CaseToRun],
    *,
    jobs: int | None = None,
    on_result: Callable[[CaseResult], None] | None = None,
) -> list[CaseResult]:
    """Run *cases*; return their results in the order of the cases.

    Args:
        cases: the cases.
        jobs: how many processes; as many as pay by default.
        on_result: told each result as it comes.
    """
    wanted = jobs or max(1, min(os.cpu_count() or 1, len(cases) // _WORTH_A_PROCESS))
    if wanted == 1 or len(cases) <= 1:
        return asyncio.run(_run_here(cases, on_result))
    results: list[CaseResult | None] = [None] * len(cases)
    # Neighbours share their flow's parsed templates; a chunk keeps them together.
    size = max(1, -(-len(cases) // (wanted * 4)))
    chunks = [range(start, min(start + size, len(cases))) for start in range(0, len(cases), size)]
    # A fork starts at once; it is safe as long as this process has no other thread.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    with ProcessPoolExecutor(wanted, mp_context=get_context(method)) as pool:
        waiting = [(chunk, pool.submit(_run_chunk, [cases[i] for i in chunk])) for chunk in chunks]
        for chunk, future in waiting:
            for index, result in zip(chunk, future.result(), strict=True):
                results[index] = result
                if on_result is not None:
                    on_result(result)
    return [result for result in results if result is not None]


def _run_chunk(cases: list[CaseToRun]) -> list[CaseResult]:
    """Run some cases in a process of the pool."""
    return asyncio.run(_run_here(cases, None))


async def _run_here(
    cases: Sequence[CaseToRun], on_result: Callable[[CaseResult], None] | None
) -> list[CaseResult]:
    results: list[CaseResult] = []
    async with new_stage() as stage:
        for case in cases:
            result = await run_case(stage, case)
            results.append(result)
            if on_result is not None:
                on_result(result)
    return results


def merged_coverage(results: Sequence[CaseResult]) -> list[FlowCoverage]:
    """Return the coverage of each flow over all its cases, in the order first met."""
    merged: dict[tuple[str, str], FlowCoverage] = {}
    for result in results:
        one = result.coverage
        if one is None:
            continue
        known = merged.setdefault((one.file, one.name), one)
        if known is not one:
            known.add(one)
    return list(merged.values())
