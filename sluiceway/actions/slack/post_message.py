"""``SLACK/POST_MESSAGE``: write into the channel of a Slack webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params
from sluiceway.actions.calls import outcome_of, setup_text, setup_type
from sluiceway.actions.fields import HTTP_OUTPUT, Connection
from sluiceway.errors import InvalidActionParams
from sluiceway.providers.requests import json_request

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome
    from sluiceway.models.json import JsonObject

__all__ = ["ACTION", "Attachment", "AttachmentField", "PostMessage", "run"]


class AttachmentField(Params):
    """One row in an attachment."""

    title: Annotated[str, Meta(title="Title", extra_json_schema={"x-widget": "text"})]
    value: Annotated[str | None, Meta(title="Value", extra_json_schema={"x-widget": "text"})] = None
    short: Annotated[
        bool | None, Meta(title="Beside the next one", extra_json_schema={"x-widget": "flag"})
    ] = None


class Attachment(Params):
    """A framed part of the message."""

    color: Annotated[
        Literal["GOOD", "WARNING", "DANGER"] | None,
        Meta(title="Color", extra_json_schema={"x-widget": "choice"}),
    ] = None
    pretext: Annotated[
        str | None, Meta(title="Pretext", extra_json_schema={"x-widget": "text"})
    ] = None
    text: Annotated[str | None, Meta(title="Text", extra_json_schema={"x-widget": "text"})] = None
    fields: Annotated[
        list[AttachmentField] | None, Meta(title="Fields", extra_json_schema={"x-widget": "json"})
    ] = None


class PostMessage(Params):
    """The params: a text, attachments, or both."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app SLACK: the webhook's address.")
    ]
    text: Annotated[str | None, Meta(title="Text", extra_json_schema={"x-widget": "text"})] = None
    attachments: Annotated[
        list[Attachment] | None, Meta(title="Attachments", extra_json_schema={"x-widget": "json"})
    ] = None


async def run(params: PostMessage, context: ActionContext) -> StepOutcome:
    """Post the message. The output is Slack's answer: ``ok`` as text, or what it refused.

    Raises:
        InvalidActionParams: there is neither a text nor an attachment.
        ConnectionUnusable: the vault connection gives no webhook.
        OutboundError: no usable answer.
    """
    if not params.text and not params.attachments:
        raise InvalidActionParams("expected a text or an attachment, found neither", at="/text")
    connection = await context.open_connection(params.connection_id, "SLACK")
    setup_type(connection, "WEBHOOK")
    body: JsonObject = {"text": params.text} if params.text else {}
    if params.attachments:
        body["attachments"] = [_attachment(item) for item in params.attachments]
    request = json_request(setup_text(connection, "url"), body, headers={})
    return outcome_of(await context.send(request))


def _attachment(attachment: Attachment) -> JsonObject:
    shown: JsonObject = {
        "color": attachment.color.lower() if attachment.color else None,
        "pretext": attachment.pretext,
        "text": attachment.text,
        "fields": [
            {
                key: value
                for key, value in (
                    ("title", field.title),
                    ("value", field.value),
                    ("short", field.short),
                )
                if value is not None
            }
            for field in attachment.fields or ()
        ]
        or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


ACTION = ActionSpec(
    type_="SLACK",
    action="POST_MESSAGE",
    title="Post message",
    summary="Write into the channel of a Slack webhook.",
    params=PostMessage,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source="https://api.slack.com/messaging/webhooks",
    example={
        "connection_id": "My channel",
        "text": "{{context.user.email}} has signed up.",
        "attachments": [
            {"color": "GOOD", "fields": [{"title": "Plan", "value": "{{fields.plan}}"}]}
        ],
    },
)
