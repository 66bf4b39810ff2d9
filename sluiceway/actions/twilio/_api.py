"""What the actions of Twilio share: one form to one resource of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sluiceway.actions.calls import outcome_of, path_part, setup_text, setup_type
from sluiceway.providers.requests import basic, form_request

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext, StepOutcome

__all__ = ["post_form"]

_API: Final = "https://api.twilio.com/2010-04-01/Accounts"


async def post_form(
    context: ActionContext, connection_id: str, resource: str, fields: dict[str, str]
) -> StepOutcome:
    """Create one of the account's *resource* (``Messages``, ``Calls``).

    Raises:
        ConnectionUnusable: the vault connection gives no account.
        OutboundError: no usable answer.
    """
    connection = await context.open_connection(connection_id, "TWILIO")
    setup_type(connection, "API_KEY")
    account = setup_text(connection, "account_id")
    request = form_request(
        f"{_API}/{path_part(account, at='/connection_id')}/{resource}.json",
        list(fields.items()),
        headers=basic(account, setup_text(connection, "api_key")),
    )
    return outcome_of(await context.send(request))
