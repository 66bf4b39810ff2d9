"""``AUTH0/GET_USER``: read a user of the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluiceway.actions.auth0._users import SOURCE, outcome_of, user_path
from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import HTTP_OUTPUT, Connection, UserId
from sluiceway.tenants.base import TenantRequest

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "GetUser", "run"]


class GetUser(Params):
    """The params: which user."""

    connection_id: Connection
    user_id: UserId


async def run(params: GetUser, context: ActionContext) -> StepOutcome:
    """Read the user. A user that is not there is an output with status 404, not a failure."""
    request = TenantRequest(method="GET", pathname=user_path(params.user_id))
    return outcome_of(await context.call_tenant(params.connection_id, request))


ACTION = ActionSpec(
    type_="AUTH0",
    action="GET_USER",
    title="Get user",
    summary="Read a user of the tenant.",
    params=GetUser,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.REPEATABLE,
    source=SOURCE,
    scopes=("read:users",),
    example={"connection_id": "local", "user_id": "{{context.user.user_id}}"},
)
