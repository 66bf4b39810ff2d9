"""``ZAPIER/TRIGGER_WEBHOOK``: start a Zap through its hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, OpenParams
from sluiceway.actions.calls import add_query, encode_json, outcome_of, setup_text, setup_type
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.outbound.base import OutboundRequest

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome

__all__ = ["ACTION", "TriggerWebhook", "run"]


class TriggerWebhook(OpenParams):
    """The params: whatever the Zap wants to know, by name."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app ZAPIER: the hook's address.")
    ]
    method: Annotated[
        Literal["GET", "POST", "PUT"],
        Meta(title="Method", extra_json_schema={"x-widget": "choice"}),
    ] = "POST"


async def run(params: TriggerWebhook, context: ActionContext) -> StepOutcome:
    """Send the values: with GET in the address, else as JSON. The output is Zapier's answer.

    Raises:
        ConnectionUnusable: the vault connection gives no address.
        OutboundError: no usable answer.
    """
    connection = await context.open_connection(params.connection_id, "ZAPIER")
    setup_type(connection, "WEBHOOK")
    url = setup_text(connection, "url")
    headers = {"accept": "application/json"}
    if params.method == "GET":
        request = OutboundRequest(
            method="GET",
            url=add_query(url, params.others, at="/connection_id"),
            headers=headers,
        )
    else:
        request = OutboundRequest(
            method=params.method,
            url=add_query(url, {}, at="/connection_id"),
            headers={**headers, "content-type": "application/json"},
            body=encode_json(params.others),
        )
    # A hook starts a Zap each time it is called, with GET and PUT too: no repeats.
    return outcome_of(await context.send(request, retries=0))


ACTION = ActionSpec(
    type_="ZAPIER",
    action="TRIGGER_WEBHOOK",
    title="Trigger webhook",
    summary="Start a Zap through its hook.",
    params=TriggerWebhook,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://help.zapier.com/hc/en-us/articles/8496288690317",
    example={
        "connection_id": "My Zap",
        "method": "POST",
        "email": "{{context.user.email}}",
        "plan": "{{fields.plan}}",
    },
)
