"""Read requests: query parameters and bodies, JSON or form, into checked JSON."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from sluiceway.api.errors import Refusal, envelope
from sluiceway.api.route import Reply
from sluiceway.management.validation import Schema

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from sluiceway.api.route import Param
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["check_path", "parse_body", "parse_query", "read_body", "stream_body"]

_DECODER: Final = msgspec.json.Decoder()
_MAX_PARTS: Final = 1000
_MAX_NESTING: Final = 100
_MAX_STEPS: Final = 32
_BRACKET: Final = re.compile(r"\[([^\[\]]*)\]")
_FORM: Final = "application/x-www-form-urlencoded"


async def read_body(receive: Any, *, limit: int) -> bytes:
    """Read the whole body from ASGI's *receive*.

    Raises:
        Refusal: 413 for more than *limit* bytes.
        ConnectionResetError: the client went away.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refusal(
                Reply(
                    status=413,
                    body=envelope(
                        413, f"Payload content length greater than maximum allowed: {limit}"
                    ),
                    headers={"connection": "close"},
                )
            )
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def stream_body(receive: Any) -> AsyncGenerator[bytes]:
    """Yield a body of any size from ASGI's *receive*, as it comes.

    Raises:
        ConnectionResetError: the client went away before its end.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away")
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body"):
            return


def parse_body(data: bytes, content_type: str, schema: JsonObject | None) -> JsonValue:
    """Return the JSON value of a body; a form's texts take the types that *schema* names.

    Raises:
        Refusal: 400 for what is no JSON, 415 for other media types.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == _FORM:
        return _parse_form(data, schema or {})
    if data and media and not (media.endswith("json") or media == "text/plain"):
        raise Refusal(Reply(status=415, body=envelope(415, "Unsupported Media Type")))
    if not data.strip():
        return None
    try:
        value: JsonValue = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad_json() from error
    # Nesting takes brackets: most bodies have too few of them to be walked for it.
    if data.count(b"[") + data.count(b"{") > _MAX_NESTING and _is_too_deep(value):
        raise _bad_json()
    return value


def _bad_json() -> Refusal:
    return Refusal(Reply(status=400, body=envelope(400, "Invalid request payload JSON format")))


def _is_too_deep(value: JsonValue) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(_MAX_NESTING):
        deeper: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return False
        level = deeper
    return True


def _parse_form(data: bytes, schema: JsonObject) -> JsonObject:
    try:
        pairs = parse_qsl(
            data.decode(), keep_blank_values=True, max_num_fields=_MAX_PARTS, errors="strict"
        )
    except ValueError as error:
        raise Refusal(
            Reply(status=400, body=envelope(400, "Invalid request payload format"))
        ) from error
    result: JsonObject = {}
    for name, text in pairs:
        steps = [name.partition("[")[0], *_BRACKET.findall(name)]
        if len(steps) <= _MAX_STEPS:
            _place(result, steps, text, schema)
    return result


def _place(target: JsonObject, steps: list[str], text: str, schema: JsonValue) -> None:
    """Put *text* where ``a[b][]`` or ``a[0][b]`` says, in the type that the schema has there."""
    step, rest = steps[0], steps[1:]
    below = _member(schema, step)
    if not rest:
        value = _typed(text, below)
        if _kind(below) == "array" and not isinstance(value, list):
            _append(target, step, value)  # a=1&a=2, and a=1 alone
        else:
            target[step] = value
    elif rest[0] == "" or (rest[0].isdecimal() and _kind(below) != "object"):
        _place_item(target, step, rest, text, below)
    else:
        inner = target.setdefault(step, {})
        if isinstance(inner, dict):
            _place(inner, rest, text, below)


def _place_item(
    target: JsonObject, step: str, rest: list[str], text: str, schema: JsonValue
) -> None:
    """Put *text* into the list at *step*: at its end for ``a[]``, into an item for ``a[0][b]``."""
    items = schema.get("items") if isinstance(schema, dict) else None
    if len(rest) == 1:
        _append(target, step, _typed(text, items))
        return
    listed = target.setdefault(step, [])
    if not isinstance(listed, list):
        return
    index = int(rest[0]) if rest[0] and len(rest[0]) < 4 else len(listed)  # noqa: PLR2004 - 1000 parts at most
    if index >= len(listed):
        listed.append({})
    inner = listed[min(index, len(listed) - 1)]
    if isinstance(inner, dict):
        _place(inner, rest[1:], text, items)


def _append(target: JsonObject, step: str, value: JsonValue) -> None:
    listed = target.setdefault(step, [])
    if isinstance(listed, list):
        listed.append(value)


def _member(schema: JsonValue, step: str) -> JsonValue:
    known = schema.get("properties") if isinstance(schema, dict) else None
    return known.get(step) if isinstance(known, dict) else None


def _kind(schema: JsonValue) -> JsonValue:
    """Return the type that *schema* has but for null, the first of several."""
    wanted = schema.get("type", "string") if isinstance(schema, dict) else "string"
    if isinstance(wanted, list):
        return next((one for one in wanted if one != "null"), "null")
    return wanted


def _typed(text: str, schema: JsonValue) -> JsonValue:
    if _kind(schema) == "string":
        return text
    try:
        value: JsonValue = _DECODER.decode(text.encode())
    except msgspec.DecodeError:
        return text
    return value


def check_path(variables: Mapping[str, str], limits: Sequence[Param]) -> None:
    """Check the path parameters that have limits.

    Raises:
        InvalidRequest: one breaks them, in Auth0's words.
    """
    for param in limits:
        _schema_of(param).check({param.name: variables[param.name]}, part="Path")


def parse_query(query_string: bytes, params: Sequence[Param]) -> dict[str, Any]:
    """Return the declared parameters by name, typed; those not declared are left aside.

    Raises:
        InvalidRequest: one breaks its schema, in Auth0's words.
    """
    given: dict[str, list[str]] = {}
    if query_string:
        text = query_string.decode("latin-1")
        for name, part in parse_qsl(text, keep_blank_values=True):
            given.setdefault(name.removesuffix("[]"), []).append(part)
    result: dict[str, Any] = {}
    for param in params:
        texts = given.get(param.name)
        if texts is None:
            if param.is_required:
                _schema_of(param).check({}, part="Query")
            result[param.name] = [] if param.many else param.default
            continue
        values = [_read(text, param) for text in _split(texts, param)]
        for value in values:
            _schema_of(param).check({param.name: value}, part="Query")
        result[param.name] = values if param.many else values[-1]
    return result


def _split(texts: list[str], param: Param) -> list[str]:
    return [part for text in texts for part in text.split(",")] if param.many else texts


def _read(text: str, param: Param) -> JsonValue:
    if param.type == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if param.type == "integer" and re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if param.type == "number" and re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return float(text)
    return text


@cache
def _schema_of(param: Param) -> Schema:
    return Schema(
        {
            "type": "object",
            "required": [param.name],
            "properties": {param.name: {**param.as_schema(), "description": param.description}},
        }
    )
