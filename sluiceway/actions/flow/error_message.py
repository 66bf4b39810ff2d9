"""``FLOW/ERROR_MESSAGE``: show a message and end the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.flow._pages import LOGIC_SOURCE

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonObject

__all__ = ["ACTION", "ErrorMessage", "run"]


class ErrorMessage(Params):
    """The params: what to tell the user."""

    message: Annotated[
        str, Meta(title="Message", max_length=2048, extra_json_schema={"x-widget": "text"})
    ]


async def run(params: ErrorMessage, context: ActionContext) -> StepOutcome:
    """End the flow with the message. The execution is COMPLETED: it did what its author meant."""
    del context
    output: JsonObject = {"message": params.message}
    return StepOutcome(output=output, ends_flow=True, result=output)


ACTION = ActionSpec(
    type_="FLOW",
    action="ERROR_MESSAGE",
    title="Show error message",
    summary="Show a message and end the flow.",
    params=ErrorMessage,
    run=run,
    output={
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=LOGIC_SOURCE,
    example={"message": "The code is not correct. Please try again."},
)
