"""``WHATSAPP/SEND_MESSAGE``: send a message from a WhatsApp business number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.actions.calls import outcome_of, path_part, setup_text, setup_type
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.errors import DefinitionError, InvalidActionParams
from sluiceway.models.json_text import parse_json
from sluiceway.providers.requests import bearer, json_request

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ACTION", "SendMessage", "run"]

# Meta keeps a version for two years; newer ones take the same message.
_API: Final = "https://graph.facebook.com/v23.0"


class SendMessage(Params):
    """The params: from which number to which, and a message as Meta's Cloud API takes it."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app WHATSAPP: its access token.")
    ]
    sender_id: Annotated[
        str,
        Meta(
            title="Sender phone ID",
            description="The id of the business number; not the number itself.",
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    recipient_number: Annotated[
        str,
        Meta(
            title="Recipient phone number",
            description="A phone number in E.164 form, like +12025550123.",
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    type: Annotated[
        Literal[
            "AUDIO",
            "CONTACTS",
            "DOCUMENT",
            "IMAGE",
            "INTERACTIVE",
            "LOCATION",
            "STICKER",
            "TEMPLATE",
            "TEXT",
        ],
        Meta(title="Message type", extra_json_schema={"x-widget": "choice"}),
    ]
    payload: Annotated[
        dict[str, Any] | str,
        Meta(
            title="Message object",
            description="What Meta expects under the name of the type.",
            extra_json_schema={"x-widget": "json"},
        ),
    ]


async def run(params: SendMessage, context: ActionContext) -> StepOutcome:
    """Send the message. The output is Meta's answer, whatever its status.

    Raises:
        InvalidActionParams: the payload is a text and not the JSON of a message.
        ConnectionUnusable: the vault connection gives no token.
        OutboundError: no usable answer.
    """
    connection = await context.open_connection(params.connection_id, "WHATSAPP")
    setup_type(connection, "TOKEN")
    kind = params.type.lower()
    body: JsonObject = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": params.recipient_number,
        "type": kind,
        kind: _message(params),
    }
    request = json_request(
        f"{_API}/{path_part(params.sender_id, at='/sender_id')}/messages",
        body,
        headers=bearer(setup_text(connection, "token")),
    )
    return outcome_of(await context.send(request))


def _message(params: SendMessage) -> JsonValue:
    if isinstance(params.payload, dict):
        return params.payload
    try:
        read = parse_json(params.payload.encode("utf-8", "replace"))
    except DefinitionError:
        read = None
    # Contacts are a list; the others are objects.
    if isinstance(read, dict | list):
        return read
    if params.type == "TEXT":
        return {"body": params.payload}
    raise InvalidActionParams(
        f"expected the JSON of a message of type {params.type}, found another text", at="/payload"
    )


ACTION = ActionSpec(
    type_="WHATSAPP",
    action="SEND_MESSAGE",
    title="Send message",
    summary="Send a message from a WhatsApp business number.",
    params=SendMessage,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages",
    example={
        "connection_id": "My business",
        "sender_id": "106540352242922",
        "recipient_number": "{{context.user.phone_number}}",
        "type": "TEXT",
        "payload": {"body": "Your code is {{actions.generate_code.code}}"},
    },
)
