"""How values stand in columns of either database: moments as milliseconds, JSON as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, overload

import msgspec

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.storage.base import Document

__all__ = [
    "document_columns",
    "from_ms",
    "json_text",
    "like_pattern",
    "maybe_from_ms",
    "parse_object",
    "to_ms",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE_OBJECT: Final = msgspec.json.Decoder(dict[str, object]).decode


@overload
def to_ms(moment: datetime) -> int: ...
@overload
def to_ms(moment: None) -> None: ...
def to_ms(moment: datetime | None) -> int | None:
    """Return *moment* (aware) in whole milliseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def from_ms(value: int) -> datetime:
    """Return the aware moment."""
    return _EPOCH + timedelta(milliseconds=value)


def maybe_from_ms(value: int | None) -> datetime | None:
    """Return the aware moment, or nothing for NULL."""
    return None if value is None else _EPOCH + timedelta(milliseconds=value)


def json_text(value: JsonValue) -> str:
    """Return *value* as JSON text."""
    return _ENCODE(value).decode()


def parse_object(text: str | bytes) -> JsonObject:
    """Return the JSON object that a column holds."""
    found: JsonObject = _DECODE_OBJECT(text)  # type: ignore[assignment] # JSON we wrote ourselves
    return found


def like_pattern(text: str) -> str:
    r"""Return the pattern of ``LIKE … ESCAPE '\'`` that finds *text* anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def document_columns(document: Document) -> tuple[object, ...]:
    """Return kind, id, version, both moments, body and secret, as columns have them."""
    return (
        document.kind,
        document.id,
        document.version,
        to_ms(document.created_at),
        to_ms(document.updated_at),
        json_text(document.body),
        document.secret,
    )
