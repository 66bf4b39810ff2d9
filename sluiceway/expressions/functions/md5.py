"""``functions.md5``: the MD5 of a text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "md5"]


def md5(value: Value = UNDEFINED) -> Value:
    """Return the MD5 of the text of *value* in UTF-8, in lower-case hexadecimal.

    Null and undefined give undefined: a hash of nothing would look like one of something. A lone
    surrogate is hashed as U+FFFD, as Node does.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    data = utf16.to_utf8(to_text(value))
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


FUNCTION = TemplateFunction(
    name="md5",
    call=md5,
    parameters=(Parameter("value", "text"),),
    summary="Returns the MD5 hash of a text, in hexadecimal.",
    examples=(Example("functions.md5('auth0')", "7bbb59770ba3cf6e020790ba5b77e75a"),),
    source="https://www.rfc-editor.org/rfc/rfc1321",
)
