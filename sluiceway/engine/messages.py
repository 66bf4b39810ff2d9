"""Notifications on their way from a step's outcome into the outbox: sealed, and shown masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.engine.sealing import message_identity, seal_json
from sluiceway.models.ids import new_id
from sluiceway.models.message import EmailContent
from sluiceway.storage.durable import NewMessage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.models.message import MessageContent, QueuedMessage
    from sluiceway.vault.base import Sealer

__all__ = ["new_messages"]


def new_messages(
    queued: tuple[QueuedMessage, ...],
    *,
    execution_id: str,
    step_id: str,
    at: datetime,
    sealer: Sealer,
    shown: Callable[[JsonValue], JsonValue],
) -> tuple[NewMessage, ...]:
    """Return the outbox rows of a step's messages; the idempotency key is the step's.

    The content as a whole is sealed; lists show the recipient and the subject, with *shown*
    hiding what is masked in them.
    """
    messages: list[NewMessage] = []
    for index, message in enumerate(queued):
        id_ = new_id("msg")
        key = f"{execution_id}:{step_id}"
        content = message.content.as_json()
        messages.append(
            NewMessage(
                id=id_,
                idempotency_key=key if index == 0 else f"{key}:{index}",
                execution_id=execution_id,
                step_id=step_id,
                queue=str(message.channel),
                channel=str(message.channel),
                created_at=at,
                shown=_heading(message.content, shown),
                sealed=seal_json(sealer, content, identity=message_identity(id_)),
            )
        )
    return tuple(messages)


def _heading(content: MessageContent, shown: Callable[[JsonValue], JsonValue]) -> JsonObject:
    if isinstance(content, EmailContent):
        return {
            "to": shown(content.to),
            "subject": shown(content.subject),
            "from": shown(content.sender_email),
        }
    return {"to": shown(content.to), "from": shown(content.sender)}
