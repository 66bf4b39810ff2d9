"""What the three notifications share: their Liquid, rendered with the variables authors know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from msgspec import Meta

from sluiceway.actions.base import Params, StepOutcome
from sluiceway.actions.fields import CustomVars
from sluiceway.errors import LanguageError
from sluiceway.liquid.messages import parse_message
from sluiceway.liquid.variables import notification_variables
from sluiceway.models.message import PhoneContent, QueuedMessage

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonObject
    from sluiceway.models.message import Channel

__all__ = ["PhoneParams", "queue_phone_message", "render", "variables_for"]

PhoneNumber: TypeAlias = Annotated[
    str,
    Meta(
        description="A phone number in E.164 form, like +12025550123.",
        min_length=1,
        max_length=255,
        extra_json_schema={"x-widget": "text"},
    ),
]


class PhoneParams(Params, rename={"from_": "from"}):
    """The params that Send SMS and Make call have in common: all of them."""

    to: Annotated[PhoneNumber, Meta(title="To")]
    message: Annotated[
        str,
        Meta(
            title="Message",
            description="Liquid: {{ custom_vars.code }} and the common variables work here.",
            min_length=1,
            max_length=1024,
            extra_json_schema={"x-widget": "html", "x-language": "liquid-text"},
        ),
    ]
    from_: (
        Annotated[
            PhoneNumber,
            Meta(title="From", extra_json_schema={"x-tip": "The provider's own number if empty."}),
        ]
        | None
    ) = None
    custom_vars: CustomVars | None = None


async def queue_phone_message(
    params: PhoneParams, context: ActionContext, channel: Channel
) -> StepOutcome:
    """Render the message and hand it to the outbox.

    Raises:
        ProviderNotEnabled: no phone provider is enabled for *channel*.
        LiquidSyntaxError, LiquidRenderError: the message cannot be rendered.
    """
    await context.require_provider(channel)
    variables = variables_for(context, params.custom_vars or {})
    language = variables.get("locale")
    content = PhoneContent(
        to=params.to,
        text=render(params.message, variables, at="/message"),
        sender=params.from_,
        language=language if isinstance(language, str) else None,
    )
    return StepOutcome(
        output={"success": True}, messages=(QueuedMessage(channel=channel, content=content),)
    )


def variables_for(context: ActionContext, custom_vars: JsonObject) -> JsonObject:
    """Return what the templates of a notification can read."""
    return notification_variables(
        context=context.input.context,
        tenant=context.tenant,
        custom_vars=custom_vars,
    )


def render(source: str, variables: JsonObject, *, at: str) -> str:
    """Render one Liquid param; *at* is its pointer in the params, for errors."""
    try:
        return parse_message(source).render(variables)
    except LanguageError as error:
        error.at = error.at or at
        raise
