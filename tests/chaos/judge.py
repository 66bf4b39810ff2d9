"""See whether anything was lost, left unfinished or done twice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage import open_store
from sluiceway.storage.durable import ExecutionFilter, OutboxFilter

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["judge"]

ORDER = ("first", "create", "mail", "last", "post")


async def judge(url: str, log: Path, executions: int, *, is_frozen: bool = False) -> dict[str, Any]:
    """Return the figures and what is wrong."""
    store = open_store(url)
    try:
        breaches = await store.check()
        rows: list[Any] = []
        while page := await store.executions.list(
            ExecutionFilter(), limit=1000, before_seq=rows[-1].seq if rows else None
        ):
            rows.extend(page)
        messages: list[Any] = []
        while page_of := await store.outbox.list(
            OutboxFilter(), limit=1000, before_seq=messages[-1].seq if messages else None
        ):
            messages.extend(page_of)
    finally:
        await store.close()
    statuses = Counter(str(row.status) for row in rows)
    unknown = {row.id for row in rows if row.status is ExecutionStatus.FAILED}
    if len(rows) != executions:
        breaches.append(f"{executions} executions were started, {len(rows)} are there")
    if set(statuses) - {"COMPLETED", "FAILED"}:
        breaches.append(f"left unfinished: {dict(statuses)}")
    effects = log.read_text().splitlines()  # noqa: ASYNC240 - nothing else runs
    breaches += _judge_effects(effects, {row.id for row in rows}, unknown)
    if len(messages) != executions or len({m.idempotency_key for m in messages}) != executions:
        breaches.append(f"{len(messages)} messages for {executions} executions")
    return {
        "executions": executions,
        "lost": executions - len(rows),
        "unknown": len(unknown),
        "repeated_calls": len(effects) - len({tuple(e.split()[:2]) for e in effects}),
        "breaches": breaches,
    }


def _judge_effects(effects: list[str], ids: set[str], unknown: set[str]) -> list[str]:
    breaches: list[str] = []
    seen: dict[str, list[str]] = {id_: [] for id_ in ids}
    values: dict[str, set[str]] = {id_: set() for id_ in ids}
    for line in effects:
        id_, step, value = line.split()
        seen[id_].append(step)
        values[id_].add(value)
    for id_, steps in seen.items():
        order = [ORDER.index(step) for step in steps]
        counts = Counter(steps)
        if order != sorted(order):
            breaches.append(f"{id_}: a completed step ran again: {steps}")
        if counts["create"] != 1 or counts["post"] > 1:
            breaches.append(f"{id_}: a once-only call was repeated or lost: {steps}")
        if counts["post"] == 0 and id_ not in unknown:
            breaches.append(f"{id_}: COMPLETED without its last call")
        if len(values[id_]) != 1:
            breaches.append(f"{id_}: took another path after a crash: {values[id_]}")
    return breaches
