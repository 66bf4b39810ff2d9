"""``JWT/DECODE_JWT``: read a JSON Web Token without checking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from sluiceway.actions.base import ActionSpec, Effect, Params, StepOutcome
from sluiceway.actions.jwt._tokens import SOURCE, split_token
from sluiceway.errors import InvalidActionParams
from sluiceway.management.jws import InvalidToken

if TYPE_CHECKING:
    from sluiceway.actions.base import ActionContext

__all__ = ["ACTION", "DecodeJwt", "run"]


class DecodeJwt(Params):
    """The params: the token."""

    token: Annotated[
        str, Meta(title="Token", max_length=10_000, extra_json_schema={"x-widget": "text"})
    ]


async def run(params: DecodeJwt, context: ActionContext) -> StepOutcome:
    """Take the token apart. Nothing is checked: whoever wrote it may have written anything.

    Raises:
        InvalidActionParams: it is no compact token.
    """
    del context
    try:
        token = split_token(params.token)
    except InvalidToken as error:
        raise InvalidActionParams(
            f"expected a JSON Web Token, found another text: {error}", at="/token"
        ) from error
    return StepOutcome(output=token.as_output())


ACTION = ActionSpec(
    type_="JWT",
    action="DECODE_JWT",
    title="Decode JSON web token",
    summary="Read a JSON Web Token without checking it.",
    params=DecodeJwt,
    run=run,
    output={
        "type": "object",
        "properties": {
            "header": {"type": "object"},
            "payload": {"description": "The claims; a text where the token holds no JSON."},
            "signature": {"type": "string", "description": "As it stands in the token."},
        },
        "required": ["header", "payload", "signature"],
        "additionalProperties": False,
    },
    effect=Effect.PURE,
    source=SOURCE,
    example={"token": "{{actions.http_request.body.id_token}}"},
)
