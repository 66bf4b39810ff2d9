"""``TWILIO/SEND_SMS``: send a text message through a Twilio account of the author's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.actions.twilio._api import post_form

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome

__all__ = ["ACTION", "SendSms", "run"]


class SendSms(Params, rename={"from_": "from"}):
    """The params: numbers, and the text."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app TWILIO: account SID and auth token.")
    ]
    from_: Annotated[
        str,
        Meta(
            title="From",
            description="The sender: a number of the account, or a name where Twilio allows one.",
            max_length=50,
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    to: Annotated[
        str,
        Meta(
            title="To",
            description="A phone number in E.164 form, like +12025550123.",
            max_length=50,
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    message: Annotated[
        str, Meta(title="Message", max_length=1500, extra_json_schema={"x-widget": "text"})
    ]


async def run(params: SendSms, context: ActionContext) -> StepOutcome:
    """Create the message. The output is Twilio's answer, whatever its status.

    Raises:
        ConnectionUnusable: the vault connection gives no account.
        OutboundError: no usable answer.
    """
    fields = {"From": params.from_, "To": params.to, "Body": params.message}
    return await post_form(context, params.connection_id, "Messages", fields)


ACTION = ActionSpec(
    type_="TWILIO",
    action="SEND_SMS",
    title="Send SMS",
    summary="Send a text message through a Twilio account.",
    params=SendSms,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://www.twilio.com/docs/messaging/api/message-resource",
    example={
        "connection_id": "My Twilio account",
        "from": "+12025550100",
        "to": "{{context.user.phone_number}}",
        "message": "Your code is {{actions.generate_code.code}}",
    },
)
