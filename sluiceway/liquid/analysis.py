"""What can be said of a template before it is rendered: its errors, and what it reads.

Nothing is rendered here, and what a template sets itself counts as known wherever it stands: a
check must not cry wolf over the order of blocks.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec

from sluiceway.errors import LiquidSyntaxError
from sluiceway.liquid.filters import all_filters, find_filter
from sluiceway.liquid.limits import DEFAULT_LIMITS
from sluiceway.liquid.parser import Inventory, parse_nodes
from sluiceway.liquid.scanner import Kind, place, scan
from sluiceway.liquid.tags import INNER_TAGS, all_tags
from sluiceway.models.json_text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sluiceway.liquid.expressions import FilteredValue, Path

__all__ = ["Finding", "FindingKind", "VariableUse", "analyse", "variables_used"]

_CUSTOM_VARS: Final = "custom_vars"
_FROM_USERS: Final = frozenset({"user", _CUSTOM_VARS, "organization", "context", "fields", "vars"})
"""The variables whose values come from people outside, wholly or in part."""

_HARMLESS_IN_HTML: Final = frozenset(
    {
        *("escape", "escape_once", "xml_escape", "url_encode", "cgi_escape", "uri_escape"),
        *("base64_encode", "sha256", "hmac_sha256", "slugify", "size", "date", "to_integer"),
        *("plus", "minus", "times", "divided_by", "modulo", "round", "floor", "ceil", "abs"),
        *("at_least", "at_most", "number_of_words", "date_to_xmlschema", "date_to_rfc822"),
    }
)
"""The filters after which no value can hold a tag or a quote."""

_CHECKED_BY_AUTH0: Final = frozenset({"user_id", "email_verified", "phone_verified"})
_SHAPELESS: Final = frozenset({"size", "first", "last"})


class FindingKind(Enum):
    """What is wrong with a template."""

    SYNTAX = "syntax"
    UNKNOWN_TAG = "unknown tag"
    UNKNOWN_FILTER = "unknown filter"
    UNKNOWN_VARIABLE = "unknown variable"
    UNESCAPED = "unescaped user data"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong, and how to mend it.

    Attributes:
        kind: what is wrong.
        name: the tag, filter or variable that it is about; ``""`` for a syntax error.
        message: one sentence.
        line: from 1.
        column: in characters, from 1.
        hint: what to write instead; ``""`` where there is nothing to say.
    """

    kind: FindingKind
    name: str
    message: str
    line: int
    column: int
    hint: str = ""


class VariableUse(msgspec.Struct, frozen=True):
    """A variable that a template reads from outside: ``user.name`` is ``("user", "name")``."""

    path: tuple[str, ...]
    line: int
    column: int

    @property
    def name(self) -> str:
        """How the variable is written."""
        return ".".join(self.path)


def analyse(
    source: str,
    *,
    variables: Collection[str] | None = None,
    custom_vars: Collection[str] | None = None,
    is_html: bool = False,
) -> tuple[Finding, ...]:
    """Return what is wrong with the template *source*, by place.

    Args:
        source: the template.
        variables: the variables there are; without it none counts as unknown.
        custom_vars: the names under ``custom_vars``; without it none counts as unknown.
        is_html: whether the output is HTML, so that user data must be escaped.
    """
    try:
        _, inventory = parse_nodes(source, limits=DEFAULT_LIMITS)
    except LiquidSyntaxError as error:
        found = list(_unknown_tags(source)) or [
            Finding(
                FindingKind.SYNTAX,
                "",
                error.message,
                error.line or 1,
                error.column or 1,
                error.hint,
            )
        ]
        return tuple(found)
    findings = list(_unknown_filters(source, inventory))
    findings += _unknown_variables(source, inventory, variables, custom_vars)
    if is_html:
        findings += _unescaped(source, inventory)
    return tuple(sorted(findings, key=lambda finding: (finding.line, finding.column)))


