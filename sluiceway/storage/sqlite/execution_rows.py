"""Rows of the executions table as the port's dataclasses, and filters as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sluiceway.models.execution import ExecutionStatus
from sluiceway.storage.durable import ExecutionRow, LogRow
from sluiceway.storage.sqlite.columns import from_ms, like_pattern, maybe_from_ms, to_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sluiceway.storage.durable import ExecutionFilter

__all__ = ["COLUMNS", "execution_row", "log_rows", "where"]

COLUMNS: Final = (
    "seq, id, flow_id, flow_name, flow_version, flow_digest, trace_id, journey_id, status,"
    " created_at, updated_at, started_at, ended_at, ready_at, clock_at, claim, takeovers,"
    " cancel_requested, idempotency_key, batch_id, payload, final, resume"
)
_STATUSES: Final = {str(status): status for status in ExecutionStatus}


# A row is whatever COLUMNS names; sqlite3 types it as Any.
def execution_row(row: Sequence[Any]) -> ExecutionRow:
    """Return the dataclass of a row that was selected with ``COLUMNS``."""
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


def log_rows(connection: sqlite3.Connection, id_: str, *, after: int = -1) -> list[LogRow]:
    """Return the journal of one execution, in order."""
    return [
        LogRow(position=position, entries=entries, sealed=sealed)
        for position, entries, sealed in connection.execute(
            "SELECT position, entries, sealed FROM execution_log"
            " WHERE execution_id = ? AND position > ? ORDER BY position",
            (id_, after),
        )
    ]


def where(matching: ExecutionFilter) -> tuple[str, list[object]]:
    """Return the condition, ``1`` at the least, and its values."""
    clauses, values = ["1"], list[object]()

    def add(clause: str, *given: object) -> None:
        clauses.append(clause)
        values.extend(given)

    if matching.flow_id is not None:
        add("flow_id = ?", matching.flow_id)
    if matching.batch_id is not None:
        add("batch_id = ?", matching.batch_id)
    if matching.statuses:
        # Spelt out rather than bound, so that the partial index over unhappy ends can serve.
        add(f"status IN ({', '.join(repr(str(status)) for status in matching.statuses)})")
    if matching.created_from is not None:
        add("created_at >= ?", to_ms(matching.created_from))
    if matching.created_before is not None:
        add("created_at < ?", to_ms(matching.created_before))
    if matching.text:
        pattern = like_pattern(matching.text)
        columns = ("id", "flow_id", "flow_name", "trace_id", "idempotency_key", "error")
        add(
            "(" + " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns) + ")",
            *[pattern] * len(columns),
        )
    return " AND ".join(clauses), values
