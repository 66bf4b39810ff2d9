"""``AUTH0/SEND_EMAIL``: send an email through the tenant's email provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.auth0._notifications import render, variables_for
from sluiceway.actions.auth0._users import SOURCE
from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import QUEUED_OUTPUT, CustomVars, Email, check_emails
from sluiceway.models.message import Channel, EmailContent, QueuedMessage

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonValue

__all__ = ["ACTION", "SendEmail", "Sender", "run"]


class Sender(Params):
    """A sender of the author's own, in place of the provider's."""

    email: Annotated[Email, Meta(title="Email")]
    name: (
        Annotated[
            str,
            Meta(
                title="Name", min_length=1, max_length=125, extra_json_schema={"x-widget": "text"}
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a sender that is no address."""
        check_emails(self.email)


class SendEmail(Params, rename={"from_": "from"}):
    """The params. *subject* and *body* are Liquid; the other texts are expressions."""

    to: Annotated[Email, Meta(title="To", description="The recipient's address.")]
    subject: Annotated[
        str,
        Meta(
            title="Subject",
            description="Liquid: {{ custom_vars.code }} and the common variables work here.",
            min_length=1,
            max_length=255,
            extra_json_schema={"x-widget": "template", "x-language": "liquid-text"},
        ),
    ]
    body: Annotated[
        str,
        Meta(
            title="Message",
            description="HTML with Liquid. Write {{ user.name | escape }} for what users type.",
            min_length=1,
            max_length=102400,
            extra_json_schema={"x-widget": "html", "x-language": "liquid-html"},
        ),
    ]
    from_: Annotated[
        Sender | None,
        Meta(
            title="Use custom sender",
            description="In place of the provider's default sender.",
            extra_json_schema={"x-widget": "group"},
        ),
    ] = None
    custom_vars: CustomVars | None = None

    def __post_init__(self) -> None:
        """Refuse what is no address once its expression is resolved, as Auth0's schema does."""
        check_emails(self.to)


async def run(params: SendEmail, context: ActionContext) -> StepOutcome:
    """Render the email and hand it to the outbox: success means queued, not delivered.

    Raises:
        ProviderNotEnabled: no email provider is enabled.
        LiquidSyntaxError, LiquidRenderError: the subject or the message cannot be rendered.
    """
    await context.require_provider(Channel.EMAIL)
    variables = variables_for(context, params.custom_vars or {})
    content = EmailContent(
        to=params.to,
        # A subject is one line (RFC 5322, 2.2): what a variable brings in cannot add a header.
        subject=" ".join(render(params.subject, variables, at="/subject").split()),
        html=render(params.body, variables, at="/body"),
        sender_email=params.from_.email if params.from_ else None,
        sender_name=params.from_.name if params.from_ else None,
        language=_text(variables.get("locale")),
        list_unsubscribe=_text((params.custom_vars or {}).get("list_unsubscribe")),
    )
    return StepOutcome(
        output={"success": True},
        messages=(QueuedMessage(channel=Channel.EMAIL, content=content),),
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


ACTION = ActionSpec(
    type_="AUTH0",
    action="SEND_EMAIL",
    title="Send email",
    summary="Send an email through the tenant's email provider.",
    params=SendEmail,
    run=run,
    output=QUEUED_OUTPUT,
    effect=Effect.REPEATABLE,
    source=SOURCE,
    liquid_params=("subject", "body"),
    example={
        "to": "{{context.user.email}}",
        "subject": "{{ custom_vars.code }} is your code",
        "body": "<p>Hello {{ user.name | escape }},</p><p>your code: {{ custom_vars.code }}</p>",
        "custom_vars": {"code": "{{actions.generate_code.code}}"},
    },
)
