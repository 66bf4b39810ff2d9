"""The statement that puts a message into the outbox, for whatever transaction it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.storage.columns import json_text, to_ms

if TYPE_CHECKING:
    from sluiceway.storage.durable import NewMessage
    from sluiceway.storage.postgres.clock import ServerClock
    from sluiceway.storage.postgres.database import Statement

__all__ = ["put_message"]

_PUT: Final = "SELECT sluiceway.put_message(%s, %s, %s, %s, %s, %s, %s::bigint, %s, %s, %s::bigint)"


def put_message(message: NewMessage, clock: ServerClock) -> Statement:
    """Return what queues *message*, once per idempotency key; its row tells whether it was new."""
    return _PUT, (
        message.id,
        message.idempotency_key,
        message.execution_id,
        message.step_id,
        message.queue,
        message.channel,
        to_ms(message.created_at),
        json_text(message.shown),
        message.sealed,
        clock.at(message.created_at),
    )
