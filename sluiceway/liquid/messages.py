"""Templates of messages, read as their authors meant them.

Published flows compare filtered values: ``{% if application.name | downcase == 'acme' %}``.
LiquidJS up to 9.20 took such a condition, and dropped the comparison; later ones refuse it, and so
does ``parse``. A message that is in use must still be sent: the filtered value gets a name of its
own before the condition, which then compares it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sluiceway.errors import LiquidSyntaxError
from sluiceway.liquid.scanner import Kind, scan
from sluiceway.liquid.template import parse

if TYPE_CHECKING:
    from sluiceway.liquid.template import Template

__all__ = ["parse_message"]

_KEPT: Final = 512
_QUOTED: Final = r"'[^']*'|\"[^\"]*\""
_PIECE: Final = re.compile(
    rf"{_QUOTED}|==|!=|<>|<=|>=|<|>|\b(?:contains|and|or)\b|\||[^'\"=!<>|\s]+|\s+|.", re.DOTALL
)
_OPERATORS: Final = frozenset({"==", "!=", "<>", "<=", ">=", "<", ">", "contains", "and", "or"})
_NAME: Final = "filtered_side_"


@lru_cache(maxsize=_KEPT)
def parse_message(source: str) -> Template:
    """Parse the template of a message, filtered values in conditions included.

    Raises:
        LiquidSyntaxError: it is not Liquid; line and column say where.
    """
    try:
        return parse(source)
    except LiquidSyntaxError:
        named = _name_filtered_sides(source)
        if named == source:
            raise
        try:
            return parse(named)
        except LiquidSyntaxError:
            pass
        # The fault as it stands in the author's own text.
        raise


def _name_filtered_sides(source: str) -> str:
    try:
        tags = [token for token in scan(source) if token.kind is Kind.TAG]
    except LiquidSyntaxError:
        return source
    pieces: list[str] = []
    # Where the tag of each open condition begins in *pieces*: names are given before it.
    open_conditions: list[int] = []
    position = count = 0
    in_comment = False
    for tag in tags:
        if tag.name in {"comment", "endcomment"}:
            in_comment = tag.name == "comment"
        if in_comment or tag.name not in {"if", "elsif", "unless", "endif", "endunless"}:
            continue
        left, right = "-" * tag.trims_left, "-" * tag.trims_right
        pieces.append(source[position : tag.begin])
        position = tag.end
        if tag.name in {"if", "unless"}:
            open_conditions.append(len(pieces))
            pieces.append("")
        condition, sides = _split(f" {tag.args} ", count)
        count += len(sides)
        if sides and open_conditions:
            pieces[open_conditions[-1]] += "".join(
                f"{{%{left} assign {_NAME}{count - len(sides) + index} = {side} %}}"
                for index, side in enumerate(sides)
            )
        pieces.append(f"{{%{left} {tag.name}{condition}{right}%}}" if sides else tag.whole)
        if tag.name.startswith("end") and open_conditions:
            open_conditions.pop()
    return "".join([*pieces, source[position:]])


def _split(condition: str, count: int) -> tuple[str, list[str]]:
    """Return *condition* with its filtered sides as names, and those sides."""
    words = _PIECE.findall(condition)
    first = words.index("|") if "|" in words else len(words)
    if not any(word in _OPERATORS for word in words[first:]):
        return condition, []
    sides: list[str] = []
    parts: list[str] = []
    side = ""
    for word in [*words, ""]:
        if word and word not in _OPERATORS:
            side += word
            continue
        if "|" in _PIECE.findall(side):
            parts.append(f" {_NAME}{count + len(sides)} ")
            sides.append(side.strip())
        else:
            parts.append(side)
        parts.append(word)
        side = ""
    return "".join(parts), sides
