"""``FLOW/MAP_VALUE``: turn one value into another by a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import OpenObject
from sluiceway.actions.flow._pages import API_SOURCE
from sluiceway.expressions.javascript import shown_text

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "MapValue", "run"]


class MapValue(Params):
    """The params: the value, the table, and what to take where the table has no row."""

    input: Annotated[str | int | float, Meta(title="Input", extra_json_schema={"x-widget": "text"})]
    cases: (
        Annotated[OpenObject, Meta(title="Cases", extra_json_schema={"x-widget": "pairs"})] | None
    ) = None
    fallback: Annotated[
        str | int | float | dict[str, Any] | list[Any] | None,
        Meta(title="Fallback", extra_json_schema={"x-widget": "json"}),
    ] = None


async def run(params: MapValue, context: ActionContext) -> StepOutcome:
    """Look the input's text up among the cases; without one, the result is the fallback."""
    del context
    result = (params.cases or {}).get(shown_text(params.input), params.fallback)
    return StepOutcome(output={"result": result})


ACTION = ActionSpec(
    type_="FLOW",
    action="MAP_VALUE",
    title="Map value",
    summary="Turn one value into another by a table.",
    params=MapValue,
    run=run,
    output={
        "type": "object",
        "properties": {"result": {"description": "The case's value, or the fallback."}},
        "required": ["result"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=API_SOURCE,
    example={
        "input": "{{context.user.user_metadata.plan}}",
        "cases": {"gold": 10, "silver": 5},
        "fallback": 0,
    },
)
