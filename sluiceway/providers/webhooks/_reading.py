"""What the webhooks have in common: JSON, moments, ages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.models.timestamps import parse_timestamp
from sluiceway.providers.webhooks.base import WebhookRefused

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["RETRIED_FOR", "moment_of", "object_at", "read_json", "refuse_old", "words_of"]

RETRIED_FOR: Final = timedelta(hours=24)
"""How long providers go on posting what we did not take; older posts are refused.

Within it, a post that is made again changes nothing: reports count once by their id.
"""
_LONGEST: Final = 300


def read_json(data: bytes | str) -> JsonValue:
    """Parse JSON. Raises ``WebhookRefused``."""
    try:
        value: JsonValue = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WebhookRefused("expected JSON") from error
    return value


def object_at(value: JsonValue, *path: str) -> JsonObject:
    """Return the object at *path* below *value*, an empty one where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def moment_of(value: JsonValue, *, now: datetime) -> datetime:
    """Return seconds since 1970 or an ISO 8601 text as a moment; *now* where it is neither."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        return parse_timestamp(str(value))
    except (ValueError, OverflowError, OSError):
        return now


def refuse_old(sent_at: datetime, *, now: datetime, tolerance: timedelta = RETRIED_FOR) -> None:
    """Return if *sent_at* is near *now*.

    Raises:
        WebhookRefused: it is further away than *tolerance*, either way.
    """
    if abs(now - sent_at) > tolerance:
        raise WebhookRefused("expected a post of today")


def words_of(*values: JsonValue) -> str:
    """Return the first of *values* that is a text, on one line and cut to 300 characters."""
    for value in values:
        if isinstance(value, str) and value.strip():
            line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
            return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return ""
