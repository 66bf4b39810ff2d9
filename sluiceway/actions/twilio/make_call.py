"""``TWILIO/MAKE_CALL``: make a call through a Twilio account of the author's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.actions.twilio._api import post_form

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome

__all__ = ["ACTION", "MakeCall", "run"]


class MakeCall(Params, rename={"from_": "from"}):
    """The params: numbers, and what happens in the call as TwiML."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app TWILIO: account SID and auth token.")
    ]
    from_: Annotated[
        str,
        Meta(
            title="From",
            description="A number of the account, with its country code.",
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    to: Annotated[
        str,
        Meta(
            title="To",
            description="A phone number in E.164 form, like +12025550123.",
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    payload: Annotated[
        str,
        Meta(
            title="TwiML payload",
            description="What is said, played or asked, as TwiML.",
            max_length=4096,
            extra_json_schema={"x-widget": "text"},
        ),
    ]


async def run(params: MakeCall, context: ActionContext) -> StepOutcome:
    """Start the call. The output is Twilio's answer, whatever its status.

    Raises:
        ConnectionUnusable: the vault connection gives no account.
        OutboundError: no usable answer.
    """
    fields = {"From": params.from_, "To": params.to, "Twiml": params.payload}
    return await post_form(context, params.connection_id, "Calls", fields)


ACTION = ActionSpec(
    type_="TWILIO",
    action="MAKE_CALL",
    title="Make call",
    summary="Make a call through a Twilio account.",
    params=MakeCall,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://www.twilio.com/docs/voice/api/call-resource",
    example={
        "connection_id": "My Twilio account",
        "from": "+12025550100",
        "to": "{{context.user.phone_number}}",
        "payload": "<Response><Say>Your order has been sent.</Say></Response>",
    },
)
