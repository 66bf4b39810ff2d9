"""The query language of user search: a subset of Lucene's, as Auth0's page describes it.

``field:value``, ``"phrases"``, ``field:(a OR b)``, ``AND OR NOT && || ! + -``, ``_exists_:field``,
``*`` and ``?``, ranges ``[a TO b]`` and ``{a TO b}`` and ``>= n``; arrays are looked through.
Source: Auth0 docs, "User Search Query Syntax". Values match whole; only some fields ignore case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sluiceway.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["Predicate", "exact_term", "parse_query"]

Predicate: TypeAlias = "Callable[[JsonObject], bool]"
_ValueTest: TypeAlias = "Callable[[object], bool]"

_MAX_LENGTH: Final = 8_000
_MAX_DEPTH: Final = 50
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<phrase>"(?:\\.|[^"\\])*")
    | (?P<range>[\[{]\s*(?:"[^"]*"|[^\s\]}]+)\s+TO\s+(?:"[^"]*"|[^\s\]}]+)\s*[\]}])
    | (?P<symbol>\(|\)|&&|\|\||!|\+|-(?=\S))
    | (?P<field>(?:\\.|[^\s:()"\[\]{}\\])+:)
    | (?P<compare>[<>]=?)
    | (?P<boost>\^[0-9.]+)
    | (?P<word>(?:\\.|[^\s()"\[\]{}\\:^]|:(?=\S))+)
    )""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")
_WORDS: Final = {"AND": "AND", "&&": "AND", "OR": "OR", "||": "OR", "NOT": "NOT", "!": "NOT"}
_FOLDED: Final = frozenset(
    {"email", "name", "given_name", "family_name", "nickname", "email.domain"}
)
_FIELDLESS: Final = (
    "user_id",
    "email",
    "name",
    "nickname",
    "given_name",
    "family_name",
    "username",
    "phone_number",
)
_RANGE: Final = re.compile(r'([\[{])\s*("[^"]*"|\S+)\s+TO\s+("[^"]*"|[^\s\]}]+)\s*([\]}])')
_EXACT: Final = re.compile(
    r'\s*(user_id|email|username):(?:"([^"\\*?]+)"|([^\s"()\\*?:\[\]{}<>]+))\s*'
)


def exact_term(q: str) -> tuple[str, str] | None:
    """Return field and value where *q* asks for one exact login, which an index can answer."""
    found = _EXACT.fullmatch(q)
    return (found[1], found[2] or found[3]) if found else None


def parse_query(q: str) -> Predicate:
    """Return the test that *q* stands for; it takes a user as the wire shows it.

    Raises:
        InvalidRequest: *q* is not in the language.
    """
    if len(q) > _MAX_LENGTH:
        raise _unreadable(f"it is longer than {_MAX_LENGTH} characters")
    parser = _Parser(list(_tokens(q)))
    return parser.parse()


def _tokens(q: str) -> Iterator[tuple[str, str]]:
    place = 0
    text = q.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise _unreadable(f"character {place + 1}")
        kind, value = found.lastgroup, found[found.lastgroup]
        if kind in {"word", "symbol"} and value in _WORDS:
            kind, value = "operator", _WORDS[value]
        # What weighs more than what does not matter: nothing here is ranked.
        if kind != "boost":
            yield kind, value
        place = found.end()


def _unreadable(where: str) -> InvalidRequest:
    return InvalidRequest(
        f"Query validation error: 'The query could not be parsed: {where}' on property q.",
        error_code="invalid_query_string",
    )


class _Parser:
    """Recursive descent over the tokens; OR binds loosest, words side by side are an OR."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def parse(self) -> Predicate:
        test = self._alternatives("")
        if self._place < len(self._tokens):
            raise _unreadable(f"near {self._tokens[self._place][1]!r}")
        return test

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._place += 1
        return token

    def _alternatives(self, field: str) -> Predicate:
        tests = [self._conjunction(field)]
        while True:
            kind, value = self._peek()
            if (kind, value) == ("operator", "OR"):
                self._take()
            elif kind == "end" or (kind, value) == ("symbol", ")"):
                break
            tests.append(self._conjunction(field))
        return tests[0] if len(tests) == 1 else lambda user: any(test(user) for test in tests)

    def _conjunction(self, field: str) -> Predicate:
        tests = [self._negation(field)]
        while self._peek() == ("operator", "AND") or (
            tests and self._peek() in {("operator", "NOT"), ("symbol", "-"), ("symbol", "+")}
        ):
            if self._peek() == ("operator", "AND"):
                self._take()
            tests.append(self._negation(field))
        return tests[0] if len(tests) == 1 else lambda user: all(test(user) for test in tests)

    def _negation(self, field: str) -> Predicate:
        token = self._peek()
        if token in {("operator", "NOT"), ("symbol", "-")}:
            self._take()
            self._enter()
            test = self._negation(field)
            self._depth -= 1
            return lambda user: not test(user)
        if token == ("symbol", "+"):
            self._take()
        return self._term(field)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _unreadable("it is nested too deep")

    def _term(self, field: str) -> Predicate:
        kind, value = self._take()
        if (kind, value) == ("symbol", "("):
            return self._group(field)
        if (kind, value) == ("field", "*:") and self._peek() == ("word", "*"):
            self._take()
            return lambda _: True
        if kind == "field" and not field:
            return self._term(_unescape(value[:-1]))
        if field == "_exists_":
            return _exists(_unescape(value.strip('"')))
        if kind == "compare":
            return _on(field, _comparison(value, self._take()[1].strip('"')))
        makers: dict[str, Callable[[], _ValueTest]] = {
            "range": lambda: _range(value),
            "phrase": lambda: _equals(field, _unescape(value[1:-1])),
            "word": lambda: _word(field, value),
        }
        if kind not in makers:
            raise _unreadable(f"near {value!r}" if value else "it ends too early")
        return _on(field, makers[kind]())

    def _group(self, field: str) -> Predicate:
        self._enter()
        test = self._alternatives(field)
        self._depth -= 1
        if self._take() != ("symbol", ")"):
            raise _unreadable("expected a closing parenthesis")
        return test


