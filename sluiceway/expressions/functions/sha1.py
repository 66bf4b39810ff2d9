"""``functions.sha1``: the SHA1 of a text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "sha1"]


def sha1(value: Value = UNDEFINED) -> Value:
    """Return the SHA1 of the text of *value* in UTF-8, in lower-case hexadecimal.

    Null and undefined give undefined: a hash of nothing would look like one of something. A lone
    surrogate is hashed as U+FFFD, as Node does.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    data = utf16.to_utf8(to_text(value))
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


FUNCTION = TemplateFunction(
    name="sha1",
    call=sha1,
    parameters=(Parameter("value", "text"),),
    summary="Returns the SHA1 hash of a text, in hexadecimal.",
    examples=(Example("functions.sha1('auth0')", "b4ec5339db0cc23405c6fd16e113839114f0a07f"),),
    source="https://csrc.nist.gov/pubs/fips/180-4/upd1/final",
)
