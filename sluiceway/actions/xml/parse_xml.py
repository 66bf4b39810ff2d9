"""``XML/PARSE_XML``: read an XML document as an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.xml._pages import SOURCE
from sluiceway.actions.xml_text import read_xml

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "ParseXml", "run"]


class ParseXml(Params):
    """The params: the document."""

    xml: Annotated[str, Meta(title="XML", extra_json_schema={"x-widget": "text"})]


async def run(params: ParseXml, context: ActionContext) -> StepOutcome:
    """Read the document; the root element's name is the object's one key.

    Raises:
        InvalidActionParams: it is not well-formed, declares entities, or is too large or too deep.
    """
    del context
    return StepOutcome(output={"object": read_xml(params.xml, at="/xml")})


ACTION = ActionSpec(
    type_="XML",
    action="PARSE_XML",
    title="Convert XML to JSON",
    summary="Read an XML document as an object.",
    params=ParseXml,
    run=run,
    output={
        "type": "object",
        "properties": {
            "object": {
                "type": "object",
                "description": "The document: attributes under $, text beside them under _.",
            }
        },
        "required": ["object"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=SOURCE,
    example={"xml": "{{actions.http_request.body}}"},
)
