"""``AUTH0/SEND_REQUEST``: a custom request to the Management API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta

from sluiceway.actions.auth0._users import SOURCE, outcome_of
from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import HTTP_OUTPUT, Connection, Headers, QueryParams
from sluiceway.expressions.javascript import shown_text
from sluiceway.tenants.base import TenantRequest

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "SendRequest", "run"]


class SendRequest(Params):
    """The params: an absolute path and what to send there."""

    connection_id: Connection
    pathname: Annotated[
        str,
        Meta(
            title="Path",
            description="An absolute path, like /api/v2/organizations. Encode what you put into "
            "it: {{ functions.encodeURIComponent(context.user.user_id) }}.",
            min_length=1,
            extra_json_schema={"x-widget": "text"},
        ),
    ]
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        Meta(title="Method", extra_json_schema={"x-widget": "choice"}),
    ] = "GET"
    headers: Headers | None = None
    params: QueryParams | None = None
    payload: Annotated[
        str | list[Any] | dict[str, Any] | None,
        Meta(
            title="Body",
            description="Sent as JSON; a text is sent as it is.",
            extra_json_schema={"x-widget": "json"},
        ),
    ] = None


async def run(params: SendRequest, context: ActionContext) -> StepOutcome:
    """Make the request. The output is the Management API's answer, whatever its status."""
    request = TenantRequest(
        method=params.method,
        pathname=params.pathname,
        query=params.params or {},
        headers={name: shown_text(value) for name, value in (params.headers or {}).items()},
        body=params.payload,
    )
    return outcome_of(await context.call_tenant(params.connection_id, request))


def effect_of(params: SendRequest) -> Effect:
    """A POST may make something twice; the others are harmless to repeat (RFC 9110, 9.2.2)."""
    return Effect.ONCE if params.method == "POST" else Effect.REPEATABLE


ACTION = ActionSpec(
    type_="AUTH0",
    action="SEND_REQUEST",
    title="Custom API request",
    summary="Make any request to the tenant's Management API.",
    params=SendRequest,
    run=run,
    output=HTTP_OUTPUT,
    effect=effect_of,
    source=SOURCE,
    example={
        "connection_id": "local",
        "pathname": "/api/v2/users/{{ functions.encodeURIComponent(context.user.user_id) }}/roles",
        "method": "GET",
        "params": {"per_page": 50},
    },
)
