"""What an operator allows the delivery providers: rate, burst, concurrency, age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sluiceway.management.fields import closed
from sluiceway.management.records import change
from sluiceway.providers.base import DeliveryLimits
from sluiceway.storage.base import Document, DuplicateKey

if TYPE_CHECKING:
    from sluiceway.management.environment import Environment
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["CHANGE_LIMITS", "change_limits", "load_limits", "shown_limits"]

_KIND: Final = "delivery_limits"
_NUMBER: Final = ("number", "null")
_PROPERTIES: Final[JsonObject] = {
    "rate_per_s": {
        "type": [*_NUMBER],
        "exclusiveMinimum": 0,
        "maximum": 10_000,
        "description": "Messages a second, over all workers; null for the provider's usual.",
    },
    "burst": {
        "type": [*_NUMBER],
        "minimum": 1,
        "maximum": 10_000,
        "description": "Messages at once after a pause.",
    },
    "concurrency": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 1000,
        "description": "Messages on their way at a time, in each worker.",
    },
    "max_age_s": {
        "type": [*_NUMBER],
        "minimum": 1,
        "maximum": 30 * 86400,
        "description": "Seconds after it was queued that a message is still worth sending.",
    },
}
CHANGE_LIMITS: Final = closed(_PROPERTIES, least=1)


async def load_limits(environment: Environment, kind: str) -> DeliveryLimits:
    """Return the limits of *kind*, ``email`` or ``phone``."""
    document = await environment.documents.get(_KIND, kind)
    if document is None:
        return DeliveryLimits()
    concurrency = document.body.get("concurrency")
    return DeliveryLimits(
        rate_per_s=_number(document.body.get("rate_per_s")),
        burst=_number(document.body.get("burst")),
        concurrency=concurrency if isinstance(concurrency, int) else None,
        max_age_s=_number(document.body.get("max_age_s")),
    )


async def change_limits(environment: Environment, kind: str, payload: JsonValue) -> DeliveryLimits:
    """Change some of the limits of *kind*; null gives one its usual value back.

    Raises:
        InvalidRequest: the body breaks the schema.
    """
    CHANGE_LIMITS.check(payload)
    changes: JsonObject = dict(payload) if isinstance(payload, dict) else {}
    now = environment.now()
    fresh = Document(kind=_KIND, id=kind, body=_kept(changes), created_at=now, updated_at=now)
    try:
        await environment.documents.insert(fresh)
    except DuplicateKey:
        await change(
            environment.documents,
            _KIND,
            kind,
            lambda d: replace(d, body=_kept({**d.body, **changes}), updated_at=now),
        )
    return await load_limits(environment, kind)


def shown_limits(limits: DeliveryLimits) -> JsonObject:
    """Return *limits* as the API shows them; null is the usual."""
    return {
        "rate_per_s": limits.rate_per_s,
        "burst": limits.burst,
        "concurrency": limits.concurrency,
        "max_age_s": limits.max_age_s,
    }


def _kept(body: JsonObject) -> JsonObject:
    return {name: value for name, value in body.items() if value is not None}


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
