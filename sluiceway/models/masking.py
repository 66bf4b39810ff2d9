"""Hide secrets in records: by value, wherever they turn up and however they were encoded.

Flags alone do not hold: a password that was put into ``vars`` shows up in the next request, a token
in a header, a code in an email's subject. So a secret is hidden by its text: as it is, in upper and
lower case, percent-encoded, JSON-escaped, in base64 at any alignment, and any eight characters in a
row of these.

What is too short to be told from other text (under four characters), and true, false and null, is
hidden only where it is known to stand: by the pointers of the action, see ``mask_pointers``.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["MASK", "SECRET_KEYS", "Masker", "mask_pointers", "mask_secret_keys"]

MASK: Final = "███"
"""What Auth0's debugger shows in place of a masked value."""

SHORTEST: Final = 4
_GRAM: Final = 8
_LONGEST: Final = 64 * 1024
_BASE64_BLOCK: Final = 3

SECRET_KEYS: Final = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "authorization",
        "client_assertion",
        "client_secret",
        "cookie",
        "id_token",
        "new_password",
        "old_password",
        "passwd",
        "password",
        "private_key",
        "proxy-authorization",
        "refresh_token",
        "secret",
        "secret_key",
        "set-cookie",
        "x-api-key",
    }
)
"""Names whose values are secrets wherever they stand, in any case."""


class Masker:
    """Collects secrets and hides them. Without secrets, hiding costs nothing."""

    def __init__(self) -> None:
        self._grams: set[str] = set()
        self._short: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: JsonValue) -> None:
        """Hide *value* from here on; of an object or a list, everything in it."""
        for text in _leaves(value):
            if text not in self._short:
                self._add_text(text)

    def apply(self, value: JsonValue) -> JsonValue:
        """Return *value* with every secret in it as ``███``, keys included."""
        if not self._short and not self._grams:
            return value
        return self._apply(value)

    def apply_text(self, text: str) -> str:
        """Return *text* with every secret in it as ``███``."""
        if self._short:
            if self._pattern is None:
                longest_first = sorted(self._short, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            text = self._pattern.sub(MASK, text)
        if self._grams and len(text) >= _GRAM:
            text = self._hide_grams(text)
        return text

    def _apply(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.apply_text(value)
        if isinstance(value, dict):
            return {self.apply_text(key): self._apply(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._apply(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = json.dumps(value)
            return MASK if self.apply_text(text) != text else value
        return value

    def _add_text(self, text: str) -> None:
        self._pattern = None
        for form in _forms(text[:_LONGEST]):
            if len(form) < SHORTEST:
                continue
            if len(form) < 2 * _GRAM:
                # Short enough that the whole of it is the likeliest leak, and few enough to list.
                self._short.add(form)
            self._grams.update(form[i : i + _GRAM] for i in range(len(form) - _GRAM + 1))

    def _hide_grams(self, text: str) -> str:
        """Replace each run of the text that is covered by eight-character pieces of a secret."""
        pieces: list[str] = []
        shown_to = position = 0
        last = len(text) - _GRAM
        while position <= last:
            if text[position : position + _GRAM] not in self._grams:
                position += 1
                continue
            end = position + _GRAM
            while end < len(text) and text[end - _GRAM + 1 : end + 1] in self._grams:
                end += 1
            pieces += [text[shown_to:position], MASK]
            shown_to = position = end
        return "".join([*pieces, text[shown_to:]]) if pieces else text


def mask_pointers(value: JsonValue, pointers: Iterable[str]) -> JsonValue:
    """Return *value* with what the JSON Pointers name as ``███``; ``*`` stands for every key."""
    for pointer in pointers:
        value = _mask_at(value, pointer.split("/")[1:])
    return value


def mask_secret_keys(
    value: JsonValue, names: Collection[str] = SECRET_KEYS
) -> tuple[JsonValue, list[JsonValue]]:
    """Return *value* with what stands under one of *names* as ``███``, and the values it hid."""
    hidden: list[JsonValue] = []

    def walk(item: JsonValue) -> JsonValue:
        if isinstance(item, list):
            return [walk(child) for child in item]
        if not isinstance(item, dict):
            return item
        shown: JsonObject = {}
        for key, child in item.items():
            if key.lower() in names and child not in (None, "", MASK):
                hidden.append(child)
                shown[key] = MASK
            else:
                shown[key] = walk(child)
        return shown

    return walk(value), hidden


def _mask_at(value: JsonValue, keys: list[str]) -> JsonValue:
    if not keys:
        return MASK if value is not None else None
    key = keys[0].replace("~1", "/").replace("~0", "~")
    if isinstance(value, dict):
        chosen = set(value) if key == "*" else {key}
        return {
            name: _mask_at(item, keys[1:]) if name in chosen else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            _mask_at(item, keys[1:]) if key in {"*", str(index)} else item
            for index, item in enumerate(value)
        ]
    return value


def _leaves(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        if value != MASK:
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def _forms(text: str) -> set[str]:
    """Return *text* and what it looks like in other encodings."""
    plain = {text, text.lower(), text.upper(), text.strip()}
    forms = set(plain)
    for form in (text, text.lower(), text.upper()):
        forms |= {quote(form, safe="", errors="replace"), quote(form, errors="replace")}
        forms.add(quote_plus(form, errors="replace"))
        forms |= {json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}
    data = text.encode("utf-8", "surrogatepass")
    for before in range(_BASE64_BLOCK):
        # Inside a longer text the secret may start anywhere in a block of three bytes; the first
        # and last characters of its encoding then depend on its neighbours and are left out.
        encoded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        inner = encoded[(before * 8 + 5) // 6 : len(encoded) - 1]
        forms |= {inner, inner.translate(_URL_SAFE)}
    forms.add(data.hex())
    return {form for form in forms if len(form) >= SHORTEST} if len(text) >= SHORTEST else set()


_URL_SAFE: Final = str.maketrans("+/", "-_")
