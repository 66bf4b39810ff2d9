"""Filters for text, with JavaScript's white space and splitting.

Source: LiquidJS 10.30.1, ``filters/string``; lengths count characters, as its helpers do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import LiquidRenderError
from sluiceway.expressions import javascript, utf16
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import (
    WHITESPACE,
    is_nil,
    js_number,
    stringify,
    to_array,
    to_count,
    to_integer,
    to_text,
)

if TYPE_CHECKING:
    from sluiceway.liquid.filters.base import FilterArguments
    from sluiceway.liquid.values import LiquidValue

__all__ = ["FILTERS"]

_SPACES: Final = re.compile(f"[{WHITESPACE}]+")
_STRIPPED: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_NEWLINE: Final = re.compile(r"\r?\n")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*")
_CJK: Final = re.compile(
    "[\u4e00-\u9fff\uf900-\ufaff\u3400-\u4dbf\u3040-\u309f\u30a0-\u30ff\uac00-\ud7af]"
)
_NO_CJK: Final = re.compile(
    f"[^\u4e00-\u9fff\uf900-\ufaff\u3400-\u4dbf\u3040-\u309f\u30a0-\u30ff\uac00-\ud7af{WHITESPACE}]+"
)


def _append(value: LiquidValue, arguments: FilterArguments) -> str:
    _require_one(arguments, "append")
    return arguments.rendering.text(value) + arguments.text(0)


def _prepend(value: LiquidValue, arguments: FilterArguments) -> str:
    _require_one(arguments, "prepend")
    return arguments.text(0) + arguments.rendering.text(value)


def _require_one(arguments: FilterArguments, name: str) -> None:
    count = len(arguments.positional)
    if count != 1:
        raise LiquidRenderError(f"{name} expects 1 argument, found {count}")


def _capitalize(value: LiquidValue, arguments: FilterArguments) -> str:
    text = arguments.rendering.text(value)
    first = text[:1]
    # JavaScript's first unit of a character beyond the basic plane has no upper case.
    return (first.upper() if first <= "\uffff" else first) + text[1:].lower()


def _upcase(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).upper()


def _downcase(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).lower()


def _strip(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).strip(_to_strip(arguments))


def _lstrip(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).lstrip(_to_strip(arguments))


def _rstrip(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).rstrip(_to_strip(arguments))


def _to_strip(arguments: FilterArguments) -> str:
    chosen = arguments.get(0)
    if isinstance(chosen, list | dict) or javascript.to_boolean(chosen):
        return arguments.text(0) or _STRIPPED
    return _STRIPPED


def _strip_newlines(value: LiquidValue, arguments: FilterArguments) -> str:
    return _NEWLINE.sub("", arguments.rendering.text(value))


def _squish(value: LiquidValue, arguments: FilterArguments) -> str:
    return _SPACES.sub(" ", arguments.rendering.text(value)).strip(_STRIPPED)


def _normalize_whitespace(value: LiquidValue, arguments: FilterArguments) -> str:
    return _SPACES.sub(" ", arguments.rendering.text(value))


def _split_text(text: str, separator: str, arguments: FilterArguments) -> list[str]:
    if not separator:
        arguments.use_items(len(text))
        return utf16.split_units(text)
    arguments.use_items(text.count(separator))
    return utf16.split(text, separator)


def _split(value: LiquidValue, arguments: FilterArguments) -> list[str]:
    parts = _split_text(arguments.rendering.text(value), arguments.text(0), arguments)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _join_replaced(parts: list[str], replacement: str, arguments: FilterArguments) -> str:
    arguments.use(max(len(parts) - 1, 0) * len(replacement))
    return utf16.join(_between(parts, replacement)) if len(parts) > 1 else "".join(parts)


def _between(parts: list[str], separator: str) -> list[str]:
    woven = [separator] * (2 * len(parts) - 1)
    woven[::2] = parts
    return woven


def _remove(value: LiquidValue, arguments: FilterArguments) -> str:
    text = arguments.rendering.text(value)
    return _join_replaced(_split_text(text, arguments.text(0), arguments), "", arguments)


def _replace(value: LiquidValue, arguments: FilterArguments) -> str:
    text = arguments.rendering.text(value)
    parts = _split_text(text, arguments.text(0), arguments)
    return _join_replaced(parts, arguments.text(1), arguments)


def _replace_first(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).replace(arguments.text(0), arguments.text(1), 1)


def _remove_first(value: LiquidValue, arguments: FilterArguments) -> str:
    return arguments.rendering.text(value).replace(arguments.text(0), "", 1)


def _replace_last(value: LiquidValue, arguments: FilterArguments) -> str:
    return _put_last(arguments.rendering.text(value), arguments.text(0), arguments.text(1))


def _remove_last(value: LiquidValue, arguments: FilterArguments) -> str:
    return _put_last(arguments.rendering.text(value), arguments.text(0), "")


def _put_last(text: str, pattern: str, replacement: str) -> str:
    found = text.rfind(pattern)
    return text if found < 0 else text[:found] + replacement + text[found + len(pattern) :]


def _truncate(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    text = arguments.rendering.text(value)
    length = js_number(arguments.get(0, 50))
    ellipsis = stringify(arguments.get(1, "..."))
    if len(text) <= to_count(length, len(text)):
        return value
    return text[: to_count(length - len(ellipsis), len(text))] + ellipsis


def _truncatewords(value: LiquidValue, arguments: FilterArguments) -> str:
    text = arguments.rendering.text(value)
    most = js_number(arguments.get(0, 15))
    ellipsis = stringify(arguments.get(1, "..."))
    words = _SPACES.split(text.lstrip(_STRIPPED))
    if most <= 0:
        most = 1
    shown = " ".join(words[: int(min(to_integer(most), len(words)))])
    return shown + ellipsis if len(words) >= most else shown


def _number_of_words(value: LiquidValue, arguments: FilterArguments) -> int:
    text = arguments.rendering.text(value).strip(_STRIPPED)
    if not text:
        return 0
    mode = arguments.get(0)
    if mode == "cjk" or (mode == "auto" and _CJK.search(text)):
        return len(_CJK.findall(text)) + len(_NO_CJK.findall(text))
    return len(_SPACES.split(text))


def _array_to_sentence_string(value: LiquidValue, arguments: FilterArguments) -> LiquidValue:
    items = to_array(value)
    connector = stringify(arguments.get(0, "and"))
    if not items:
        return ""
    if len(items) == 1:
        return items[0]
    *texts, last = map(to_text, items)
    arguments.use(sum(map(len, texts)) + len(last))
    if len(texts) == 1:
        return f"{texts[0]} {connector} {last}"
    # ``Array.join`` leaves null out; a template literal does not.
    texts = ["" if is_nil(item) else text for item, text in zip(items, texts, strict=False)]
    return f"{', '.join(texts)}, {connector} {last}"


def _base64_encode(value: LiquidValue, arguments: FilterArguments) -> str:
    import base64  # noqa: PLC0415 - heavy, and seldom used

    return base64.b64encode(utf16.to_utf8(arguments.rendering.text(value))).decode()


def _base64_decode(value: LiquidValue, arguments: FilterArguments) -> str:
    import base64  # noqa: PLC0415 - heavy, and seldom used

    text = re.sub(r"[\t\n\f\r ]", "", arguments.rendering.text(value))
    if not len(text) % 4:
        text = text.removesuffix("=").removesuffix("=")
    if len(text) % 4 == 1 or not _BASE64.fullmatch(text):
        raise LiquidRenderError("invalid base64 provided to base64_decode")
    return base64.b64decode(f"{text}==").decode("utf-8", "replace")


def _sha256(value: LiquidValue, arguments: FilterArguments) -> str:
    import hashlib  # noqa: PLC0415 - heavy, and seldom used

    return hashlib.sha256(utf16.to_utf8(arguments.rendering.text(value))).hexdigest()


def _hmac_sha256(value: LiquidValue, arguments: FilterArguments) -> str:
    import hmac  # noqa: PLC0415 - heavy, and seldom used

    text = utf16.to_utf8(arguments.rendering.text(value))
    return hmac.new(utf16.to_utf8(arguments.text(0)), text, "sha256").hexdigest()


FILTERS: Final = FilterFamily(
    {
        "append": _append,
        "array_to_sentence_string": _array_to_sentence_string,
        "base64_decode": _base64_decode,
        "base64_encode": _base64_encode,
        "capitalize": _capitalize,
        "downcase": _downcase,
        "hmac_sha256": _hmac_sha256,
        "lstrip": _lstrip,
        "normalize_whitespace": _normalize_whitespace,
        "number_of_words": _number_of_words,
        "prepend": _prepend,
        "remove": _remove,
        "remove_first": _remove_first,
        "remove_last": _remove_last,
        "replace": _replace,
        "replace_first": _replace_first,
        "replace_last": _replace_last,
        "rstrip": _rstrip,
        "sha256": _sha256,
        "split": _split,
        "squish": _squish,
        "strip": _strip,
        "strip_newlines": _strip_newlines,
        "truncate": _truncate,
        "truncatewords": _truncatewords,
        "upcase": _upcase,
    }
)
