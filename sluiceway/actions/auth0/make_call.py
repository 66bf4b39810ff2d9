"""``AUTH0/MAKE_CALL``: call a number and speak a message through the tenant's phone provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.actions.auth0._notifications import PhoneParams, queue_phone_message
from sluiceway.actions.auth0._users import SOURCE
from sluiceway.actions.base import ActionSpec, Effect, StepOutcome
from sluiceway.actions.fields import QUEUED_OUTPUT
from sluiceway.models.message import Channel

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "MakeCall", "run"]


class MakeCall(PhoneParams):
    """The params. *message* is Liquid; the other texts are expressions."""


async def run(params: MakeCall, context: ActionContext) -> StepOutcome:
    """Render the message and hand it to the outbox: success means queued, not delivered."""
    return await queue_phone_message(params, context, Channel.CALL)


ACTION = ActionSpec(
    type_="AUTH0",
    action="MAKE_CALL",
    title="Make call",
    summary="Call a number and speak a message through the tenant's phone provider.",
    params=MakeCall,
    run=run,
    output=QUEUED_OUTPUT,
    effect=Effect.REPEATABLE,
    source=SOURCE,
    liquid_params=("message",),
    example={
        "to": "{{context.user.phone_number}}",
        "message": "Hello. Your code is {{ custom_vars.code }}",
        "custom_vars": {"code": "{{actions.generate_code.code}}"},
    },
)
