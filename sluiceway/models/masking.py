"""Hide secrets in records: by value, wherever they turn up and however they were encoded.

Flags alone do not hold: a password that was put into ``vars`` shows up in the next request, a token
in a header, a code in an email's subject. So a secret is hidden by its text: as it is, in upper and
lower case, percent-encoded, JSON-escaped (twice, too), HTML- and XML-escaped, in hexadecimal, in
base64 at any alignment, and any eight characters in a row of these (fifteen, where the secret is
over 4,096 characters long).

What is too short to be told from other text (under four characters), and true, false and null, is
hidden only where it is known to stand: by the pointers of the action, see ``mask_pointers``.
"""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

from sluiceway.discreet import Discreet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["MASK", "Masker", "is_secret_name", "mask_pointers", "mask_secret_keys"]

MASK: Final = "███"
"""What Auth0's debugger shows in place of a masked value."""

SHORTEST: Final = 4
_GRAM: Final = 8
_PIECE: Final = 5
_STRIDE: Final = 4
_LONG: Final = 4 * 1024
_LONGEST: Final = 64 * 1024
_BETWEEN: Final = "\ue000"
_encode: Final = msgspec.json.Encoder().encode
_BASE64_BLOCK: Final = 3
_QUERY: Final = re.compile(r"([?&])([A-Za-z_-]{4,40})=([^&#\s\"'<>█]+)")

_SECRET_NAMES: Final = frozenset(
    {
        "accesstoken",
        "apikey",
        "apisecret",
        "apitoken",
        "authorization",
        "authtoken",
        "bearertoken",
        "bottoken",
        "clientassertion",
        "clientsecret",
        "confirmpassword",
        "cookie",
        "currentpassword",
        "idtoken",
        "newpassword",
        "oldpassword",
        "passphrase",
        "passwd",
        "password",
        "passwordconfirmation",
        "privatekey",
        "proxyauthorization",
        "refreshtoken",
        "secret",
        "secretaccesskey",
        "secretkey",
        "sessiontoken",
        "setcookie",
        "sharedsecret",
        "signingsecret",
        "webhooksecret",
        "xaccesstoken",
        "xapikey",
        "xauthtoken",
    }
)
"""Names whose values are secrets wherever they stand, without case, dashes and underscores."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether what stands under *name* is a secret, as under ``client_secret``."""
    return name.lower().replace("_", "").replace("-", "") in _SECRET_NAMES


class Masker:
    """Collects secrets and hides them. Without secrets, hiding costs nothing."""

    def __init__(self) -> None:
        self._needles: dict[str, _Needle] = {}

    def add(self, value: JsonValue) -> bool:
        """Hide *value* from here on; of an object or a list, everything in it.

        Returns:
            Whether there was something in it that was not hidden before.
        """
        known = len(self._needles)
        for text in _leaves(value):
            if len(text) >= SHORTEST and text not in self._needles:
                self._needles[text] = _needle_of(text)
        return len(self._needles) > known

    def apply(self, value: JsonValue) -> JsonValue:
        """Return *value* with every secret in it as ``███``, keys included."""
        if not self._needles:
            return value
        try:
            # Most values hold no secret: one look at the whole of them is enough to say so.
            found = self._find(_encode(value).decode())
        except ValueError:  # a lone surrogate, which JSON cannot carry
            found = list(self._needles.values())
        return _hide(value, found) if found else value

    def apply_text(self, text: str) -> str:
        """Return *text* with every secret in it as ``███``."""
        return _hide_text(text, self._find(text)) if self._needles else text

    def _find(self, text: str) -> list[_Needle]:
        """Return the secrets that *text* holds something of."""
        samples: dict[tuple[int, int], set[str]] = {}
        found: list[_Needle] = []
        for needle in self._needles.values():
            size, stride = key = needle.sampling
            sample = samples.get(key)
            if sample is None:
                last = len(text) - size + 1
                sample = samples[key] = {text[i : i + size] for i in range(0, last, stride)}
            if needle.is_in(text, sample):
                found.append(needle)
        return found


class _Needle(Discreet, msgspec.Struct, frozen=True):
    """One secret, made ready to be looked for.

    Any eight characters in a row of *haystack*, where all its forms stand, are hidden, and each
    form of *whole*. *pieces* tell quickly where there is nothing: five characters from every place
    of the forms, of which eight characters in a row hold one at a multiple of four. Of a *long*
    secret, eight characters from every eighth place are kept: fifteen in a row hold one of them.
    """

    withheld = frozenset({"haystack", "whole", "pieces"})

    haystack: str
    whole: tuple[str, ...]
    pieces: frozenset[str]
    is_long: bool

    @property
    def sampling(self) -> tuple[int, int]:
        """How long the samples of a text are, and how far apart, that *pieces* are for."""
        return (_GRAM, 1) if self.is_long else (_PIECE, _STRIDE)

    def is_in(self, text: str, sample: set[str]) -> bool:
        """Tell whether *text*, sampled so, holds something of the secret."""
        return any(form in text for form in self.whole) or any(
            self._is_near(text, piece) for piece in self.pieces & sample
        )

    def _is_near(self, text: str, piece: str) -> bool:
        if self.is_long:
            return True
        at = text.find(piece)
        while at >= 0:
            for start in range(max(0, at - _STRIDE + 1), at + 1):
                gram = text[start : start + _GRAM]
                if len(gram) == _GRAM and gram in self.haystack:
                    return True
            at = text.find(piece, at + 1)
        return False

    def covers(self, gram: str) -> bool:
        """Tell whether eight characters are a part of the secret, in one of its forms."""
        piece = gram if self.is_long else gram[:_PIECE]
        return piece in self.pieces and gram in self.haystack


