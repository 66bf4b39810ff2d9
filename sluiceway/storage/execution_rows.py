"""Rows of either database's executions as the port's structs, and filters as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.columns import from_ms, like_pattern, maybe_from_ms, to_ms
from sluiceway.storage.durable import BatchRowCounts, ExecutionRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sluiceway.storage.durable import ExecutionFilter

__all__ = ["BATCHES", "COLUMNS", "batch_counts", "execution_row", "where"]

COLUMNS: Final = (
    "seq, id, flow_id, flow_name, flow_version, flow_digest, trace_id, journey_id, status,"
    " created_at, updated_at, started_at, ended_at, ready_at, clock_at, claim, takeovers,"
    " cancel_requested, idempotency_key, batch_id, payload, final, resume"
)
_STATUSES: Final = {str(status): status for status in ExecutionStatus}


# A row is whatever COLUMNS names; drivers type it as Any.
def execution_row(row: Sequence[Any]) -> ExecutionRow:
    """Return the struct of a row that was selected with ``COLUMNS``."""
    return ExecutionRow(
        seq=row[0],
        id=row[1],
        flow_id=row[2],
        flow_name=row[3],
        flow_version=row[4],
        flow_digest=row[5],
        trace_id=row[6],
        journey_id=row[7],
        status=_STATUSES[row[8]],
        created_at=from_ms(row[9]),
        updated_at=from_ms(row[10]),
        started_at=maybe_from_ms(row[11]),
        ended_at=maybe_from_ms(row[12]),
        ready_at=maybe_from_ms(row[13]),
        clock_at=maybe_from_ms(row[14]),
        claim_number=row[15],
        takeovers=row[16],
        cancel_requested=bool(row[17]),
        idempotency_key=row[18],
        batch_id=row[19],
        payload=row[20],
        final=row[21],
        resume=row[22],
    )


BATCHES: Final = (
    "SELECT b.batch_id, e.flow_id, e.flow_name, b.started_at, b.status, b.number FROM ("
    "SELECT batch_id, status, min(created_at) OVER (PARTITION BY batch_id) AS started_at,"
    " max(seq) OVER (PARTITION BY batch_id) AS last, number FROM ("
    "SELECT batch_id, status, min(created_at) AS created_at, max(seq) AS seq, count(*) AS number"
    " FROM {table} WHERE batch_id IS NOT NULL GROUP BY batch_id, status) AS s) AS b"
    " JOIN {table} e ON e.seq = b.last ORDER BY b.last DESC"
)
"""What ``batch_counts`` reads, the batch that was started last first; put the table's name in."""


# A row is whatever BATCHES names; drivers type it as Any.
def batch_counts(rows: Iterable[Sequence[Any]], *, limit: int) -> list[BatchRowCounts]:
    """Return one entry a batch."""
    found: dict[str, BatchRowCounts] = {}
    for id_, flow_id, flow_name, started_at, status, number in rows:
        if id_ not in found:
            if len(found) == limit:
                break
            found[id_] = BatchRowCounts(
                id=id_,
                flow_id=flow_id,
                flow_name=flow_name,
                started_at=from_ms(started_at),
                counts=dict.fromkeys(ExecutionStatus, 0),
            )
        found[id_].counts[_STATUSES[status]] = number
    return list(found.values())


def where(
    matching: ExecutionFilter, *, mark: str = "?", like: str = "LIKE"
) -> tuple[str, list[object]]:
    """Return the condition, ``1 = 1`` at the least, and its values.

    *mark* stands for a value, and *like* is the operator that heeds no case.
    """
    clauses, values = ["1 = 1"], list[object]()

    def add(clause: str, *given: object) -> None:
        clauses.append(clause)
        values.extend(given)

    if matching.flow_id is not None:
        add(f"flow_id = {mark}", matching.flow_id)
    if matching.flow is not None:
        add(f"(flow_id = {mark} OR flow_name = {mark})", matching.flow, matching.flow)
    if matching.batch_id is not None:
        add(f"batch_id = {mark}", matching.batch_id)
    if matching.statuses:
        # Spelt out rather than bound, so that the partial index over unhappy ends can serve.
        add(f"status IN ({', '.join(repr(str(status)) for status in matching.statuses)})")
    if matching.created_from is not None:
        add(f"created_at >= {mark}", to_ms(matching.created_from))
    if matching.created_before is not None:
        add(f"created_at < {mark}", to_ms(matching.created_before))
    if matching.text:
        pattern = like_pattern(matching.text)
        columns = ("id", "flow_id", "flow_name", "trace_id", "idempotency_key", "error")
        add(
            "(" + " OR ".join(f"{column} {like} {mark} ESCAPE '\\'" for column in columns) + ")",
            *[pattern] * len(columns),
        )
    return " AND ".join(clauses), values
