"""Where things stand in a JSON text: the place of every value and key, by JSON Pointer.

The text is read once more beside the parser, only when something is to be shown or mended. It must
be JSON already; what is not gives no places.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

import msgspec

from sluiceway.models.json_text import escape_pointer

__all__ = ["JsonPositions", "Span"]

_TOKEN: Final = re.compile(
    r'[ \t\r\n]*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*")|([^ \t\r\n{}\[\],:"]+))', re.DOTALL
)
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_HIGH_SURROGATE: Final = re.compile(r"\\u[dD][89abAB]")
_TEXT_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Span(msgspec.Struct, frozen=True):
    """Characters *start* to *end* (behind the last) of the text."""

    start: int
    end: int


class _Frame(msgspec.Struct):
    """An object or list that is being read."""

    pointer: str
    start: int
    is_object: bool
    key: str | None = None
    index: int = 0


class JsonPositions:
    """The places in one JSON text. Lines and columns count from 1, columns in characters."""

    def __init__(self, text: str) -> None:
        """Read *text*."""
        self.text = text
        self.repeated: list[tuple[str, Span]] = []
        self._values: dict[str, Span] = {}
        self._keys: dict[str, Span] = {}
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._read()

    def value(self, pointer: str) -> Span | None:
        """Return where the value at *pointer* stands."""
        return self._values.get(pointer)

    def key(self, pointer: str) -> Span | None:
        """Return where the key stands whose value is at *pointer*."""
        return self._keys.get(pointer)

    def nearest(self, pointer: str) -> Span:
        """Return where *pointer* stands, or the innermost thing around it that is there."""
        while pointer and pointer not in self._values:
            pointer = pointer.rpartition("/")[0]
        return self._values.get(pointer, Span(0, 0))

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column of *offset*."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def line(self, number: int) -> str:
        """Return line *number* without its end."""
        start = self._lines[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")

    def inside(self, pointer: str, line: int, column: int) -> int | None:
        """Return the offset of a place in the string at *pointer*: its own line and column."""
        span = self._values.get(pointer)
        if span is None or self.text[span.start : span.start + 1] != '"':
            return None
        offset, at_line, at_column = span.start + 1, 1, 1
        while offset < span.end - 1 and (at_line, at_column) < (line, column):
            character, width = self._character(offset)
            if character == "\n":
                at_line, at_column = at_line + 1, 1
            else:
                at_column += 1
            offset += width
        return offset

    def _character(self, offset: int) -> tuple[str, int]:
        """Return the character that *offset* stands for, and how many it takes in the text."""
        if self.text[offset] != "\\":
            return self.text[offset], 1
        found = _ESCAPE.match(self.text, offset)
        if found is None:
            return self.text[offset], 1
        width = len(found[0])
        if _HIGH_SURROGATE.match(self.text, offset) and self.text.startswith("\\u", offset + width):
            return "?", 2 * width
        if found[0] == "\\u000a" or found[0] == "\\u000A":
            return "\n", width
        return _TEXT_ESCAPES.get(found[0][1:], "?"), width

    def _read(self) -> None:
        stack: list[_Frame] = []
        pending: Span | None = None
        for found in _TOKEN.finditer(self.text):
            mark, string, scalar = found.groups()
            start, end = found.start(found.lastindex or 0), found.end()
            frame = stack[-1] if stack else None
            if string is not None and frame is not None and frame.is_object and frame.key is None:
                pending = Span(start, end)
                frame.key = _unquoted(string)
                pointer = _below(frame)
                if pointer in self._keys:
                    self.repeated.append((pointer, pending))
                self._keys[pointer] = pending
            elif string is not None or scalar is not None:
                self._note(frame, Span(start, end))
            elif mark in "{[":
                pointer = _below(frame) if frame else ""
                stack.append(_Frame(pointer, start, is_object=mark == "{"))
            elif mark in "}]" and stack:
                closed = stack.pop()
                self._values[closed.pointer] = Span(closed.start, end)
            elif mark == "," and frame is not None:
                frame.key = None
                frame.index += 1

    def _note(self, frame: _Frame | None, span: Span) -> None:
        self._values[_below(frame) if frame else ""] = span


def _below(frame: _Frame) -> str:
    token = escape_pointer(frame.key or "") if frame.is_object else str(frame.index)
    return f"{frame.pointer}/{token}"


def _unquoted(string: str) -> str:
    if "\\" not in string:
        return string[1:-1]
    import json  # noqa: PLC0415 - keys hardly ever hold escapes

    text: str = json.loads(string)
    return text
