"""Words for JSON in messages: type names, pointers, near misses; and reading JSON strictly."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sluiceway.models.json import JsonValue

__all__ = ["did_you_mean", "escape_pointer", "near_miss", "parse_json", "type_name"]

_DECODER: Final = msgspec.json.Decoder()
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_PATH: Final = re.compile(r" - at `[^`]*`$")
_DEEPEST: Final = 200
"""Ours: every walk over a document stays well within Python's stack."""


def parse_json(data: bytes, *, name: str = "") -> JsonValue:
    """Parse UTF-8 JSON (RFC 8259; no NaN, no lone surrogates; a byte order mark is allowed).

    Args:
        data: the bytes.
        name: what to call the source in errors, like a file's path.

    Raises:
        DefinitionError: it is not JSON; ``at`` is ``name:line:column``.
    """
    text = data.removeprefix(b"\xef\xbb\xbf")
    try:
        value: JsonValue = _DECODER.decode(text)
        if text.count(b"[") + text.count(b"{") > _DEEPEST:
            _refuse_depth(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason, place = _explain(text, error)
        raise DefinitionError(
            f"expected JSON, found something else: {reason}",
            at=f"{name}{place}",
            hint="Check the file with a JSON editor.",
        ) from error
    return value


def _refuse_depth(value: JsonValue) -> None:
    """Go through *value* level by level. Raises ``RecursionError`` where there are too many."""
    level: list[JsonValue] = [value]
    for _ in range(_DEEPEST):
        level = [
            item for holder in level for item in _items(holder) if isinstance(item, dict | list)
        ]
        if not level:
            return
    raise RecursionError


def _items(holder: JsonValue) -> Iterable[JsonValue]:
    if isinstance(holder, dict):
        return holder.values()
    return holder if isinstance(holder, list) else ()


def _explain(text: bytes, error: Exception) -> tuple[str, str]:
    if not text.strip():
        return "it is empty", ""
    if text[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in text[:4]:
        return "it is UTF-16; save it as UTF-8", ""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8", ""
    if isinstance(error, RecursionError):
        return "it is nested too deep", ""
    message = str(error)
    found = _BYTE.search(message)
    reason = _PATH.sub("", _BYTE.sub("", message)).strip().removeprefix("JSON is malformed: ")
    if found is None:
        return reason, ""
    before = text[: int(found[1])]
    line = before.count(b"\n") + 1
    column = len(before) - before.rfind(b"\n")
    return reason, f":{line}:{column}"


def type_name(value: object) -> str:
    """Return what to call *value* in a message, never the value itself."""
    if value is None:
        return "null"
    if value == "":
        return "an empty text"
    for kind, name in (
        (bool, "true or false"),
        (int | float, "a number"),
        (str, "a text"),
        (list, "a list"),
        (dict, "an object"),
    ):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def escape_pointer(key: str) -> str:
    """Escape one JSON Pointer token (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def near_miss(word: str, known: Iterable[str]) -> str | None:
    """Return the entry of *known* that *word* most likely stands for."""
    by_fold = {entry.casefold(): entry for entry in known}
    close = difflib.get_close_matches(word.casefold()[:100], by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?``, or ``""`` where nothing known is near."""
    found = near_miss(word, known)
    return f"Did you mean {found!r}?" if found else ""
