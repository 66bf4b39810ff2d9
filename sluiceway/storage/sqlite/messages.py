"""Put messages into the outbox table inside somebody else's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.storage.columns import json_text, to_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from sluiceway.storage.durable import NewMessage

__all__ = ["insert_messages"]


def insert_messages(connection: sqlite3.Connection, messages: Iterable[NewMessage]) -> int:
    """Queue *messages*, each once per idempotency key; return how many were new."""
    new = 0
    for message in messages:
        created_at = to_ms(message.created_at)
        new += connection.execute(
            "INSERT INTO outbox (id, idempotency_key, execution_id, step_id, queue, channel,"
            " status, created_at, updated_at, ready_at, shown, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, 'QUEUED', ?, ?, 0, ?, ?) ON CONFLICT DO NOTHING",
            (
                message.id,
                message.idempotency_key,
                message.execution_id,
                message.step_id,
                message.queue,
                message.channel,
                created_at,
                created_at,
                json_text(message.shown),
                message.sealed,
            ),
        ).rowcount
    return new
