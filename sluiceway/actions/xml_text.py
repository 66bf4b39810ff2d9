"""Objects as XML and back, in the shape of xml2js: ``$`` holds attributes, ``_`` the text beside.

Auth0's examples show its declaration and its plain elements (no list around a single one), which
are what xml2js 0.6 gives with ``explicitArray: false``; tests compare the two.

Source: xml2js' README; XML 1.0 (fifth edition), sections 2.2 (characters) and 2.3 (names). Entities
are never declared by what comes in: a few lines could grow to gigabytes or name a file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from sluiceway.actions.calls import text_of
from sluiceway.errors import InvalidActionParams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["read_xml", "write_xml"]

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ROOT: Final = "root"
_ATTRIBUTES: Final = "$"
_TEXT: Final = "_"
_LONGEST: Final = 1_000_000
_DEEPEST: Final = 200
_MOST_NODES: Final = 100_000
_FIRST: Final = (
    ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME: Final = re.compile(rf"[{_FIRST}][{_FIRST}\-.0-9\u00b7\u0300-\u036f\u203f-\u2040]*")
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_IN_ATTRIBUTE: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


def write_xml(value: JsonValue, *, at: str) -> str:
    """Return *value* as an XML document, indented by two spaces.

    An object with one key names the root element by it; anything else stands in ``<root>``.

    Args:
        value: lists repeat their element, null is an empty one.
        at: the param's pointer, for errors.

    Raises:
        InvalidActionParams: a key is no name in XML, a text holds a character that XML has no way
            to write, or the value is too large or too deep.
    """
    name, content = _ROOT, value
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if key not in {_ATTRIBUTES, _TEXT} and not isinstance(inner, list):
            name, content = key, inner
    writer = _Writer(at)
    writer.element(name, content, 0)
    return _DECLARATION + "\n".join(writer.lines)


class _Writer:
    def __init__(self, at: str) -> None:
        self.lines: list[str] = []
        self._at = at
        self._left = _MOST_NODES

    def element(self, name: str, value: JsonValue, depth: int) -> None:
        self._spend(depth)
        self._check_name(name)
        attributes, content = self._parts(value)
        indent = "  " * depth
        start = f"{indent}<{name}{attributes}"
        if all(key is None for key, _ in content):
            text = "".join(self._escape(item) for _, item in content)
            self.lines.append(f"{start}>{text}</{name}>" if text else f"{start}/>")
            return
        self.lines.append(f"{start}>")
        for key, item in content:
            if key is not None:
                self.element(key, item, depth + 1)
            elif text := self._escape(item):
                self.lines.append(f"{indent}  {text}")
        self.lines.append(f"{indent}</{name}>")

    def _parts(self, value: JsonValue) -> tuple[str, list[tuple[str | None, JsonValue]]]:
        """Return the attributes, and the elements by name with the texts between (``None``)."""
        if not isinstance(value, dict | list):
            return "", [(None, value)]
        attributes = ""
        content: list[tuple[str | None, JsonValue]] = []
        for key, item in _members(value):
            if key == _ATTRIBUTES and isinstance(item, dict):
                attributes += "".join(map(self._attribute, item, item.values()))
            elif key == _TEXT and not isinstance(item, dict | list):
                content.append((None, item))
            elif isinstance(item, list):
                content += [(key, one) for one in item]
            else:
                content.append((key, item))
        return attributes, content

    def _attribute(self, name: str, value: JsonValue) -> str:
        self._check_name(name)
        text = self._checked(text_of(value)).translate(_IN_ATTRIBUTE)
        return f' {name}="{text}"'

    def _escape(self, value: JsonValue) -> str:
        return self._checked(text_of(value)).translate(_IN_TEXT)

    def _checked(self, text: str) -> str:
        if _ILLEGAL.search(text):
            raise InvalidActionParams(
                "expected text that XML can hold, found a control character in it", at=self._at
            )
        return text

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise InvalidActionParams(
                f"expected a name that XML allows for an element, found the key {name[:40]!r}",
                at=self._at,
                hint="Names begin with a letter or _ and have no spaces.",
            )

    def _spend(self, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise InvalidActionParams(
                f"expected at most {_MOST_NODES:,} elements, {_DEEPEST} deep", at=self._at
            )


def _members(value: JsonObject | list[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        yield from value.items()
        return
    for item in value:
        # A list has no name of its own: xml2js writes what its objects hold.
        if isinstance(item, dict):
            yield from item.items()
        else:
            yield _TEXT, item


def read_xml(text: str, *, at: str) -> JsonObject:
    """Return an XML document as an object with its root element's name as the one key.

    An element that is repeated becomes a list; one with only text becomes the text; an empty one
    ``""``. Comments and processing instructions are left out.

    Raises:
        InvalidActionParams: it is not well-formed, declares entities, or is too large or too deep.
    """
    if len(text) > _LONGEST:
        raise InvalidActionParams(f"expected at most {_LONGEST:,} characters of XML", at=at)
    reader = _Reader(at)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartCdataSectionHandler = reader.cdata
    parser.EntityDeclHandler = reader.refuse_entity
    parser.UnparsedEntityDeclHandler = reader.refuse_entity
    # Without them a name that nothing declares is an error, as it is in a document without a DTD.
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.SkippedEntityHandler = reader.refuse_entity
    try:
        parser.Parse(text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise InvalidActionParams(
            f"expected XML, found a fault at line {error.lineno}, column {error.offset + 1}: "
            f"{expat.ErrorString(error.code)}",
            at=at,
        ) from error
    return reader.document


class _Element:
    __slots__ = ("attributes", "children", "has_cdata", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: JsonObject = {}
        self.text: list[str] = []
        self.has_cdata = False

    def value(self) -> JsonValue:
        text = "".join(self.text)
        found: JsonObject = {_ATTRIBUTES: {**self.attributes}} if self.attributes else {}
        if text.strip() or self.has_cdata:
            if not (found or self.children):
                return text
            found[_TEXT] = text
        found.update(self.children)
        return found or text


class _Reader:
    def __init__(self, at: str) -> None:
        self.document: JsonObject = {}
        self._at = at
        self._open: list[_Element] = []
        self._left = _MOST_NODES

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._left -= 1 + len(attributes)
        if self._left < 0 or len(self._open) >= _DEEPEST:
            raise InvalidActionParams(
                f"expected at most {_MOST_NODES:,} elements, {_DEEPEST} deep", at=self._at
            )
        self._open.append(_Element(name, attributes))

    def end(self, name: str) -> None:
        value = self._open.pop().value()
        siblings = self._open[-1].children if self._open else self.document
        if name not in siblings:
            siblings[name] = value
            return
        earlier = siblings[name]
        if isinstance(earlier, list):
            earlier.append(value)
        else:
            siblings[name] = [earlier, value]

    def text(self, data: str) -> None:
        if self._open:
            self._open[-1].text.append(data)

    def cdata(self) -> None:
        self._open[-1].has_cdata = True

    def refuse_entity(self, *_: object) -> None:
        raise InvalidActionParams(
            "expected XML without entities of its own, found one declared or used", at=self._at
        )
