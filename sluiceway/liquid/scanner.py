"""Cut a template into text, outputs and tags, with white space control; in linear time.

Source: LiquidJS 10.30.1, ``parser/tokenizer`` and ``parser/whitespace-ctrl``.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import LiquidSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BLANKS",
    "Kind",
    "Token",
    "is_word",
    "name_tag",
    "place",
    "scan",
    "syntax_error",
    "word_end",
]

BLANKS: Final = (
    "\t\n\v\f\r \xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_NOT_WORDS: Final = frozenset(BLANKS + "\u201c\u201d")
_OPENING: Final = re.compile(r"\{[{%]")
_TAG_BORDER: Final = re.compile(r"\{%|%\}")
_QUOTED_OR_END: Final = re.compile(r"""(?P<end>\}\})|(?P<quote>["'])""")
_STRING_END: Final = {
    "'": re.compile(r"[^'\\]*(?:\\.[^'\\]*)*(?:'|\Z)", re.DOTALL),
    '"': re.compile(r'[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.DOTALL),
}
_WORD: Final = re.compile(f"(?:[A-Za-z0-9_?-]|[^\x00-\x7f{''.join(sorted(_NOT_WORDS))}])*")
_SHOWN: Final = 32


class Kind(Enum):
    """What a token is."""

    TEXT = "text"
    OUTPUT = "output"
    TAG = "tag"


class Token(msgspec.Struct):
    """A piece of the template from *begin* to *end*; of a tag, *name* and where its content lies.

    *text* is what a piece of text prints, once white space control has cut it.
    """

    kind: Kind
    source: str
    begin: int
    end: int
    inner_begin: int = 0
    inner_end: int = 0
    name: str = ""
    text: str = ""
    trims_left: bool = False
    trims_right: bool = False

    @property
    def args(self) -> str:
        """What follows a tag's name."""
        return self.source[self.inner_begin : self.inner_end]

    @property
    def whole(self) -> str:
        """The token as it was written."""
        return self.source[self.begin : self.end]


def place(source: str, offset: int) -> tuple[int, int]:
    """Return line and column of *offset*, both from 1."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)


def syntax_error(source: str, offset: int, message: str, *, hint: str = "") -> LiquidSyntaxError:
    """Return an error that points at *offset*."""
    line, column = place(source, offset)
    return LiquidSyntaxError(message, line=line, column=column, source=source, hint=hint)


def is_word(character: str) -> bool:
    """Tell whether *character* can stand in a name: letters, digits, ``_ - ?`` and beyond ASCII."""
    return bool(character) and _WORD.fullmatch(character) is not None


def word_end(source: str, begin: int, end: int) -> int:
    """Return where the name at *begin* ends, at *end* at the latest."""
    found = _WORD.match(source, begin, end)
    return found.end() if found else begin


def scan(source: str) -> list[Token]:
    """Return the tokens of *source*, white space control done.

    Raises:
        LiquidSyntaxError: a tag, an output or ``raw`` is not closed, or a tag has no name.
    """
    tokens = list(_scan(source))
    _control_white_space(tokens)
    return tokens


def _scan(source: str) -> Iterator[Token]:
    position = 0
    while position < len(source):
        found = _OPENING.search(source, position)
        start = found.start() if found else len(source)
        if start > position:
            yield Token(Kind.TEXT, source, position, start, text=source[position:start])
        if found is None:
            return
        if found[0] == "{{":
            token = _read_output(source, start)
            yield token
        else:
            token = _read_tag(source, start)
            yield token
            if token.name == "raw":
                raw_end = _find_endraw(source, token)
                if raw_end.begin > token.end:
                    text = source[token.end : raw_end.begin]
                    yield Token(Kind.TEXT, source, token.end, raw_end.begin, text=text)
                yield raw_end
                token = raw_end
        position = token.end


def _read_output(source: str, begin: int) -> Token:
    position = begin + 1
    while found := _QUOTED_OR_END.search(source, position):
        if found["end"]:
            return _delimited(Kind.OUTPUT, source, begin, found.end())
        # }} in a quoted text does not end the output.
        closing = _STRING_END[found["quote"]].match(source, found.end())
        position = closing.end() if closing else len(source)
    raise syntax_error(source, begin, f"output {_shown(source, begin)} not closed")


def _read_tag(source: str, begin: int) -> Token:
    end = source.find("%}", begin + 1)
    if end < 0:
        raise syntax_error(source, begin, f"tag {_shown(source, begin)} not closed")
    return name_tag(_delimited(Kind.TAG, source, begin, end + 2))


def name_tag(token: Token) -> Token:
    """Read the tag's name from its content.

    Raises:
        LiquidSyntaxError: it has none.
    """
    position = token.inner_begin
    if token.source[position : position + 1] == "#" and position < token.inner_end:
        end = position + 1
    else:
        end = word_end(token.source, position, token.inner_end)
    if end == position:
        raise syntax_error(token.source, token.begin, "expected the name of a tag")
    token.name = token.source[position:end]
    while end < token.inner_end and token.source[end] in BLANKS:
        end += 1
    token.inner_begin = end
    return token


def _delimited(kind: Kind, source: str, begin: int, end: int) -> Token:
    inner, inner_end = begin + 2, end - 2
    trims_left = source[inner : inner + 1] == "-"
    trims_right = source[inner_end - 1 : inner_end] == "-"
    inner += trims_left
    inner_end -= trims_right
    while inner < inner_end and source[inner] in BLANKS:
        inner += 1
    while inner_end > inner and source[inner_end - 1] in BLANKS:
        inner_end -= 1
    token = Token(kind, source, begin, end, inner, inner_end)
    token.trims_left, token.trims_right = trims_left, trims_right
    return token


def _find_endraw(source: str, raw: Token) -> Token:
    """Return the tag that ends *raw*; ``{%- endraw %}`` with a dash does not, as in LiquidJS."""
    start = source.find("{%", raw.end)
    position = start + 2
    while start >= 0:
        while position < len(source) and source[position] in BLANKS:
            position += 1
        after = word_end(source, position, len(source))
        if source[position:after] != "endraw":
            start = source.find("{%", after)
            position = start + 2
            continue
        found = _TAG_BORDER.search(source, after)
        if found is None:
            break
        if found[0] == "%}":
            return name_tag(_delimited(Kind.TAG, source, start, found.end()))
        # The tag that begins within this one is read as a part of it.
        position = found.end()
    raise syntax_error(source, raw.begin, f"raw {_shown(source, raw.begin)} not closed")


def _control_white_space(tokens: list[Token]) -> None:
    in_raw = False
    for index, token in enumerate(tokens):
        if token.kind is Kind.TEXT:
            continue
        if not in_raw and token.trims_left and index and tokens[index - 1].kind is Kind.TEXT:
            tokens[index - 1].text = tokens[index - 1].text.rstrip(BLANKS)
        if token.name == "raw":
            in_raw = True
        elif token.name == "endraw":
            in_raw = False
        after = index + 1
        follows = tokens[after] if after < len(tokens) else None
        if follows and follows.kind is Kind.TEXT and token.trims_right and not in_raw:
            follows.text = follows.text.lstrip(BLANKS)


def _shown(source: str, begin: int) -> str:
    text = source[begin : begin + _SHOWN + 1]
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
