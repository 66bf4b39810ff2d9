"""``functions.mask``: hide a value in the records of executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.expressions.functions.base import Example, Parameter, TemplateFunction
from sluiceway.expressions.javascript import to_json
from sluiceway.expressions.values import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluiceway.expressions.values import Value
    from sluiceway.models.json import JsonValue

__all__ = ["FUNCTION", "mask"]


def mask(masked: Callable[[JsonValue], None], value: Value = UNDEFINED) -> Value:
    """Return *value* itself, and tell *masked* to hide it wherever the execution is shown."""
    masked(to_json(value))
    return value


FUNCTION = TemplateFunction(
    name="mask",
    call=mask,
    parameters=(Parameter("value", "any"),),
    summary="Shows as ███ in every record and log; later steps still get the value.",
    examples=(Example("functions.mask('my_awesome_secret')", "my_awesome_secret"),),
    source="https://auth0.com/docs/customize/forms/variables#helper-functions",
    reads="masked",
)
