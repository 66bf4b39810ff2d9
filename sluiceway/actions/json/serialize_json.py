"""``JSON/SERIALIZE_JSON``: write an object as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.json._pages import SOURCE
from sluiceway.expressions.javascript import json_text

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "SerializeJson", "run"]


class SerializeJson(Params):
    """The params: the object, or a text."""

    object: Annotated[
        dict[str, Any] | str, Meta(title="JSON object", extra_json_schema={"x-widget": "json"})
    ]


async def run(params: SerializeJson, context: ActionContext) -> StepOutcome:
    """Write it as ``JSON.stringify`` does: no spaces; a text stands in quotes.

    Raises:
        ExpressionEvaluationError: it is too large or too deep.
    """
    del context
    return StepOutcome(output={"json": json_text(params.object)})


ACTION = ActionSpec(
    type_="JSON",
    action="SERIALIZE_JSON",
    title="Convert JSON to string",
    summary="Write an object as text.",
    params=SerializeJson,
    run=run,
    output={
        "type": "object",
        "properties": {"json": {"type": "string", "description": "The object as JSON."}},
        "required": ["json"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=SOURCE,
    example={"object": {"name": "{{context.user.name}}"}},
)
