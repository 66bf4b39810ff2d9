"""``JSON/PARSE_JSON``: read JSON that stands in a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.json._pages import SOURCE
from sluiceway.errors import DefinitionError, InvalidActionParams
from sluiceway.models.json_text import parse_json

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "ParseJson", "run"]


class ParseJson(Params):
    """The params: the text."""

    json: Annotated[str, Meta(title="JSON string", extra_json_schema={"x-widget": "text"})]


async def run(params: ParseJson, context: ActionContext) -> StepOutcome:
    """Read the text as RFC 8259 has it: an object, a list, a text, a number, true, false or null.

    Raises:
        InvalidActionParams: it is not JSON; the message says where.
    """
    del context
    try:
        value = parse_json(params.json.encode("utf-8", "surrogatepass"))
    except DefinitionError as error:
        place = f" (line {error.at[1:].replace(':', ', column ')})" if error.at else ""
        raise InvalidActionParams(f"{error.message}{place}", at="/json") from error
    return StepOutcome(output={"object": value})


ACTION = ActionSpec(
    type_="JSON",
    action="PARSE_JSON",
    title="Parse JSON",
    summary="Read JSON that stands in a text.",
    params=ParseJson,
    run=run,
    output={
        "type": "object",
        "properties": {"object": {"description": "The value that the text stands for."}},
        "required": ["object"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=SOURCE,
    example={"json": "{{context.user.user_metadata.preferences}}"},
)
