"""Filters for HTML and URLs. Source: LiquidJS 10.30.1, ``filters/html`` and ``filters/url``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sluiceway.errors import LiquidRenderError
from sluiceway.liquid.filters.base import FilterFamily
from sluiceway.liquid.values import WHITESPACE, is_js_true, stringify

if TYPE_CHECKING:
    from sluiceway.liquid.filters.base import FilterArguments
    from sluiceway.liquid.values import LiquidValue

__all__ = ["FILTERS"]

_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
)
_GROWTH: Final = 5
_ENTITY: Final = re.compile("&(?:amp|lt|gt|#34|#39);")
_CHARACTERS: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'"}
_NEWLINE: Final = re.compile(r"\r?\n")
_BAD_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_PERCENTS: Final = re.compile("(?:%[0-9A-Fa-f]{2})+")
_BLOCKS: Final = (("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"), ("<", ">"))
_COMPONENT: Final = "!'()*-._~"
_URI: Final = f"{_COMPONENT};/?:@&=+$,#[]"
_SLUG_BREAKS: Final = {
    "raw": re.compile(f"[{WHITESPACE}]+"),
    "default": re.compile(r"[\W_]+"),
    "latin": re.compile(r"[\W_]+"),
    "pretty": re.compile(r"[^\w.~!$&'()+,;=@]+"),
    "ascii": re.compile("[^A-Za-z0-9]+"),
}
_ACCENTS: Final = (
    ("àáâãäå", "a"),
    ("æ", "ae"),
    ("ç", "c"),
    ("èéêë", "e"),
    ("ìíîï", "i"),
    ("ð", "d"),
    ("ñ", "n"),
    ("òóôõöø", "o"),
    ("ùúûü", "u"),
    ("ýÿ", "y"),
    ("ß", "ss"),
    ("œ", "oe"),
    ("þ", "th"),
    ("ẞ", "SS"),
    ("Œ", "OE"),
    ("Þ", "TH"),
)
_PLAIN_LETTERS: Final = str.maketrans(
    {letter: plain for letters, plain in _ACCENTS for letter in letters}
)


def _escape(value: LiquidValue, arguments: FilterArguments) -> str:
    text = stringify(value)
    arguments.use(len(text) * _GROWTH)
    return text.translate(_ESCAPES)


def _unescape(value: LiquidValue, arguments: FilterArguments) -> str:
    return _ENTITY.sub(lambda found: _CHARACTERS[found[0]], arguments.rendering.text(value))


def _escape_once(value: LiquidValue, arguments: FilterArguments) -> str:
    return _escape(_unescape(value, arguments), arguments)


def _newline_to_br(value: LiquidValue, arguments: FilterArguments) -> str:
    text = stringify(value)
    arguments.use(len(text) * _GROWTH)
    return _NEWLINE.sub("<br />\n", text)


def _strip_html(value: LiquidValue, arguments: FilterArguments) -> str:
    """Cut out scripts, styles, comments and tags, in one pass (see CVE-2026-45617)."""
    text = arguments.rendering.text(value)
    blocks = dict(_BLOCKS)
    pieces: list[str] = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        pieces.append(text[position:start])
        position = start
        for opening, closing in list(blocks.items()):
            if not text.startswith(opening, start):
                continue
            end = text.find(closing, start + len(opening))
            if end >= 0:
                position = end + len(closing)
                break
            # It is closed nowhere further on: need not be looked for again.
            del blocks[opening]
        if position == start:
            break
    pieces.append(text[position:])
    return "".join(pieces)


def _encode(text: str, safe: str, arguments: FilterArguments) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - heavy

    arguments.use(len(text) * 12)
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError as error:
        raise LiquidRenderError("URI malformed: half of a character") from error


def _url_encode(value: LiquidValue, arguments: FilterArguments) -> str:
    return _encode(stringify(value), _COMPONENT, arguments).replace("%20", "+")


def _url_decode(value: LiquidValue, arguments: FilterArguments) -> str:
    text = arguments.rendering.text(value).replace("+", " ")
    if _BAD_PERCENT.search(text):
        raise LiquidRenderError("URI malformed: a % without two hexadecimal digits")
    try:
        return _PERCENTS.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode(), text)
    except UnicodeDecodeError as error:
        raise LiquidRenderError("URI malformed: not UTF-8") from error


def _cgi_escape(value: LiquidValue, arguments: FilterArguments) -> str:
    return _encode(stringify(value), "-._~", arguments).replace("%20", "+")


def _uri_escape(value: LiquidValue, arguments: FilterArguments) -> str:
    return _encode(stringify(value), _URI, arguments)


def _slugify(value: LiquidValue, arguments: FilterArguments) -> str:
    text = arguments.rendering.text(value)
    mode = arguments.get(0, "default")
    breaks = _SLUG_BREAKS.get(mode) if isinstance(mode, str) else None
    if breaks is not None:
        if mode == "latin":
            text = text.translate(_PLAIN_LETTERS)
        text = breaks.sub("-", text)
        text = text.removeprefix("-").removesuffix("-")
    # The literals nil, empty and blank are objects of the engine, which JavaScript takes for true.
    keeps_case = is_js_true(arguments.positional[1]) if len(arguments.positional) > 1 else False
    return text if keeps_case else text.lower()


FILTERS: Final = FilterFamily(
    {
        "cgi_escape": _cgi_escape,
        "escape": _escape,
        "escape_once": _escape_once,
        "newline_to_br": _newline_to_br,
        "slugify": _slugify,
        "strip_html": _strip_html,
        "uri_escape": _uri_escape,
        "url_decode": _url_decode,
        "url_encode": _url_encode,
        "xml_escape": _escape,
    }
)
