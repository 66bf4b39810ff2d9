"""Read an expression into its syntax tree: recursive descent, one pass, linear in its length.

    expression = primary { "??" primary }
    primary    = ( path | literal | array | "(" expression ")" ) { step | arguments }
    path       = NAME
    step       = "." SEGMENT | "[" expression "]"
    arguments  = "(" [ expression { "," expression } [","] ] ")"
    array      = "[" [ expression { "," expression } [","] ] "]"
    literal    = STRING | ["-"] NUMBER | true | false | null | undefined | NaN | Infinity

A SEGMENT may start with a digit (``list.0``) and hold dashes before letters (``dash-key``), as
Auth0's older client allowed. Literals are JavaScript's (ECMA-262, section 12.9).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from sluiceway.errors import ExpressionSyntaxError
from sluiceway.expressions import limits, utf16
from sluiceway.expressions.hints import RESERVED, explain_unexpected
from sluiceway.expressions.javascript import as_double, json_number, to_text, whitespace
from sluiceway.expressions.nodes import Access, Array, BadCall, Call, Coalesce, Literal, Root
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from sluiceway.expressions.nodes import Node

__all__ = ["Parser", "is_name", "parse", "place"]

_SPACE = re.compile(f"[{whitespace}]*")
_PLAIN = re.compile(r"[\w$]*", re.ASCII)
_MINUS_ROOT = re.compile(r"-(?:context|fields|vars|actions|functions)(?=[.(\[])")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|0[oO][0-7](?:_?[0-7])*|0[bB][01](?:_?[01])*"
    r"|(?:(?:0|[1-9](?:_?[0-9])*)(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
)
_JOINERS = "\u200c\u200d"
_STRING = {
    "'": re.compile(r"'([^'\\\r\n]*(?:\\(?:\r\n|[\s\S])[^'\\\r\n]*)*)'"),
    '"': re.compile(r'"([^"\\\r\n]*(?:\\(?:\r\n|[\s\S])[^"\\\r\n]*)*)"'),
}
_ESCAPE = re.compile(
    r"\\(?:u\{0*([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})"
    "|(\r\n|[\r\n\u2028\u2029])|(0(?![0-9]))|([^ux0-9]))"
)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_MAX_CODE_POINT = 0x10FFFF
_CONSTANTS = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": UNDEFINED,
    "NaN": math.nan,
    "Infinity": math.inf,
}


def place(source: str, offset: int) -> tuple[int, int]:
    """Return the line and column of *offset* in *source*, both from 1, in characters."""
    line_start = source.rfind("\n", 0, offset) + 1
    return source.count("\n", 0, offset) + 1, offset - line_start + 1


def is_name(text: str) -> bool:
    """Tell whether *text* can stand behind a dot as it is."""
    return bool(text) and _word_end(text, 0) == len(text) and not _is_continuation(text[0])


def parse(source: str) -> Node:
    """Read *source* as one bare expression, without braces.

    Raises:
        ExpressionSyntaxError: it is not one; with line and column.
    """
    parser = Parser(source, 0)
    node = parser.read_expression()
    if parser.offset < len(source):
        raise parser.unexpected("`??` or the end of the expression")
    return node


class Parser:
    """Reads one expression of *source* from *offset* on; ``offset`` is then behind it."""

    __slots__ = ("_depth", "_limit", "offset", "source")

    def __init__(self, source: str, offset: int) -> None:
        """Start at *offset*; white space before the expression is skipped."""
        self.source = source
        self.offset = offset
        self._depth = 0
        self._limit = offset + limits.MAX_EXPRESSION_LENGTH

    def error(self, message: str, offset: int | None = None, *, hint: str = "") -> Exception:
        """Make the error for *offset*, or for where the parser stands."""
        line, column = place(self.source, self.offset if offset is None else offset)
        return ExpressionSyntaxError(
            message, line=line, column=column, source=self.source, hint=hint
        )

    def unexpected(self, expected: str) -> Exception:
        """Make the error for what stands here instead of *expected*."""
        found, hint = explain_unexpected(self.source, self.offset)
        return self.error(f"expected {expected}, found {found}", hint=hint)

    def read_expression(self) -> Node:
        """Read a ``??`` chain and the white space around it.

        Raises:
            ExpressionSyntaxError: there is none, or it passes a limit.
        """
        self._depth += 1
        if self._depth > limits.MAX_DEPTH:
            raise self.error(f"the expression is nested deeper than {limits.MAX_DEPTH} levels")
        self._skip_space()
        offset = self.offset
        parts = [self._read_primary()]
        while self.source.startswith("??", self.offset):
            if self.source.startswith("??=", self.offset):
                raise self.unexpected("`??`")
            self.offset += 2
            self._skip_space()
            parts.append(self._read_primary())
            if len(parts) > limits.MAX_CHAIN:
                raise self.error(f"more than {limits.MAX_CHAIN} parts in one `??` chain", offset)
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Coalesce(tuple(parts), offset)

    def _skip_space(self) -> None:
        found = _SPACE.match(self.source, self.offset)
        if found:  # pragma: no branch - the pattern matches everywhere
            self.offset = found.end()

    def _take(self, text: str) -> bool:
        """Step over *text* and the white space behind it, if it stands here."""
        if not self.source.startswith(text, self.offset):
            return False
        self.offset += len(text)
        self._skip_space()
        return True

    def _read_primary(self) -> Node:
        if self.offset > self._limit:
            raise self.error(
                f"the expression has more than the {limits.MAX_EXPRESSION_LENGTH:,} "
                "characters allowed"
            )
        base = self._read_base()
        offset = base.offset
        steps: list[str | Node] = []
        while True:
            self._skip_space()
            at = self.offset
            if self._take("."):
                steps.append(self._read_segment(base))
            elif self._take("["):
                steps.append(_as_step(self.read_expression()))
                self._expect("]", "`]`")
            elif self._take("("):
                base = _as_call(_as_access(base, steps), self._read_list(")"), offset)
                steps = []
            else:
                return _as_access(base, steps)
            if len(steps) > limits.MAX_CHAIN:
                raise self.error(f"more than {limits.MAX_CHAIN} steps in one path", at)

    def _expect(self, text: str, name: str) -> None:
        if not self._take(text):
            raise self.unexpected(name)

    def _read_base(self) -> Node:
        source, offset = self.source, self.offset
        first = source[offset : offset + 1]
        if first in _STRING:
            return Literal(self._read_string(first), offset)
        if self._take("("):
            inner = self.read_expression()
            self._expect(")", "`)`")
            return inner
        if self._take("["):
            return Array(self._read_list("]"), offset)
        if self._take("-"):
            return self._read_number(offset, negative=True)
        if _NUMBER.match(source, offset):
            return self._read_number(offset, negative=False)
        return self._read_name()

    def _read_name(self) -> Node:
        offset = self.offset
        end = _word_end(self.source, offset)
        name = self.source[offset:end]
        if not name or name in RESERVED or _is_continuation(name[0]):
            raise self.unexpected("a path, a value or a call of `functions`")
        self.offset = end
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], offset)
        return Root(name, offset)

    def _read_segment(self, base: Node) -> str:
        source, start = self.source, self.offset
        end = _word_end(source, start)
        first = source[start:end][:1]
        may_be_digit = first.isascii() and not isinstance(base, (Literal, Array))
        if not first or (_is_continuation(first) and not may_be_digit):
            raise self.unexpected("a name after `.`")
        while source.startswith("-", end) and (more := _word_end(source, end + 1)) > end + 1:
            if _is_continuation(source[end + 1]):
                break
            end = more
        minus = _MINUS_ROOT.search(source, start, end + 1)
        if minus:
            self.offset = minus.start()
            raise self.unexpected("the end of the name")
        self.offset = end
        return source[start:end]

    def _read_number(self, offset: int, *, negative: bool) -> Literal:
        found = _NUMBER.match(self.source, self.offset)
        if not found:
            if negative and self.source.startswith("Infinity", self.offset):
                self.offset += len("Infinity")
                return Literal(-math.inf, offset)
            self.offset = offset
            raise self.unexpected("a path, a value or a call of `functions`")
        self.offset = found.end()
        after = self.source[self.offset : self.offset + 1]
        if after.isalnum() or after in {"_", "$"} - {""}:
            raise self.error(f"expected the end of the number, found `{after}`")
        number = _number_value(found[0].replace("_", ""))
        if negative:
            number = -float(number) if number == 0 else -number
        return Literal(number, offset)

    def _read_string(self, quote: str) -> str:
        found = _STRING[quote].match(self.source, self.offset)
        if not found:
            raise self.error(
                f"expected a closing {quote}, found the end of the line",
                hint=f"close the text with {quote}, or write \\n for a line break",
            )
        start, self.offset = self.offset + 1, found.end()
        return self._unescape(found[1], start) if "\\" in found[1] else found[1]

    def _unescape(self, raw: str, start: int) -> str:
        pieces: list[str] = []
        done = 0
        while (at := raw.find("\\", done)) >= 0:
            found = _ESCAPE.match(raw, at)
            code = int(next(filter(None, found.group(1, 2, 3)), "0"), 16) if found else 0
            if not found or code > _MAX_CODE_POINT:
                raise self.error(
                    f"expected an escape such as \\n, \\' or \\u00e9, found {raw[at : at + 2]}",
                    start + at,
                    hint="write \\\\ for a backslash",
                )
            pieces += raw[done:at], _escaped(found, code)
            done = found.end()
        pieces.append(raw[done:])
        return utf16.join(pieces)

    def _read_list(self, closing: str) -> tuple[Node, ...]:
        """Read the comma-separated expressions up to *closing*, and step over it."""
        items: list[Node] = []
        while not self._take(closing):
            if len(items) >= limits.MAX_ARGUMENTS:
                raise self.error(f"more than {limits.MAX_ARGUMENTS} items in one list")
            items.append(self.read_expression())
            if not self._take(","):
                self._expect(closing, f"`,` or `{closing}`")
                break
        return tuple(items)


def _word_end(source: str, offset: int) -> int:
    """Return where the letters, digits, ``_`` and ``$`` at *offset* end (ECMA-262, ID_Continue)."""
    found = _PLAIN.match(source, offset)
    end = found.end() if found else offset
    while end < len(source) and not source[end].isascii() and _is_part(source[end]):
        found = _PLAIN.match(source, end + 1)
        end = found.end() if found else end + 1
    return end


def _is_part(sign: str) -> bool:
    return f"_{sign}".isidentifier() or sign in _JOINERS


def _is_continuation(sign: str) -> bool:
    """Tell whether *sign*, part of a word, cannot start one: a digit, a mark, a joiner."""
    return sign != "$" and not sign.isidentifier()


def _escaped(found: re.Match[str], code: int) -> str:
    if found[4]:
        return ""
    if found[6]:
        return _SIMPLE_ESCAPES.get(found[6], found[6])
    return chr(code)


def _number_value(text: str) -> float:
    radix = {"0x": 16, "0o": 8, "0b": 2}.get(text[:2].lower())
    if radix is None:
        return json_number(float(text))
    return json_number(as_double(int(text[2:], radix)))


def _as_step(node: Node) -> str | Node:
    return to_text(node.value) if isinstance(node, Literal) else node


def _as_access(base: Node, steps: list[str | Node]) -> Node:
    if not steps:
        return base
    if isinstance(base, Access):
        return Access(base.base, (*base.steps, *steps), base.offset)
    return Access(base, tuple(steps), base.offset)


def _as_call(callee: Node, arguments: tuple[Node, ...], offset: int) -> Call | BadCall:
    match callee:
        case Access(base=Root(name="functions"), steps=(str(name),)):
            return Call(name, arguments, offset)
        case _:
            return BadCall(callee, arguments, offset)
