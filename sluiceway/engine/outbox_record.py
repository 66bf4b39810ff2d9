"""A message as people see it: masked, with its attempts and what providers report of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluiceway.models.delivery import DeliveryStatus, latest_status
from sluiceway.models.timestamps import format_timestamp
from sluiceway.storage.durable import OutboxStatus

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.durable import OutboxRow

__all__ = ["delivery_of", "shown_message", "step_messages"]


def delivery_of(row: OutboxRow) -> DeliveryStatus:
    """Return how far a message came, in the one vocabulary: the outbox's own word or a report's."""
    match row.status:
        case OutboxStatus.QUEUED | OutboxStatus.SENDING:
            ours = DeliveryStatus.QUEUED
        case OutboxStatus.SENT:
            ours = DeliveryStatus.SENT
        case OutboxStatus.DEAD | OutboxStatus.DISCARDED:
            ours = DeliveryStatus.FAILED
    return latest_status(row.delivery, ours)


def shown_message(row: OutboxRow) -> JsonObject:
    """Return a message as lists and records show it."""
    provider, _, receipt = (row.receipt or "").partition(":")
    attempts: list[JsonValue] = [_attempt(entry, provider) for entry in row.history]
    reports: list[JsonValue] = [*row.reports]
    is_waiting = row.status is OutboxStatus.QUEUED
    return {
        "id": row.id,
        "channel": row.channel,
        "status": str(row.status),
        "delivery": str(delivery_of(row)),
        "execution_id": row.execution_id,
        "step_id": row.step_id,
        "message": row.shown,
        "attempts": row.attempts,
        "history": attempts,
        "provider": provider or None,
        "receipt": receipt or None,
        "reports": reports,
        "created_at": format_timestamp(row.created_at),
        "updated_at": format_timestamp(row.updated_at),
        "next_try_at": _moment(row.ready_at, row.created_at) if is_waiting else None,
    }


def step_messages(rows: list[OutboxRow]) -> dict[str, list[JsonValue]]:
    """Return an execution's messages by the step that queued them, oldest first."""
    found: dict[str, list[JsonValue]] = {}
    for row in sorted(rows, key=lambda row: row.seq):
        found.setdefault(row.step_id, []).append(
            {
                "id": row.id,
                "channel": row.channel,
                "status": str(row.status),
                "delivery": str(delivery_of(row)),
            }
        )
    return found


def _moment(ready_at: datetime | None, created_at: datetime) -> str | None:
    """Return when the next try is due; what was never tried is due since it was queued."""
    return None if ready_at is None else format_timestamp(max(ready_at, created_at))


def _attempt(entry: JsonObject, provider: str) -> JsonObject:
    shown: JsonObject = {"ok": entry.get("ok")}
    at_ms = entry.get("at_ms")
    if isinstance(at_ms, int):
        shown["at"] = _format_ms(at_ms)
    error = entry.get("error")
    if isinstance(error, dict):
        shown["provider"] = error.get("provider")
        shown["final"] = error.get("final")
        shown["error"] = {k: v for k, v in error.items() if k not in {"provider", "final"}}
    elif entry.get("ok"):
        shown["provider"] = provider or None
    return shown


def _format_ms(at_ms: int) -> str:
    return format_timestamp(datetime.fromtimestamp(at_ms / 1000, UTC))
