"""``JWT/VERIFY_JWT``: check a JSON Web Token's signature, times, issuer and audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.fields import Connection
from sluiceway.actions.jwt._tokens import SOURCE, Cause, find_fault, read_key, split_token
from sluiceway.management.jws import InvalidToken

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "VerifyJwt", "run"]


class VerifyJwt(Params):
    """The params: the token, and what its claims must say."""

    connection_id: Annotated[
        Connection, Meta(description="A connection of app JWT: its algorithm and its key.")
    ]
    token: Annotated[
        str,
        # Auth0's OpenAPI says 100, which is shorter than any signed token.
        Meta(title="Token", max_length=10_000, extra_json_schema={"x-widget": "text"}),
    ]
    audience: (
        Annotated[
            str, Meta(title="Audience", max_length=500, extra_json_schema={"x-widget": "text"})
        ]
        | None
    ) = None
    issuer: (
        Annotated[str, Meta(title="Issuer", max_length=500, extra_json_schema={"x-widget": "text"})]
        | None
    ) = None


async def run(params: VerifyJwt, context: ActionContext) -> StepOutcome:
    """Check the token; what is wrong with it is an output, not a failure.

    Raises:
        ConnectionUnusable: the connection has no key that checks its algorithm.
    """
    connection = await context.open_connection(params.connection_id, "JWT")
    key = read_key(connection, signs=False)
    try:
        token = split_token(params.token)
    except InvalidToken:
        return _refused("MALFORMED_TOKEN")
    fault = find_fault(
        token,
        key,
        now=context.attempt_began_at,
        issuer=params.issuer,
        audience=params.audience,
    )
    if fault is not None:
        return _refused(fault)
    return StepOutcome(output={"valid": True, **token.as_output()})


def _refused(cause: Cause) -> StepOutcome:
    return StepOutcome(output={"valid": False, "cause": cause})


ACTION = ActionSpec(
    type_="JWT",
    action="VERIFY_JWT",
    title="Verify JSON web token",
    summary="Check a JSON Web Token's signature, times, issuer and audience.",
    params=VerifyJwt,
    run=run,
    output={
        "type": "object",
        "properties": {
            "valid": {"type": "boolean", "description": "Whether the token can be trusted."},
            "cause": {
                "enum": list(get_args(Cause)),
                "description": "Why not, where it cannot.",
            },
            "header": {"type": "object"},
            "payload": {"type": "object", "description": "The claims."},
            "signature": {"type": "string"},
        },
        "required": ["valid"],
        "additionalProperties": False,
    },
    # The connection's key may change: a resumed execution must see the same answer.
    effect=Effect.REPEATABLE,
    source=SOURCE,
    example={
        "connection_id": "My signing key",
        "token": "{{fields.token}}",
        "issuer": "https://example.com/",
        "audience": "https://api.example.com/",
    },
)
