"""Words for schemas of bodies, so that a table of resources fits on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.management.validation import Schema

if TYPE_CHECKING:
    from sluiceway.models.json import JsonObject

__all__ = ["FLAG", "OPEN", "TEXTS", "choice", "closed", "nullable", "open_object", "text"]

FLAG: Final[JsonObject] = {"type": "boolean"}
OPEN: Final[JsonObject] = {"type": "object"}
TEXTS: Final[JsonObject] = {"type": "array", "items": {"type": "string"}}


def text(
    longest: int | None = None, *, shortest: int = 1, pattern: str = "", about: str = ""
) -> JsonObject:
    """Return the schema of a text."""
    schema: JsonObject = {"type": "string", "minLength": shortest}
    if longest is not None:
        schema["maxLength"] = longest
    if pattern:
        schema["pattern"] = pattern
    if about:
        schema["description"] = about
    return schema


def choice(*words: str) -> JsonObject:
    """Return the schema of one of *words*."""
    return {"type": "string", "enum": list(words)}


def nullable(schema: JsonObject) -> JsonObject:
    """Return *schema* with null let in."""
    kind, words = schema.get("type"), schema.get("enum")
    widened: JsonObject = {
        **schema,
        "type": [*(kind if isinstance(kind, list) else [kind]), "null"],
    }
    if isinstance(words, list):
        widened["enum"] = [*words, None]
    return widened


def closed(properties: JsonObject, *required: str, least: int = 0) -> Schema:
    """Return the schema of an object with these members and no others."""
    document: JsonObject = {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }
    if least:
        document["minProperties"] = least
    return Schema(document)


def open_object(properties: JsonObject, *required: str, least: int = 0) -> Schema:
    """Return the schema of an object with these members, where others are kept as they are."""
    document = {**closed(properties, *required, least=least).document}
    del document["additionalProperties"]
    return Schema(document)
