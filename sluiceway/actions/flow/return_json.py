"""``FLOW/RETURN_JSON``: end the flow with a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.flow._pages import API_SOURCE

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "ReturnJson", "run"]


class ReturnJson(Params):
    """The params: what the execution returns."""

    payload: Annotated[
        dict[str, Any] | str, Meta(title="Payload", extra_json_schema={"x-widget": "json"})
    ]


async def run(params: ReturnJson, context: ActionContext) -> StepOutcome:
    """End the flow; the payload is the execution's output."""
    del context
    return StepOutcome(output=params.payload, ends_flow=True, result=params.payload)


ACTION = ActionSpec(
    type_="FLOW",
    action="RETURN_JSON",
    title="Return JSON",
    summary="End the flow with a value.",
    params=ReturnJson,
    run=run,
    output={"type": ["object", "string"]},
    effect=Effect.PURE,
    source=API_SOURCE,
    example={"payload": {"granted": "{{actions.check.result}}"}},
)
