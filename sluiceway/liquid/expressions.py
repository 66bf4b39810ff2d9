"""Liquid's expressions: read them, and turn them into closures over a rendering.

The reading follows LiquidJS 10.30.1 (``parser/tokenizer``), its leniency included: ``{{ a b }}``
prints ``a``, and ``{{ user . email }}`` prints ``user``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from sluiceway.errors import LiquidRenderError
from sluiceway.expressions.javascript import json_number
from sluiceway.expressions.values import UNDEFINED
from sluiceway.liquid.scanner import BLANKS, is_word, syntax_error, word_end
from sluiceway.liquid.strings import read_string
from sluiceway.liquid.values import (
    BLANK,
    EMPTY,
    NIL,
    LiquidValue,
    compare,
    contains,
    equals,
    is_truthy,
    plain,
    read_property,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluiceway.errors import LiquidSyntaxError
    from sluiceway.liquid.rendering import Rendering

__all__ = ["Evaluate", "FilterCall", "FilteredValue", "KeyValue", "Path", "Read", "Reader"]

Evaluate: TypeAlias = "Callable[[Rendering], LiquidValue]"

_LITERALS: Final[dict[str, LiquidValue]] = {
    "true": True,
    "false": False,
    "nil": NIL,
    "null": NIL,
    "empty": EMPTY,
    "blank": BLANK,
}
_LITERAL: Final = re.compile("true|false|nil|null|empty|blank")
_OPERATOR: Final = re.compile("==|!=|>=|<=|>|<|contains|not|and|or")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.(?!\.)[0-9]*)?")
_PRECEDENCE: Final = {"not": 1, "and": 0, "or": 0}
_COMPARISON: Final = 2
_MAX_DEPTH: Final = 50
_MAX_PARTS: Final = 2_000


class Path(msgspec.Struct, frozen=True):
    """A variable that is read, for checks: its constant steps from the root, and its place."""

    steps: tuple[str, ...]
    offset: int


class KeyValue(msgspec.Struct, frozen=True):
    """A named argument of a filter."""

    key: str
    value: LiquidValue


class FilterCall(msgspec.Struct, frozen=True):
    """A filter as it is written: its name, its arguments, and where it stands."""

    name: str
    arguments: tuple[tuple[str | None, Evaluate], ...]
    offset: int


class FilteredValue(msgspec.Struct, frozen=True):
    """An expression with its filters; *text* is how it is written."""

    evaluate: Evaluate
    filters: tuple[FilterCall, ...]
    text: str
    paths: tuple[Path, ...]
    offset: int


class Read(msgspec.Struct):
    """One value that was read: how to evaluate it, and how it is written."""

    evaluate: Evaluate
    text: str
    offset: int
    constant: LiquidValue = None
    is_quoted: bool = False


class Reader(msgspec.Struct):
    """Reads expressions from *source* between *position* and *end*."""

    source: str
    position: int
    end: int
    paths: list[Path] = msgspec.field(default_factory=list[Path])
    _depth: int = 0

    def peek(self, ahead: int = 0) -> str:
        """Return the character *ahead*, or ``""`` at the end."""
        at = self.position + ahead
        return self.source[at] if at < self.end else ""

    def at_end(self) -> bool:
        """Tell whether all was read."""
        return self.position >= self.end

    def skip_blank(self) -> None:
        """Go on to what is not white space."""
        while self.position < self.end and self.source[self.position] in BLANKS:
            self.position += 1

    def error(self, message: str, *, hint: str = "") -> LiquidSyntaxError:
        """Return an error at the position."""
        return syntax_error(self.source, min(self.position, self.end), message, hint=hint)

    def skip_past(self, text: str) -> bool:
        """Go on past the next *text*, or to the end where there is none; tell which."""
        found = self.source.find(text, self.position, self.end)
        self.position = self.end if found < 0 else found + len(text)
        return found >= 0

    def read_name(self) -> str:
        """Read a name; ``""`` where there is none."""
        self.skip_blank()
        begin = self.position
        self.position = word_end(self.source, begin, self.end)
        return self.source[begin : self.position]

    def read_filtered_value(self) -> FilteredValue:
        """Read an expression and its filters.

        Raises:
            LiquidSyntaxError: there is none, or a filter is malformed.
        """
        begin, known = self.position, len(self.paths)
        evaluate = self._read_expression()
        if evaluate is None:
            raise self.error("expected a value")
        filters = tuple(self._read_filters())
        paths = tuple(self.paths[known:])
        return FilteredValue(evaluate, filters, self.source[begin : self.position], paths, begin)

    def read_value(self) -> Read | None:
        """Read one value: a literal, text, number, range or path; ``None`` if there is none."""
        self.skip_blank()
        begin = self.position
        read = self._read_literal() or self._read_quoted() or self._read_number()
        if read is None and self.peek() == "(":
            read = self._read_range()
        steps = self._read_steps(is_start=read is None)
        if not steps:
            return read
        text = self.source[begin : self.position]
        constant = tuple(text for text, _ in steps if text is not None)
        if read is None and constant:
            self.paths.append(Path(constant[: _constant_steps(steps)], begin))
        return Read(_read_path(read.evaluate if read else None, steps), text, begin)

    def read_scope_value(self) -> Evaluate | None:
        """Read a path, whatever its first step looks like; ``None`` if there is none."""
        self.skip_blank()
        steps = self._read_steps(is_start=True)
        return _read_path(None, steps) if steps else None

    def require_value(self) -> Read:
        """Read one value.

        Raises:
            LiquidSyntaxError: there is none.
        """
        read = self.read_value()
        if read is None:
            raise self.error("expected a value")
        return read

    def read_hash(self) -> Iterator[tuple[str, Read | None]]:
        """Read ``name: value`` pairs and bare names, commas between them or not."""
        while True:
            self.skip_blank()
            if self.peek() == ",":
                self.position += 1
            name = self.read_name()
            if not name:
                return
            self.skip_blank()
            value: Read | None = None
            if self.peek() == ":":
                self.position += 1
                value = self.read_value() or Read(lambda _: UNDEFINED, "", self.position)
            yield name, value

    def _read_expression(self) -> Evaluate | None:
        """Read operands and operators, and order them by precedence (shunting-yard)."""
        postfix: list[str | Evaluate] = []
        pending: list[str] = []
        parts = 0
        while self.position < self.end:
            parts += 1
            if parts > _MAX_PARTS:
                raise self.error(f"expected at most {_MAX_PARTS} parts in one expression")
            operator = self._read_operator()
            if operator is not None:
                rank = _PRECEDENCE.get(operator, _COMPARISON)
                while pending and _PRECEDENCE.get(pending[-1], _COMPARISON) > rank:
                    postfix.append(pending.pop())
                pending.append(operator)
                continue
            read = self.read_value()
            if read is None:
                break
            postfix.append(read.evaluate)
        postfix.extend(reversed(pending))
        if not postfix:
            return None
        first = postfix[0]
        if len(postfix) == 1 and not isinstance(first, str):
            return first
        return _postfix(tuple(postfix))

    def _read_operator(self) -> str | None:
        self.skip_blank()
        found = _OPERATOR.match(self.source, self.position, self.end)
        if found is None:
            return None
        ends = found.end()
        if found[0][0].isalpha() and ends < self.end and is_word(self.source[ends]):
            return None
        self.position = ends
        return found[0]

    def _read_filters(self) -> Iterator[FilterCall]:
        while True:
            self.skip_blank()
            if self.peek() in {"", ")", ","}:
                return
            if self.peek() != "|":
                raise self.error('expected "|" before a filter')
            self.position += 1
            self.skip_blank()
            offset = self.position
            name = self.read_name()
            if not name:
                if not self.at_end():
                    raise self.error("expected the name of a filter")
                return
            yield FilterCall(name, tuple(self._read_arguments()), offset)

    def _read_arguments(self) -> Iterator[tuple[str | None, Evaluate]]:
        self.skip_blank()
        if self.peek() == ":":
            while True:
                self.position += 1
                yield from self._read_argument()
                self.skip_blank()
                if not self.at_end() and self.peek() not in ",|)":
                    raise self.error(f"unexpected {self.peek()!r} in the filter's arguments")
                if self.peek() != ",":
                    return
        elif not self.at_end() and self.peek() not in "|),":
            raise self.error('expected ":" after the name of the filter')

    def _read_argument(self) -> Iterator[tuple[str | None, Evaluate]]:
        key = self.read_value()
        if key is None:
            return
        self.skip_blank()
        if self.peek() != ":":
            yield None, key.evaluate
            return
        self.position += 1
        value = self.read_value()
        yield key.text, value.evaluate if value else _undefined

    def _read_literal(self) -> Read | None:
        found = _LITERAL.match(self.source, self.position, self.end)
        if found is None or (found.end() < self.end and is_word(self.source[found.end()])):
            return None
        self.position = found.end()
        return _constant(_LITERALS[found[0]], found[0], found.start())

    def _read_quoted(self) -> Read | None:
        if self.peek() not in {"'", '"'}:
            return None
        begin = self.position
        text, self.position = read_string(self.source, begin, self.end)
        read = _constant(text, self.source[begin : self.position], begin)
        read.is_quoted = True
        return read

    def _read_number(self) -> Read | None:
        found = _NUMBER.match(self.source, self.position, self.end)
        if found is None:
            return None
        after = found.end()
        follows = self.source[after] if after < self.end else ""
        # 1.2.3 and 1a are no numbers, but paths; 1..3 is a number before a range.
        is_cut = follows == "." and self.source[after + 1 : after + 2] != "." and "." in found[0]
        if is_cut or is_word(follows):
            return None
        self.position = after
        return _constant(json_number(float(found[0])), found[0], found.start())

    def _read_range(self) -> Read:
        begin = self.position
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(f"expected at most {_MAX_DEPTH} levels of brackets")
        self.position += 1
        low = self.require_value()
        self.skip_blank()
        if not (self.peek() == "." and self.peek(1) == "."):
            raise self.error(
                "expected a range like (1..3)", hint="Liquid has no brackets for groups."
            )
        self.position += 2
        high = self.require_value()
        self.skip_blank()
        if self.peek() != ")":
            raise self.error('expected ")" after the range')
        self.position += 1
        self._depth -= 1
        one, other = low.evaluate, high.evaluate
        text = self.source[begin : self.position]
        return Read(
            lambda rendering: rendering.make_range(one(rendering), other(rendering)), text, begin
        )

    def _read_steps(self, *, is_start: bool) -> list[tuple[str | None, Evaluate]]:
        steps: list[tuple[str | None, Evaluate]] = []
        while True:
            if self.peek() == "[":
                steps.append(self._read_bracket())
            elif is_start and not steps and (name := self.read_name()):
                steps.append(_step(name))
            elif self.peek() == "." and self.peek(1) != ".":
                self.position += 1
                name = self.read_name()
                if not name:
                    return steps
                steps.append(_step(name))
            else:
                return steps
            if len(steps) > _MAX_PARTS:
                raise self.error(f"expected at most {_MAX_PARTS} steps in one path")

    def _read_bracket(self) -> tuple[str | None, Evaluate]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(f"expected at most {_MAX_DEPTH} levels of brackets")
        self.position += 1
        inside = self.read_value()
        closing = self.source.find("]", self.position, self.end)
        if closing < 0:
            raise self.error('expected "]"')
        self.position = closing + 1
        self._depth -= 1
        if inside is None:
            return _step("")
        if isinstance(inside.constant, str | int) and not isinstance(inside.constant, bool):
            return str(inside.constant), inside.evaluate
        return None, inside.evaluate


def _constant(value: LiquidValue, text: str, offset: int) -> Read:
    return Read(lambda _: value, text, offset, constant=value)


def _undefined(_: Rendering) -> LiquidValue:
    return UNDEFINED


def _step(name: str) -> tuple[str | None, Evaluate]:
    return name, lambda _: name


def _constant_steps(steps: list[tuple[str | None, Evaluate]]) -> int:
    for count, (name, _) in enumerate(steps):
        if name is None:
            return count
    return len(steps)


def _read_path(base: Evaluate | None, steps: list[tuple[str | None, Evaluate]]) -> Evaluate:
    evaluators = tuple(evaluate for _, evaluate in steps)
    names = tuple(name for name, _ in steps)
    if base is None and all(name is not None and not name.lstrip("-").isdigit() for name in names):
        return _named_path(tuple(name for name in names if name is not None))

    def evaluate(rendering: Rendering) -> LiquidValue:
        keys = [plain(evaluator(rendering)) for evaluator in evaluators]
        value = base(rendering) if base else rendering.find_scope(to_text(keys[0]))
        return _follow(rendering, value, keys)

    return evaluate


def _named_path(names: tuple[str, ...]) -> Evaluate:
    root, rest = names[0], names[1:]

    def evaluate(rendering: Rendering) -> LiquidValue:
        value = read_property(rendering.find_scope(root), root)
        if rendering.strict_variables:
            return _follow(rendering, rendering.find_scope(root), list(names))
        for name in rest:
            value = read_property(value, name)
        return value

    return evaluate


def _follow(rendering: Rendering, value: LiquidValue, keys: list[LiquidValue]) -> LiquidValue:
    for count, key in enumerate(keys, start=1):
        value = read_property(value, key)
        if value is UNDEFINED and rendering.strict_variables:
            path = ".".join(to_text(key) for key in keys[:count])
            raise LiquidRenderError(f"undefined variable: {path}")
    return value


def _postfix(parts: tuple[str | Evaluate, ...]) -> Evaluate:
    def evaluate(rendering: Rendering) -> LiquidValue:
        stack: list[LiquidValue] = []
        for part in parts:
            if not isinstance(part, str):
                stack.append(part(rendering))
                continue
            right = stack.pop() if stack else UNDEFINED
            if part == "not":
                stack.append(not is_truthy(right))
            else:
                left = stack.pop() if stack else UNDEFINED
                stack.append(_operate(part, left, right))
        return stack[0]

    return evaluate


def _operate(operator: str, left: Any, right: Any) -> bool:
    match operator:
        case "==":
            return equals(left, right)
        case "!=":
            return not equals(left, right)
        case "and":
            return is_truthy(left) and is_truthy(right)
        case "or":
            return is_truthy(left) or is_truthy(right)
        case "contains":
            return contains(left, right)
        case _:
            return compare(operator, left, right)
