"""``XML/SERIALIZE_XML``: write an object as an XML document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.xml._pages import SOURCE
from sluiceway.actions.xml_text import write_xml
from sluiceway.errors import DefinitionError
from sluiceway.models.json_text import parse_json

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonValue

__all__ = ["ACTION", "SerializeXml", "run"]


class SerializeXml(Params):
    """The params: the object, or its JSON."""

    object: Annotated[
        dict[str, Any] | str, Meta(title="JSON", extra_json_schema={"x-widget": "json"})
    ]


async def run(params: SerializeXml, context: ActionContext) -> StepOutcome:
    """Write the object; a text that is an object's JSON counts as that object.

    Raises:
        InvalidActionParams: a key is no name in XML, or the object is too large or too deep.
    """
    del context
    return StepOutcome(output={"xml": write_xml(_object_of(params.object), at="/object")})


def _object_of(value: dict[str, Any] | str) -> JsonValue:
    if isinstance(value, str):
        try:
            read = parse_json(value.encode("utf-8", "surrogatepass"))
        except DefinitionError:
            return value
        return read if isinstance(read, dict) else value
    return value


ACTION = ActionSpec(
    type_="XML",
    action="SERIALIZE_XML",
    title="Convert JSON to XML",
    summary="Write an object as an XML document.",
    params=SerializeXml,
    run=run,
    output={
        "type": "object",
        "properties": {"xml": {"type": "string", "description": "The document."}},
        "required": ["xml"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=SOURCE,
    example={"object": {"person": {"$": {"id": "7"}, "name": "{{context.user.name}}"}}},
)
