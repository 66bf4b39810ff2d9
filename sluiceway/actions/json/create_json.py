"""``JSON/CREATE_JSON``: make an object that later steps read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import OpenObject
from sluiceway.actions.json._pages import SOURCE

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "CreateJson", "run"]


class CreateJson(Params):
    """The params: the object."""

    object: Annotated[OpenObject, Meta(title="Body", extra_json_schema={"x-widget": "json"})]


async def run(params: CreateJson, context: ActionContext) -> StepOutcome:
    """Give the object back, its expressions resolved; values keep their JSON types."""
    del context
    return StepOutcome(output={"result": params.object})


ACTION = ActionSpec(
    type_="JSON",
    action="CREATE_JSON",
    title="Create JSON object",
    summary="Make an object that later steps read.",
    params=CreateJson,
    run=run,
    output={
        "type": "object",
        "properties": {"result": {"type": "object", "description": "The object."}},
        "required": ["result"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=SOURCE,
    example={"object": {"name": "{{context.user.name}}", "plan": "{{fields.plan}}"}},
)
