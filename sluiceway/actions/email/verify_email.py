"""``EMAIL/VERIFY_EMAIL``: check an address by rules, before anything is sent to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_args

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.email._domains import domain_of, is_disposable, is_free, plain_domain
from sluiceway.actions.formats import is_email

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonObject

__all__ = ["ACTION", "Rules", "VerifyEmail", "run"]

Cause: TypeAlias = Literal[
    "INVALID_EMAIL",
    "MISSING_MX_RECORD",
    "FREE_EMAIL",
    "DISPOSABLE_EMAIL",
    "ALIAS_EMAIL",
    "BLOCKLISTED",
    "NOT_ALLOWED",
]


class Rules(Params):
    """What an address must meet. A rule that is not named is not applied."""

    require_mx_record: Annotated[
        bool | None,
        Meta(
            title="Require MX record",
            description="The domain names hosts that take its mail.",
            extra_json_schema={"x-widget": "flag"},
        ),
    ] = None
    block_aliases: Annotated[
        bool | None,
        Meta(
            title="Block email account aliases",
            description="Addresses like jane.doe+alias@example.com.",
            extra_json_schema={"x-widget": "flag"},
        ),
    ] = None
    block_free_emails: Annotated[
        bool | None,
        Meta(
            title="Block free email providers",
            description="Domains that give an address to anybody, like gmail.com.",
            extra_json_schema={"x-widget": "flag"},
        ),
    ] = None
    block_disposable_emails: Annotated[
        bool | None,
        Meta(
            title="Block disposable email providers",
            description="Domains of addresses that last for minutes, like mailinator.com.",
            extra_json_schema={"x-widget": "flag"},
        ),
    ] = None
    blocklist: Annotated[
        list[str] | None,
        Meta(
            title="Blocklist domains",
            description="No addresses of these domains.",
            extra_json_schema={"x-widget": "json"},
        ),
    ] = None
    allowlist: Annotated[
        list[str] | None,
        Meta(
            title="Allowlist domains",
            description="Only addresses of these domains.",
            extra_json_schema={"x-widget": "json"},
        ),
    ] = None


class VerifyEmail(Params):
    """The params: the address, and the rules."""

    email: Annotated[str, Meta(title="Email", extra_json_schema={"x-widget": "text"})]
    rules: Annotated[Rules | None, Meta(title="Rules", extra_json_schema={"x-widget": "group"})] = (
        None
    )


async def run(params: VerifyEmail, context: ActionContext) -> StepOutcome:
    """Apply the rules in the order of the page; the first that is not met is the cause.

    Raises:
        TargetUnreachable: MX records are required, and no name server gave an answer.
    """
    cause = await _find_cause(params.email.strip(), params.rules or Rules(), context)
    output: JsonObject = {"valid": cause is None, "cause": cause}
    return StepOutcome(output=output)


async def _find_cause(email: str, rules: Rules, context: ActionContext) -> Cause | None:
    domain = domain_of(email)
    if not domain or not is_email(email):
        return "INVALID_EMAIL"
    if rules.require_mx_record and not await context.find_mail_hosts(domain):
        return "MISSING_MX_RECORD"
    if rules.block_free_emails and is_free(domain):
        return "FREE_EMAIL"
    if rules.block_disposable_emails and is_disposable(domain):
        return "DISPOSABLE_EMAIL"
    if rules.block_aliases and "+" in email.rpartition("@")[0]:
        return "ALIAS_EMAIL"
    if _lists(rules.blocklist, email, domain):
        return "BLOCKLISTED"
    # An allowlist that the editor left empty allows all.
    if rules.allowlist and not _lists(rules.allowlist, email, domain):
        return "NOT_ALLOWED"
    return None


def _lists(entries: list[str] | None, email: str, domain: str) -> bool:
    """Tell whether a list has the domain, with or without ``@`` before it, or the whole address."""
    for entry in entries or ():
        local, at, rest = entry.strip().rpartition("@")
        if plain_domain(rest) != domain:
            continue
        if not (at and local) or local.casefold() == email.rpartition("@")[0].casefold():
            return True
    return False


ACTION = ActionSpec(
    type_="EMAIL",
    action="VERIFY_EMAIL",
    title="Verify email address",
    summary="Check an address by rules, before anything is sent to it.",
    params=VerifyEmail,
    run=run,
    output={
        "type": "object",
        "properties": {
            "valid": {"type": "boolean", "description": "Whether it meets all the rules."},
            "cause": {
                "enum": [*get_args(Cause), None],
                "description": "The first rule that it does not meet, else null.",
            },
        },
        "required": ["valid", "cause"],
        "additionalProperties": False,
    },
    effect=Effect.REPEATABLE,
    source="https://auth0.com/docs/customize/forms/flows/integrations/data-verification",
    example={
        "email": "{{fields.email}}",
        "rules": {
            "require_mx_record": True,
            "block_disposable_emails": True,
            "blocklist": ["competitor.example"],
        },
    },
)
