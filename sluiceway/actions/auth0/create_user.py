"""``AUTH0/CREATE_USER``: create a user in a connection of the tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from sluiceway.actions.auth0._users import SOURCE, USERS_PATH, outcome_of, user_path
from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import HTTP_OUTPUT, Connection, OpenObject
from sluiceway.errors import OutcomeUnknown
from sluiceway.models.timestamps import parse_timestamp
from sluiceway.tenants.base import TenantRequest, TenantResponse

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext
    from sluiceway.models.json import JsonObject, JsonValue

__all__ = ["ACTION", "CreateUser", "reconcile", "run"]

# The tenant's clock may run behind ours: a user it says is this much older can still be our own.
_CLOCK_SKEW: Final = timedelta(seconds=2)
_CREATED: Final = 201


class CreateUser(Params):
    """The params: the user's properties as ``POST /api/v2/users`` takes them."""

    connection_id: Connection
    payload: Annotated[
        OpenObject,
        Meta(
            title="Body",
            description="The user's properties, as the Management API takes them.",
            extra_json_schema={"x-widget": "json"},
        ),
    ]


async def run(params: CreateUser, context: ActionContext) -> StepOutcome:
    """Create the user. The output is the Management API's answer, a 409 included."""
    request = TenantRequest(method="POST", pathname=USERS_PATH, body=params.payload)
    return outcome_of(await context.call_tenant(params.connection_id, request))


async def reconcile(params: CreateUser, context: ActionContext) -> StepOutcome | None:
    """Find out whether the call that was in flight when a worker died made the user.

    Looks the user up in the same connection by what identifies it. One that was created after the
    attempt began is ours, and is adopted; an older one is not, and the call may be made (and will
    answer 409); with nothing to look up by, the call may not be repeated.

    Raises:
        OutcomeUnknown: the payload names no id, email, username or phone number.
    """
    for user in await _find(params, context):
        created_at = user.get("created_at")
        if (
            _is_in_connection(user, params.payload.get("connection"))
            and isinstance(created_at, str)
            and parse_timestamp(created_at) >= context.attempt_began_at - _CLOCK_SKEW
        ):
            return outcome_of(TenantResponse(status=_CREATED, headers={}, body=user))
    return None


async def _find(params: CreateUser, context: ActionContext) -> list[JsonObject]:
    request = _lookup(params.payload)
    answer = await context.call_tenant(params.connection_id, request)
    found = answer.body if isinstance(answer.body, list) else [answer.body]
    return [user for user in found if isinstance(user, dict)]


def _lookup(payload: JsonObject) -> TenantRequest:
    match payload:
        case {"user_id": str(key)} if key:
            return TenantRequest(method="GET", pathname=user_path(f"auth0|{key}"))
        case {"email": str(email)} if email:
            return TenantRequest(
                method="GET", pathname="/api/v2/users-by-email", query={"email": email.lower()}
            )
        case {"username": str(username)} if username:
            return _search("username", username)
        case {"phone_number": str(number)} if number:
            return _search("phone_number", number)
        case _:
            raise OutcomeUnknown(
                "expected the payload to name a user_id, email, username or phone_number, to find "
                "out whether the user was created; found none of them",
                hint="Look for the user in the tenant, then retry the execution.",
            )


def _search(field: str, value: str) -> TenantRequest:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return TenantRequest(
        method="GET",
        pathname=USERS_PATH,
        query={"q": f'{field}:"{quoted}"', "search_engine": "v3"},
    )


def _is_in_connection(user: JsonObject, connection: JsonValue) -> bool:
    identities = user.get("identities")
    return isinstance(identities, list) and any(
        isinstance(identity, dict) and identity.get("connection") == connection
        for identity in identities
    )


ACTION = ActionSpec(
    type_="AUTH0",
    action="CREATE_USER",
    title="Create user",
    summary="Create a user in a connection of the tenant.",
    params=CreateUser,
    run=run,
    reconcile=reconcile,
    output=HTTP_OUTPUT,
    effect=Effect.ONCE,
    source=SOURCE,
    secret_params=("/payload/password",),
    scopes=("create:users",),
    example={
        "connection_id": "local",
        "payload": {
            "connection": "Username-Password-Authentication",
            "email": "{{fields.email}}",
            "password": "{{fields.password}}",
            "user_metadata": {"plan": "free"},
        },
    },
)
