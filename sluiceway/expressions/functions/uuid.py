"""``functions.uuid``: a new UUID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, TemplateFunction

if TYPE_CHECKING:
    from sluiceway.expressions.values import Sources, Value

__all__ = ["FUNCTION", "uuid"]


def uuid(sources: Sources) -> Value:
    """Return a new version 4 UUID (RFC 9562) in lower case."""
    return sources.new_uuid()


FUNCTION = TemplateFunction(
    name="uuid",
    call=uuid,
    parameters=(),
    summary="Returns a random v4 UUID.",
    examples=(Example("functions.length(functions.uuid())", 36),),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
    reads="sources",
)
