"""``functions.sha512``: the SHA512 of a text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "sha512"]


def sha512(value: Value = UNDEFINED) -> Value:
    """Return the SHA512 of the text of *value* in UTF-8, in lower-case hexadecimal.

    Null and undefined give undefined: a hash of nothing would look like one of something. A lone
    surrogate is hashed as U+FFFD, as Node does.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    data = utf16.to_utf8(to_text(value))
    return hashlib.sha512(data).hexdigest()


FUNCTION = TemplateFunction(
    name="sha512",
    call=sha512,
    parameters=(Parameter("value", "text"),),
    summary="Returns the SHA512 hash of a text, in hexadecimal.",
    examples=(
        Example(
            "functions.sha512('auth0')",
            "c0d588069d056c337602b6037034bcab7b29f4ea0c325f665c089aba4c15c23a7baad68746685585b17cf68f3832eb1049e6fe777860329f72254a8f3e756192",
        ),
    ),
    source="https://csrc.nist.gov/pubs/fips/180-4/upd1/final",
)