@lru_cache(maxsize=1024)
def _needle_of(text: str) -> _Needle:
    # Kept, because a tenant's token is a secret of many executions.
    text = text[:_LONGEST]
    is_long = len(text) > _LONG
    forms = _forms(text)
    # A form may stand in a text that is looked at as JSON.
    looked_for = forms | {_json_text(form, ensure_ascii=False) for form in forms}
    size, stride = (_GRAM, _GRAM) if is_long else (_PIECE, 1)
    return _Needle(
        haystack=_BETWEEN.join(form for form in looked_for if len(form) >= _GRAM),
        whole=tuple(sorted((f for f in looked_for if len(f) < 2 * _GRAM), key=len, reverse=True)),
        pieces=frozenset(
            form[i : i + size]
            for form in looked_for
            if len(form) >= _GRAM
            for i in range(0, len(form) - size + 1, stride)
        ),
        is_long=is_long,
    )


def _hide(value: JsonValue, needles: list[_Needle]) -> JsonValue:
    if isinstance(value, str):
        return _hide_text(value, needles)
    if isinstance(value, dict):
        return {_hide_text(key, needles): _hide(item, needles) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, needles) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = json.dumps(value)
        return MASK if _hide_text(text, needles) != text else value
    return value


def _hide_text(text: str, needles: list[_Needle]) -> str:
    hidden = bytearray(len(text))
    for needle in needles:
        for form in needle.whole:
            start = text.find(form)
            while start >= 0:
                hidden[start : start + len(form)] = b"\1" * len(form)
                start = text.find(form, start + 1)
        _mark_grams(text, needle, hidden)
    if not any(hidden):
        return text
    pieces: list[str] = []
    position = 0
    for is_hidden, run in groupby(hidden):
        end = position + sum(1 for _ in run)
        pieces.append(MASK if is_hidden else text[position:end])
        position = end
    return "".join(pieces)


def _mark_grams(text: str, needle: _Needle, hidden: bytearray) -> None:
    """Mark each run of *text* whose every eight characters are a part of the secret."""
    position, last = 0, len(text) - _GRAM
    while position <= last:
        if not needle.covers(text[position : position + _GRAM]):
            position += 1
            continue
        start, end = position, position + _GRAM
        # Of a long secret not every place is known at once: look on both sides of the one found.
        while start > 0 and text[start - 1 : start + _GRAM - 1] in needle.haystack:
            start -= 1
        while end < len(text) and text[end - _GRAM + 1 : end + 1] in needle.haystack:
            end += 1
        hidden[start:end] = b"\1" * (end - start)
        position = end


def mask_pointers(value: JsonValue, pointers: Iterable[str]) -> JsonValue:
    """Return *value* with what the JSON Pointers name as ``███``; ``*`` stands for every key."""
    for pointer in pointers:
        value = _mask_at(value, pointer.split("/")[1:])
    return value


def mask_secret_keys(value: JsonValue) -> tuple[JsonValue, list[JsonValue]]:
    """Return *value* with what stands under a secret's name as ``███``, and the values it hid.

    A name may be an object's key, or that of a parameter in an address.
    """
    hidden: list[JsonValue] = []

    def hide(found: re.Match[str]) -> str:
        if not is_secret_name(found[2]):
            return found[0]
        hidden.extend({found[3], unquote_plus(found[3])})
        return f"{found[1]}{found[2]}={MASK}"

    def walk(item: JsonValue) -> JsonValue:
        if isinstance(item, list):
            return [walk(child) for child in item]
        if isinstance(item, str) and "=" in item:
            return _QUERY.sub(hide, item)
        if not isinstance(item, dict):
            return item
        shown: JsonObject = {}
        for key, child in item.items():
            if is_secret_name(key) and child not in (None, "", MASK):
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
    forms = {text, text.lower(), text.upper(), text.strip()}
    for form in (text, text.lower(), text.upper()):
        quoted = {quote(form, safe="", errors="replace"), quote(form, errors="replace")}
        quoted.add(quote_plus(form, errors="replace"))
        forms |= quoted | {one.lower() for one in quoted}
        # Twice, because JSON often carries JSON.
        for ensure_ascii in (True, False):
            escaped = _json_text(form, ensure_ascii=ensure_ascii)
            forms |= {escaped, _json_text(escaped)}
        forms |= {form.translate(table) for table in _ENTITIES}
    for plain in {text, _json_text(text), _json_text(text, ensure_ascii=False)}:
        data = plain.encode("utf-8", "surrogatepass")
        forms |= {*_base64_forms(data), data.hex(), data.hex().upper()}
    return {form for form in forms if len(form) >= SHORTEST}


def _base64_forms(data: bytes) -> Iterator[str]:
    for before in range(_BASE64_BLOCK):
        # Inside a longer text the secret may start anywhere in a block of three bytes; the first
        # and last characters of its encoding then depend on its neighbours and are left out.
        encoded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        inner = encoded[(before * 8 + 5) // 6 : len(encoded) - 1]
        yield inner
        yield inner.translate(_URL_SAFE)


def _json_text(text: str, *, ensure_ascii: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ensure_ascii)[1:-1]


_URL_SAFE: Final = str.maketrans("+/", "-_")
_ENTITIES: Final = tuple(
    str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': double, "'": single})
    for double, single in (
        ("&quot;", "&#39;"),
        ("&#34;", "&#39;"),
        ("&quot;", "&#x27;"),
        ("&quot;", "&apos;"),
        ('"', "'"),
    )
)