def variables_used(source: str) -> tuple[VariableUse, ...]:
    """Return the variables that *source* reads and does not set itself, each use once, by place.

    Raises:
        LiquidSyntaxError: *source* is not Liquid.
    """
    _, inventory = parse_nodes(source, limits=DEFAULT_LIMITS)
    uses = {path for path in _paths(inventory) if path.steps[0] not in inventory.names}
    return tuple(
        VariableUse(path.steps, *place(source, path.offset))
        for path in sorted(uses, key=lambda path: path.offset)
    )


def _paths(inventory: Inventory) -> Iterator[Path]:
    for value, _ in inventory.values:
        yield from value.paths
    yield from inventory.paths


def _unknown_tags(source: str) -> Iterator[Finding]:
    try:
        tokens = scan(source)
    except LiquidSyntaxError:
        return
    in_comment = False
    for token in tokens:
        if token.name in {"comment", "endcomment"}:
            in_comment = token.name == "comment"
        is_known = token.name in all_tags() or token.name in INNER_TAGS
        if token.kind is Kind.TAG and not is_known and not in_comment:
            line, column = place(source, token.begin)
            hint = did_you_mean(token.name, all_tags())
            message = f'tag "{token.name}" not found'
            yield Finding(FindingKind.UNKNOWN_TAG, token.name, message, line, column, hint)


def _unknown_filters(source: str, inventory: Inventory) -> Iterator[Finding]:
    for value, _ in inventory.values:
        for call in value.filters:
            if find_filter(call.name) is None:
                yield Finding(
                    FindingKind.UNKNOWN_FILTER,
                    call.name,
                    f"there is no filter {call.name}: the value passes through unchanged",
                    *place(source, call.offset),
                    did_you_mean(call.name, all_filters()),
                )


def _unknown_variables(
    source: str,
    inventory: Inventory,
    variables: Collection[str] | None,
    custom_vars: Collection[str] | None,
) -> Iterator[Finding]:
    for path in dict.fromkeys(_paths(inventory)):
        root, *rest = path.steps
        if root in inventory.names:
            continue
        if variables is not None and root not in variables:
            known, name = variables, root
        elif root == _CUSTOM_VARS and custom_vars is not None and _is_missing(rest, custom_vars):
            known, name = custom_vars, f"{root}.{rest[0]}"
        else:
            continue
        there_are = ", ".join(sorted(known)) or "none"
        hint = did_you_mean(name.rpartition(".")[2], known) or f"There are: {there_are}."
        if root != _CUSTOM_VARS and custom_vars and root in custom_vars:
            hint = f"Write {_CUSTOM_VARS}.{root}."
        message = f"there is no variable {name}: it renders as nothing"
        yield Finding(
            FindingKind.UNKNOWN_VARIABLE, name, message, *place(source, path.offset), hint
        )


def _is_missing(rest: list[str], custom_vars: Collection[str]) -> bool:
    return bool(rest) and rest[0] not in custom_vars and rest[0] not in _SHAPELESS


def _unescaped(source: str, inventory: Inventory) -> Iterator[Finding]:
    tainted = _tainted_names(inventory)
    for value, is_output in inventory.values:
        if not is_output or _is_harmless(value):
            continue
        path = next((path for path in value.paths if _is_from_users(path, tainted)), None)
        if path is not None:
            name = ".".join(path.steps)
            yield Finding(
                FindingKind.UNESCAPED,
                name,
                f"{name} comes from outside and is put into HTML as it is",
                *place(source, value.offset),
                f"Write {{{{ {value.text.strip()} | escape }}}}.",
            )


def _is_harmless(value: FilteredValue) -> bool:
    return any(call.name in _HARMLESS_IN_HTML for call in value.filters)


def _is_from_users(path: Path, tainted: Collection[str]) -> bool:
    return path.steps[0] in tainted and path.steps[-1] not in _CHECKED_BY_AUTH0


def _tainted_names(inventory: Inventory) -> set[str]:
    """Return the names whose values come from users, through ``assign`` and ``for`` too."""
    tainted = set(_FROM_USERS - inventory.names)
    while True:
        more = {
            name
            for name, paths in inventory.sources
            if name not in tainted and any(_is_from_users(path, tainted) for path in paths)
        }
        if not more:
            return tainted
        tainted |= more
