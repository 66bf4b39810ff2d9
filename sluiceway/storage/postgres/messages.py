"""The statement that puts a message into the outbox, for whatever transaction it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.storage.columns import json_text, to_ms

if TYPE_CHECKING:
    from sluiceway.storage.durable import NewMessage
    from sluiceway.storage.postgres.clock import ServerClock
    from sluiceway.storage.postgres.database import Statement

__all__ = ["put_message"]

_PUT: Final = (
    "INSERT INTO sluiceway.outbox (id, idempotency_key, execution_id, step_id, queue, channel,"
    " status, created_at, updated_at, ready_at, shown, sealed)"
    " VALUES (%s, %s, %s, %s, %s, %s, 'QUEUED', %s, %s, sluiceway.now_ms(%s::bigint), %s, %s)"
    " ON CONFLICT DO NOTHING RETURNING id"
)


def put_message(message: NewMessage, clock: ServerClock) -> Statement:
    """Return what queues *message*, once per idempotency key; there is a row where it was new."""
    created_at = to_ms(message.created_at)
    return _PUT, (
        message.id,
        message.idempotency_key,
        message.execution_id,
        message.step_id,
        message.queue,
        message.channel,
        created_at,
        created_at,
        clock.at(message.created_at),
        json_text(message.shown),
        message.sealed,
    )
