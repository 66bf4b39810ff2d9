"""``MAILJET/SEND_EMAIL``: send an email through a Mailjet account of the author's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, OpenParams
from sluiceway.actions.calls import outcome_of, setup_text, setup_type
from sluiceway.actions.fields import HTTP_OUTPUT, Connection, OpenObject
from sluiceway.errors import InvalidActionParams
from sluiceway.providers.requests import basic, json_request

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ACTION", "SendEmail", "run"]

_URL: Final = "https://api.mailjet.com/v3.1/send"
_PEOPLE: Final = {"from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "reply_to": "ReplyTo"}
_SINGLE: Final = frozenset({"from", "reply_to"})


class SendEmail(OpenParams):
    """The params: content or a template; everything else is open.

    ``from``, ``to``, ``cc``, ``bcc`` and ``reply_to`` are addresses: texts, ``{email, name}``, or
    lists of these. ``subject`` and ``tracking`` go under Mailjet's names, and so does what is
    already written in them, like ``CustomID``.
    """

    connection_id: Annotated[
        Connection, Meta(description="A connection of app MAILJET: API key and secret key.")
    ]
    content: (
        Annotated[
            str,
            Meta(
                title="Message",
                description="The email in HTML.",
                extra_json_schema={"x-widget": "text"},
            ),
        ]
        | None
    ) = None
    template_id: (
        Annotated[
            int,
            Meta(
                title="Template ID",
                description="A template of the account, in place of a message.",
                extra_json_schema={"x-widget": "text"},
            ),
        ]
        | None
    ) = None
    variables: (
        Annotated[
            OpenObject,
            Meta(title="Custom variables", extra_json_schema={"x-widget": "pairs"}),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Hold Auth0's ``oneOf``: a message or a template, and not both."""
        if (self.content is None) == (self.template_id is None):
            raise ValueError("must have either property 'content' or property 'template_id'")


async def run(params: SendEmail, context: ActionContext) -> StepOutcome:
    """Send the email. The output is Mailjet's answer, whatever its status.

    Raises:
        InvalidActionParams: an address is none.
        ConnectionUnusable: the vault connection gives no keys.
        OutboundError: no usable answer.
    """
    connection = await context.open_connection(params.connection_id, "MAILJET")
    setup_type(connection, "API_KEY")
    request = json_request(
        _URL,
        {"Messages": [_message(params)]},
        headers=basic(setup_text(connection, "api_key"), setup_text(connection, "secret_key")),
    )
    return outcome_of(await context.send(request))


def _message(params: SendEmail) -> JsonObject:
    message: JsonObject = {}
    for key, value in params.others.items():
        if value is None:
            continue
        if key in _PEOPLE:
            message[_PEOPLE[key]] = _people(key, value)
        elif key == "subject":
            message["Subject"] = value
        elif key == "tracking":
            tracks = "enabled" if value else "disabled"
            message |= {"TrackOpens": tracks, "TrackClicks": tracks}
        else:
            message[key] = value
    if params.content is not None:
        message["HTMLPart"] = params.content
    else:
        message |= {"TemplateID": params.template_id, "TemplateLanguage": True}
    if params.variables:
        message["Variables"] = params.variables
    return message


def _people(key: str, value: JsonValue) -> JsonValue:
    if key in _SINGLE:
        return _person(key, value)
    found: list[JsonValue] = [
        _person(key, one) for one in (value if isinstance(value, list) else [value])
    ]
    return found


def _person(key: str, value: JsonValue) -> JsonObject:
    if isinstance(value, str) and value:
        return {"Email": value}
    if isinstance(value, dict):
        email, name = value.get("email"), value.get("name")
        if isinstance(email, str) and email:
            return {"Email": email, "Name": name} if name else {"Email": email}
        if isinstance(value.get("Email"), str):
            return value
    raise InvalidActionParams("expected an address, or an object of email and name", at=f"/{key}")


ACTION = ActionSpec(
    type_="MAILJET",
    action="SEND_EMAIL",
    title="Send email",
    summary="Send an email through a Mailjet account.",
    params=SendEmail,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://dev.mailjet.com/email/reference/send-emails/",
    example={
        "connection_id": "My Mailjet account",
        "from": {"name": "Example", "email": "hello@example.com"},
        "to": {"email": "{{context.user.email}}"},
        "subject": "Welcome",
        "content": "<p>Welcome, {{context.user.name}}.</p>",
    },
)
