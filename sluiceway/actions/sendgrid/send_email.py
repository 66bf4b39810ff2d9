"""``SENDGRID/SEND_EMAIL``: send an email through a SendGrid account of the author's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, OpenParams, Params
from sluiceway.actions.calls import outcome_of, setup_text, setup_type
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.providers.requests import bearer, json_request

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome
    from sluiceway.models.json import JsonObject

__all__ = ["ACTION", "Person", "SendEmail", "run"]

_URL: Final = "https://api.sendgrid.com/v3/mail/send"


class Person(Params):
    """An address with a name."""

    email: Annotated[str, Meta(title="Email", extra_json_schema={"x-widget": "text"})]
    name: Annotated[str | None, Meta(title="Name", extra_json_schema={"x-widget": "text"})] = None


class SendEmail(OpenParams, rename={"from_": "from"}):
    """The params: SendGrid's own body (``subject``, ``content``, ``template_id``, …), open."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app SENDGRID: its API key.")
    ]
    from_: Annotated[Person, Meta(title="Sender", extra_json_schema={"x-widget": "group"})]
    personalizations: Annotated[
        list[Any],
        Meta(
            title="Personalizations",
            description="For each email: to, cc, subject, dynamic_template_data, as SendGrid "
            "takes them.",
            min_length=1,
            extra_json_schema={"x-widget": "json"},
        ),
    ]


async def run(params: SendEmail, context: ActionContext) -> StepOutcome:
    """Send the body. The output is SendGrid's answer, whatever its status; 202 means accepted.

    Raises:
        ConnectionUnusable: the vault connection gives no API key.
        OutboundError: no usable answer.
    """
    connection = await context.open_connection(params.connection_id, "SENDGRID")
    setup_type(connection, "API_KEY")
    sender: JsonObject = {"email": params.from_.email}
    if params.from_.name:
        sender["name"] = params.from_.name
    body: JsonObject = {
        **params.others,
        "from": sender,
        "personalizations": params.personalizations,
    }
    headers = bearer(setup_text(connection, "api_key"))
    return outcome_of(await context.send(json_request(_URL, body, headers=headers)))


ACTION = ActionSpec(
    type_="SENDGRID",
    action="SEND_EMAIL",
    title="Send email",
    summary="Send an email through a SendGrid account.",
    params=SendEmail,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send",
    example={
        "connection_id": "My SendGrid account",
        "from": {"name": "Example", "email": "hello@example.com"},
        "personalizations": [{"to": [{"email": "{{context.user.email}}"}]}],
        "subject": "Welcome",
        "content": [{"type": "text/html", "value": "<p>Welcome, {{context.user.name}}.</p>"}],
    },
)
