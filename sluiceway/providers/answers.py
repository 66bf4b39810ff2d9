"""What the answers of delivery services have in common: refusal, failure, when to come back."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import ProviderRejected, ProviderUnavailable

if TYPE_CHECKING:
    from sluiceway.errors import ProviderError
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundResponse

__all__ = ["check_status", "failure", "own_words", "read_object", "read_text", "retry_after_s"]

_MAY_PASS: Final = frozenset({408, 421, 425, 429})
_SERVER_ERROR: Final = 500
_WORDS: Final = 500


def check_status(response: OutboundResponse, service: str) -> None:
    """Return where the status is 2xx.

    Raises:
        ProviderUnavailable: 408, 425, 429 or 5xx.
        ProviderRejected: any other.
    """
    if not response.is_success:
        raise failure(response, service)


def failure(
    response: OutboundResponse, service: str, *, may_pass: bool | None = None
) -> ProviderError:
    """Return the error that *response* means, with the service's own words.

    *may_pass* overrules what the status says, for services that keep 4xx for what passes.
    ``details`` is ``{status, answer[, retry_after_s]}``.
    """
    if may_pass is None:
        may_pass = response.status in _MAY_PASS or response.status >= _SERVER_ERROR
    words = own_words(response)
    details: JsonObject = {"status": response.status, "answer": words}
    said = f": {words}" if words else ""
    if not may_pass:
        return ProviderRejected(
            f"{service} refused the message with status {response.status}{said}", details=details
        )
    wait_s = retry_after_s(response)
    if wait_s is not None:
        details["retry_after_s"] = wait_s
    return ProviderUnavailable(
        f"{service} answered {response.status}{said}; it may pass", details=details
    )


def own_words(response: OutboundResponse) -> str:
    """Return the answer's body as one line of at most 500 characters."""
    text = response.body[: 4 * _WORDS].decode("utf-8", "replace")
    line = " ".join(
        "".join(c if c.isprintable() else " " for c in text).split(),
    )
    return line if len(line) <= _WORDS else f"{line[:_WORDS]}…"


def retry_after_s(response: OutboundResponse) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (RFC 9110, 10.2.3), never below 0.

    A date is counted from the answer's own ``Date``; without one it says nothing.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdecimal() and value.isascii():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        since = parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, (until - since).total_seconds())
    except (TypeError, ValueError):
        return None


def read_object(response: OutboundResponse) -> JsonObject:
    """Return the answer's JSON object, or an empty one where it holds none."""
    value = _read(response)
    return value if isinstance(value, dict) else {}


def read_text(value: JsonValue, *path: str) -> str:
    """Return the text or whole number at *path* below *value*, ``""`` where there is none."""
    for key in path:
        if not isinstance(value, dict):
            return ""
        value = value.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _read(response: OutboundResponse) -> JsonValue:
    try:
        value: JsonValue = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return None
    return value
