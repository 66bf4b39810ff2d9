"""``functions.encodeURIComponent``: percent-encode one part of a URL."""

from __future__ import annotations

from string import ascii_letters, digits
from typing import TYPE_CHECKING
from urllib.parse import quote

from sluiceway.errors import ExpressionEvaluationError
from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_text
from sluiceway.expressions.limits import check_text
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from sluiceway.expressions.values import Value

__all__ = ["FUNCTION", "encode_uri_component"]


_UNRESERVED_MARKS = "!'()*-._~"
_UNRESERVED = f"{ascii_letters}{digits}{_UNRESERVED_MARKS}".encode()


def encode_uri_component(value: Value = UNDEFINED) -> Value:
    """Percent-encode all of the text of *value* but ``A-Z a-z 0-9 ! ' ( ) * - . _ ~``.

    The result is ASCII, at most nine times as long in UTF-16 units.

    Raises:
        ExpressionEvaluationError: it holds half a surrogate pair (JavaScript: ``URIError``).
    """
    try:
        data = to_text(value).encode()
    except UnicodeEncodeError:
        raise ExpressionEvaluationError(
            "the text has half a character in it and cannot be encoded",
            hint="cut texts between characters, not inside an emoji",
        ) from None
    check_text(len(data) + 2 * len(data.translate(None, _UNRESERVED)))
    return quote(data, safe=_UNRESERVED_MARKS)


FUNCTION = TemplateFunction(
    name="encodeURIComponent",
    call=encode_uri_component,
    parameters=(Parameter("text", "text"),),
    summary="Encodes a text for use as one part of a URL.",
    examples=(Example("functions.encodeURIComponent('auth0|a b/c')", "auth0%7Ca%20b%2Fc"),),
    source="https://tc39.es/ecma262/#sec-encodeuricomponent-uricomponent",
)
