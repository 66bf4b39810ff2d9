"""A request's body in the three content types of the editor: JSON, form, XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urlencode

from sluiceway.actions.calls import encode_json, query_pairs
from sluiceway.actions.xml_text import write_xml
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from sluiceway.models.json import JsonValue

__all__ = ["ContentType", "encode_body"]

ContentType: TypeAlias = Literal["JSON", "FORM", "XML"]

_WRITTEN_AS: Final[dict[str, str]] = {
    "JSON": "application/json",
    "FORM": "application/x-www-form-urlencoded",
    "XML": "application/xml",
}


def encode_body(payload: JsonValue, content_type: ContentType | None) -> tuple[bytes, str]:
    """Return the bytes of *payload* and the ``Content-Type`` for them; both empty without one.

    A text is sent as it is. Objects become JSON unless *content_type* says otherwise; in a form,
    lists give their name several times, and objects inside are JSON.

    Raises:
        InvalidActionParams: a list cannot be a form, or the object cannot be XML.
    """
    if payload is None:
        return b"", ""
    kind = content_type or "JSON"
    if kind == "JSON" and not isinstance(payload, str):
        return encode_json(payload), _WRITTEN_AS[kind]
    if isinstance(payload, str):
        text = payload
    elif kind == "XML":
        text = write_xml(payload, at="/payload")
    elif isinstance(payload, dict):
        text = urlencode(query_pairs(payload), errors="replace")
    else:
        raise InvalidActionParams(
            "expected an object of names and values for a form, found a list", at="/payload"
        )
    return text.encode("utf-8", "replace"), _WRITTEN_AS[kind]