def _on(field: str, test: _ValueTest) -> Predicate:
    if not field:
        return lambda user: any(test(v) for name in _FIELDLESS for v in _values(user, name))
    return lambda user: any(test(value) for value in _values(user, field))


def _values(user: JsonObject, field: str) -> list[JsonValue]:
    """Return what lies at the dotted path, looking through arrays; nothing for null or empty."""
    if field == "email.domain":
        email = user.get("email")
        return [email.rpartition("@")[2]] if isinstance(email, str) else []
    found: list[JsonValue] = [user]
    for step in field.split("."):
        found = [item[step] for item in _flat(found) if isinstance(item, dict) and step in item]
    return [item for item in _flat(found) if item not in (None, {}, [])]


def _flat(values: list[JsonValue]) -> list[JsonValue]:
    flat: list[JsonValue] = []
    for value in values:
        if isinstance(value, list):
            flat.extend(value)
        else:
            flat.append(value)
    return flat


def _exists(field: str) -> Predicate:
    return lambda user: bool(_values(user, field))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _equals(field: str, wanted: str) -> _ValueTest:
    if field in _FOLDED or not field:
        folded = wanted.casefold()
        return lambda value: _as_text(value).casefold() == folded
    return lambda value: _as_text(value) == wanted


def _word(field: str, raw: str) -> _ValueTest:
    if "*" not in raw and "?" not in raw:
        return _equals(field, _unescape(raw))
    parts: list[str] = []
    for escaped, letter in re.findall(r"(?s)\\(.)|(.)", raw):
        if escaped:
            parts.append(re.escape(escaped))
        elif letter == "*":
            # Two stars in a row mean no more than one, and would cost far more.
            if not parts or parts[-1] != ".*":
                parts.append(".*")
        else:
            parts.append("." if letter == "?" else re.escape(letter))
    flags = re.DOTALL | (re.IGNORECASE if field in _FOLDED or not field else re.NOFLAG)
    pattern = re.compile("".join(parts), flags)
    return lambda value: pattern.fullmatch(_as_text(value)) is not None


def _comparison(operator: str, bound: str) -> _ValueTest:
    if operator.startswith(">"):
        return _between(bound, "*", low=operator == ">=", high=True)
    return _between("*", bound, low=True, high=operator == "<=")


def _range(text: str) -> _ValueTest:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise _unreadable(f"near {text!r}")
    low, high = found[2].strip('"'), found[3].strip('"')
    return _between(low, high, low=found[1] == "[", high=found[4] == "]")


def _between(first: str, last: str, *, low: bool, high: bool) -> _ValueTest:
    def test(value: object) -> bool:
        above = first == "*" or _order(value, first) > 0 or (low and _order(value, first) == 0)
        return above and (
            last == "*" or _order(value, last) < 0 or (high and _order(value, last) == 0)
        )

    return test


def _order(value: object, bound: str) -> int:
    """Compare: numbers as numbers, all else as text; a date equals the month or year it is in."""
    left: Any = value
    right: Any = bound
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            right = float(bound)
        except ValueError:
            left = str(value)
    else:
        left = _as_text(value)
        if re.match(r"\d{4}(-\d\d)?", bound) and left.startswith(bound):
            return 0
    return int(left > right) - int(left < right)
