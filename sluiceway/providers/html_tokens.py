"""HTML as tokens, in time that grows with its length alone.

The standard library's parser takes minutes for 100 kB of ``<a <a <a``; emails may hold what users
typed, so this one consumes the rest where something is never closed, as browsers do.

Source: HTML Standard, section 13.2.5 (tokenization), without what emails never need.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EndTag", "HtmlToken", "StartTag", "tokenize_html"]

_BARE: Final = re.compile(r"([A-Za-z][A-Za-z0-9]*)>")
"""A tag without attributes: most are."""
_NAME: Final = re.compile(r"[A-Za-z][^\s/>]*")
_GAP: Final = re.compile(r"[\s/]*")
_SPACE: Final = re.compile(r"\s*")
_ATTRIBUTE: Final = re.compile(r"[^\s/>][^\s/>=]*")
_UNQUOTED: Final = re.compile(r"[^\s>]*")
_RAW_TEXT: Final = {
    name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "noframes", "iframe")
}


class StartTag(NamedTuple):
    """An opening tag; names are lower-case, of repeated attributes the first counts."""

    name: str
    attributes: dict[str, str]

    def attribute(self, name: str) -> str:
        """Return an attribute's value, or ``""``."""
        return self.attributes.get(name, "")


class EndTag(NamedTuple):
    """A closing tag."""

    name: str


HtmlToken: TypeAlias = "StartTag | EndTag | str"


def tokenize_html(source: str) -> Iterator[HtmlToken]:
    """Yield tags and texts, character references resolved; comments are left out."""
    place, length = 0, len(source)
    while place < length:
        start = source.find("<", place)
        if start < 0:
            yield _unescape(source[place:])
            return
        if start > place:
            yield _unescape(source[place:start])
        following = source[start + 1 : start + 2]
        if following.isascii() and following.isalpha():
            name, attributes, place = _read_tag(source, start + 1)
            if place > length:
                return
            yield StartTag(name, attributes)
            if name in _RAW_TEXT:
                place, text = _read_raw_text(source, place, name)
                yield text
        elif following == "/" and source[start + 2 : start + 3].isalpha():
            name, _, place = _read_tag(source, start + 2)
            yield EndTag(name)
        elif following in {"!", "?", "/"} and following:
            place = _after_comment(source, start)
        else:
            yield "<"
            place = start + 1


def _read_tag(source: str, place: int) -> tuple[str, dict[str, str], int]:
    """Read from a tag's name to behind its ``>``; a place beyond the end means never closed."""
    bare = _BARE.match(source, place)
    if bare is not None:
        return bare[1].lower(), {}, bare.end()
    found = _NAME.match(source, place)
    name = found.group().lower() if found else ""
    place = found.end() if found else place
    attributes: dict[str, str] = {}
    while True:
        place = _end_of(_GAP, source, place)
        if place >= len(source):
            return name, attributes, len(source) + 1
        if source[place] == ">":
            return name, attributes, place + 1
        end = _end_of(_ATTRIBUTE, source, place)
        key = source[place:end].lower()
        value, place = _read_value(source, _end_of(_SPACE, source, end))
        attributes.setdefault(key, value)


def _read_value(source: str, place: int) -> tuple[str, int]:
    if source[place : place + 1] != "=":
        return "", place
    place = _end_of(_SPACE, source, place + 1)
    quote = source[place : place + 1]
    if quote in {'"', "'"}:
        end = source.find(quote, place + 1)
        if end < 0:
            return "", len(source) + 1
        return _unescape(source[place + 1 : end]), end + 1
    end = _end_of(_UNQUOTED, source, place)
    return _unescape(source[place:end]), end


def _read_raw_text(source: str, place: int, name: str) -> tuple[int, str]:
    found = _RAW_TEXT[name].search(source, place)
    end = found.start() if found else len(source)
    return end, source[place:end]


def _after_comment(source: str, start: int) -> int:
    is_comment = source.startswith("<!--", start)
    closing = "-->" if is_comment else ">"
    # <!--> and <!---> are whole comments.
    end = source.find(closing, start + 2 if is_comment else start + 1)
    return len(source) if end < 0 else end + len(closing)


def _end_of(pattern: re.Pattern[str], source: str, place: int) -> int:
    found = pattern.match(source, place)
    return found.end() if found else place


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:
        # A decimal reference of thousands of digits is no character.
        return text
