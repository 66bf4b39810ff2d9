"""``functions.now``: the current date."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, TemplateFunction

if TYPE_CHECKING:
    from sluiceway.expressions.values import Sources, Value

__all__ = ["FUNCTION", "now"]


def now(sources: Sources) -> Value:
    """Return the execution's one clock reading, such as ``2021-04-30T10:31:28.576Z``."""
    text = sources.now.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


FUNCTION = TemplateFunction(
    name="now",
    call=now,
    parameters=(),
    summary="Returns the current date and time in ISO 8601 format.",
    examples=(Example("functions.length(functions.now())", 24),),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
    reads="sources",
)
