"""``AUTH0/UPDATE_USER``: change a user of the tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.auth0._users import SOURCE, outcome_of, user_path
from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import HTTP_OUTPUT, Connection, OpenObject, UserId
from sluiceway.tenants.base import TenantRequest

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "UpdateUser", "run"]


class UpdateUser(Params):
    """The params: which user, and what to change."""

    connection_id: Connection
    user_id: UserId
    changes: Annotated[
        OpenObject,
        Meta(
            title="Body",
            description="What to change. A null in user_metadata or app_metadata deletes the key.",
            extra_json_schema={"x-widget": "json"},
        ),
    ]


async def run(params: UpdateUser, context: ActionContext) -> StepOutcome:
    """Change the user. PATCH with the same body twice leaves the same user: harmless to repeat."""
    request = TenantRequest(method="PATCH", pathname=user_path(params.user_id), body=params.changes)
    return outcome_of(await context.call_tenant(params.connection_id, request))


ACTION = ActionSpec(
    type_="AUTH0",
    action="UPDATE_USER",
    title="Update user",
    summary="Change a user of the tenant.",
    params=UpdateUser,
    run=run,
    output=HTTP_OUTPUT,
    effect=Effect.REPEATABLE,
    source=SOURCE,
    secret_params=("/changes/password",),
    scopes=("update:users",),
    example={
        "connection_id": "local",
        "user_id": "{{context.user.user_id}}",
        "changes": {"user_metadata": {"full_name": "{{fields.full_name}}"}},
    },
)
