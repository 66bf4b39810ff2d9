"""``functions.sha256``: the SHA256 of a text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sluiceway.expressions import utf16
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.values import UNDEFINED, Undefined

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "sha256"]


def sha256(value: Value = UNDEFINED) -> Value:
    """Return the SHA256 of the text of *value* in UTF-8, in lower-case hexadecimal.

    Null and undefined give undefined: a hash of nothing would look like one of something. A lone
    surrogate is hashed as U+FFFD, as Node does.
    """
    if value is None or isinstance(value, Undefined):
        return UNDEFINED
    data = utf16.to_utf8(to_text(value))
    return hashlib.sha256(data).hexdigest()


FUNCTION = TemplateFunction(
    name="sha256",
    call=sha256,
    parameters=(Parameter("value", "text"),),
    summary="Returns the SHA256 hash of a text, in hexadecimal.",
    examples=(
        Example(
            "functions.sha256('auth0')",
            "d9082bdcf7eaf584e640203ff313a74a401cab4bc2167979eedc76a0019c0334",
        ),
    ),
    source="https://csrc.nist.gov/pubs/fips/180-4/upd1/final",
)
