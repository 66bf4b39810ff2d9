"""What actions that call other services share: reading a setup, and an answer as the output."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from sluiceway.actions.base import StepOutcome
from sluiceway.errors import ConnectionUnusable, InvalidActionParams
from sluiceway.expressions.javascript import shown_text
from sluiceway.tenants.client import read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluiceway.expressions.values import Value
    from sluiceway.models.json import JsonObject, JsonValue
    from sluiceway.outbound.base import OutboundResponse
    from sluiceway.vault.base import VaultConnection

__all__ = [
    "add_query",
    "encode_json",
    "outcome_of",
    "path_part",
    "query_pairs",
    "setup_text",
    "setup_type",
    "text_of",
]

# What tells of the connection to the other side, not of its answer.
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-encoding"}
)
# Of RFC 3986: what is reserved or unreserved, and %; the rest becomes %XX.
_URL_CHARACTERS: Final = ":/?#[]@!$&'()*+,;=~-._%"
_BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def outcome_of(response: OutboundResponse) -> StepOutcome:
    """Return the answer as ``{status, headers, body, success}``, whatever its status."""
    output: JsonObject = {
        "status": response.status,
        "headers": {
            name: value for name, value in response.headers.items() if name not in _HOP_BY_HOP
        },
        "body": read_body(response),
        "success": response.is_success,
    }
    return StepOutcome(output=output, status_code=response.status)


def setup_type(connection: VaultConnection, *known: str) -> str:
    """Return the ``type`` of the connection's setup.

    Raises:
        ConnectionUnusable: it is none of *known*.
    """
    found = (connection.setup or {}).get("type")
    if not isinstance(found, str) or found not in known:
        raise ConnectionUnusable(
            f"expected the vault connection {connection.name!r} to be set up with "
            f"{' or '.join(known)}, found {found if isinstance(found, str) else 'something else'}"
        )
    return found


def setup_text(connection: VaultConnection, key: str) -> str:
    """Return one text of the connection's setup.

    Raises:
        ConnectionUnusable: there is none.
    """
    found = (connection.setup or {}).get(key)
    if not isinstance(found, str) or not found:
        raise ConnectionUnusable(
            f"expected {key} in the setup of the vault connection {connection.name!r}, found none"
        )
    return found


def path_part(text: str, *, at: str) -> str:
    """Return *text* as one segment of a URL's path, every character that needs it encoded.

    Raises:
        InvalidActionParams: it is empty, or would lead elsewhere (``.``, ``..``).
    """
    if text.strip() in {"", ".", ".."}:
        raise InvalidActionParams("expected an id, found an empty text or dots", at=at)
    return quote(text.strip(), safe="")


def encode_json(value: JsonValue) -> bytes:
    """Return *value* as UTF-8 JSON; half a surrogate pair, which UTF-8 cannot hold, is escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def text_of(value: JsonValue) -> str:
    """Return *value* as it stands in text around ``{{ }}``: nothing for null, objects as JSON."""
    return shown_text(cast("Value", value))


def query_pairs(params: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    """Return query parameters as texts; null is left out, a list gives its name several times."""
    return [
        (name, text_of(item))
        for name, value in params.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def add_query(url: str, params: Mapping[str, JsonValue], *, at: str = "/url") -> str:
    """Return *url* with *params* after its own query, encoded; its fragment is dropped.

    Spaces and letters beyond ASCII in the URL are percent-encoded, as browsers do.

    Raises:
        InvalidActionParams: it is no URL.
    """
    given = _BROKEN_PERCENT.sub("%25", url.strip())
    try:
        parts = urlsplit(given)
    except ValueError:
        raise InvalidActionParams("expected a URL, found something that is none", at=at) from None
    if not parts.scheme or not parts.netloc:
        raise InvalidActionParams(
            "expected a URL that starts with https://", at=at, hint="Write the whole address."
        )
    query = "&".join(filter(None, (parts.query, urlencode(query_pairs(params), errors="replace"))))
    return urlunsplit(
        (
            parts.scheme.lower(),
            parts.netloc,
            quote(parts.path, safe=_URL_CHARACTERS),
            quote(query, safe=_URL_CHARACTERS),
            "",
        )
    )
