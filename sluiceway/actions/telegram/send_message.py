"""``TELEGRAM/SEND_MESSAGE``: let a Telegram bot say something in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.actions.calls import outcome_of, path_part, setup_text, setup_type
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.providers.requests import json_request

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome

__all__ = ["ACTION", "SendMessage", "run"]

_API: Final = "https://api.telegram.org"


class SendMessage(Params):
    """The params: which chat, and what to say."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app TELEGRAM: the bot's token.")
    ]
    chat_id: Annotated[
        str,
        Meta(
            title="Chat ID",
            description="The chat's number, or @name of a channel.",
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    text: Annotated[str, Meta(title="Message", extra_json_schema={"x-widget": "text"})]


async def run(params: SendMessage, context: ActionContext) -> StepOutcome:
    """Send the message. The output is Telegram's answer, whatever its status.

    Raises:
        ConnectionUnusable: the vault connection gives no token.
        OutboundError: no usable answer.
    """
    connection = await context.open_connection(params.connection_id, "TELEGRAM")
    setup_type(connection, "TOKEN")
    # A bot's token is 123456:ABC…, and its colon stands in the path as it is.
    token = path_part(setup_text(connection, "token"), at="/connection_id").replace("%3A", ":")
    request = json_request(
        f"{_API}/bot{token}/sendMessage",
        {"chat_id": params.chat_id, "text": params.text},
        headers={},
    )
    return outcome_of(await context.send(request))


ACTION = ActionSpec(
    type_="TELEGRAM",
    action="SEND_MESSAGE",
    title="Send Telegram message",
    summary="Let a Telegram bot say something in a chat.",
    params=SendMessage,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://core.telegram.org/bots/api#sendmessage",
    example={
        "connection_id": "My bot",
        "chat_id": "{{context.user.user_metadata.telegram_id}}",
        "text": "Welcome, {{context.user.name}}.",
    },
)
