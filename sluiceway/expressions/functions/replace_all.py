"""``functions.replaceAll``: put a text in place of every match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.replacement import substitute
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "replace_all"]


def replace_all(
    value: Value = UNDEFINED, pattern: Value = UNDEFINED, replacement: Value = UNDEFINED
) -> Value:
    """Return the text of *value* with every *pattern* in it replaced; a pattern is plain text.

    The empty pattern is found between all UTF-16 units and at both ends.
    In the *replacement* ``$&`` stands for the match, ``$$`` for a dollar sign, and ``$`` with a
    backquote or a quote for the text before or after, as in JavaScript.
    Null and undefined as *value* give undefined.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    return substitute(to_text(value), to_text(pattern), to_text(replacement), every=True)


FUNCTION = TemplateFunction(
    name="replaceAll",
    call=replace_all,
    parameters=(
        Parameter("value", "text"),
        Parameter("pattern", "text"),
        Parameter("replacement", "text"),
    ),
    summary="Returns the text with every match of a plain text replaced.",
    examples=(Example("functions.replaceAll('2021-04-30', '-', '/')", "2021/04/30"),),
    source="https://tc39.es/ecma262/#sec-string.prototype.replaceall",
)
