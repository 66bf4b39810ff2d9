"""For whom each ciphertext in the database was sealed; what a rotation of keys has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.engine.ending import resume_identity
from sluiceway.engine.journal import log_identity
from sluiceway.engine.sealing import message_identity, payload_identity, snapshot_identity

if TYPE_CHECKING:
    from sluiceway.storage.base import SealedValue

__all__ = ["identity_of"]


def identity_of(value: SealedValue) -> str:
    """Return the identity that *value* was sealed for.

    Raises:
        ValueError: nothing is known of its place.
    """
    match value.place, value.key:
        case "document", (kind, id_):
            return f"{kind}/{id_}"
        case "flow_snapshot", (digest,):
            return snapshot_identity(digest)
        case "execution", (id_,):
            return payload_identity(id_)
        case "execution_resume", (id_,):
            return resume_identity(id_)
        case "execution_log", (id_, position):
            return log_identity(id_, int(position))
        case "outbox", (id_,):
            return message_identity(id_)
        case "shared_value", (key,):
            return key
        case _:
            raise ValueError(f"expected a place that is known, found {value.place}")
